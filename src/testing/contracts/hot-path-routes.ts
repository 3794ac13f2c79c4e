import type { TestFn } from 'ava';
import type { HotPath, RoutingTable } from '../../ports/hot-path.js';

const MAX_ID = 2n ** 64n - 1n;

export function routesContract(test: TestFn, name: string, create: () => HotPath): void {
  const open = (capacity = 16, ttlMs = 1_000): RoutingTable => create().routes({ capacity, ttlMs });
  choosing(test, name, open);
  pinning(test, name, open);
  leaving(test, name, open);
  bounds(test, name, open);
}

type Open = (capacity?: number, ttlMs?: number) => RoutingTable;

function choosing(test: TestFn, name: string, open: Open): void {
  test(`${name}: a route is offered, found whole, and gone when its time has passed`, (t) => {
    const routes = open();
    t.is(routes.lookup(MAX_ID, 0), undefined);
    t.true(routes.offer(MAX_ID, MAX_ID - 1n, 7, 2.5, 100));
    const expected = {
      destination: MAX_ID,
      nextHop: MAX_ID - 1n,
      link: 7,
      cost: 2.5,
      expiresAtMs: 1_100,
      pinned: false,
    };
    t.deepEqual(routes.lookup(MAX_ID, 1_099), expected);
    t.is(routes.lookup(MAX_ID, 1_100), undefined);
    t.is(routes.size, 1, 'forgotten only by expire');
  });

  test(`${name}: the cheapest of several next hops serves, and the next cheapest after it`, (t) => {
    const routes = open();
    routes.offer(9n, 1n, 1, 5, 0);
    routes.offer(9n, 2n, 1, 3, 500);
    routes.offer(9n, 3n, 1, 4, 0);
    t.is(routes.lookup(9n, 600)?.nextHop, 2n);
    routes.offer(9n, 2n, 1, 9, 600);
    t.is(routes.lookup(9n, 600)?.nextHop, 3n);
    t.is(routes.lookup(9n, 1_000)?.nextHop, 2n, 'the others have expired');
    t.is(routes.size, 1);
  });

  test(`${name}: equal costs are told apart by next hop, then by link`, (t) => {
    const routes = open();
    routes.offer(9n, 5n, 2, 1, 0);
    routes.offer(9n, 4n, 3, 1, 0);
    routes.offer(9n, 4n, 1, 1, 0);
    t.like(routes.lookup(9n, 0), { nextHop: 4n, link: 1 });
  });

  test(`${name}: an offer says whether anything but the time changed`, (t) => {
    const routes = open();
    t.true(routes.offer(9n, 1n, 1, 5, 0));
    t.false(routes.offer(9n, 1n, 1, 5, 10));
    t.is(routes.lookup(9n, 10)?.expiresAtMs, 1_010);
    t.true(routes.offer(9n, 1n, 1, 6, 10));
    t.true(routes.offer(9n, 1n, 2, 6, 10), 'another link is another hop');
    t.true(routes.offer(9n, 1n, 1, 6, 5_000), 'it had expired');
  });

  test(`${name}: a fifth hop replaces an expired or a costlier one, or is refused`, (t) => {
    const routes = open();
    for (const hop of [1, 2, 3, 4]) routes.offer(9n, BigInt(hop), hop, hop, 0);
    t.false(routes.offer(9n, 5n, 5, 8, 0));
    t.true(routes.offer(9n, 6n, 6, 0.5, 0));
    t.is(routes.lookup(9n, 0)?.nextHop, 6n);
    t.is(routes.dropLink(4), 0, 'the costliest had gone');
    t.true(routes.offer(9n, 7n, 7, 100, 1_500), 'all others have expired');
    t.is(routes.lookup(9n, 1_500)?.nextHop, 7n);
  });

  test(`${name}: an infinite cost withdraws a hop`, (t) => {
    const routes = open();
    routes.offer(9n, 1n, 1, 1, 0);
    routes.offer(9n, 2n, 2, 2, 0);
    t.true(routes.offer(9n, 1n, 1, Number.POSITIVE_INFINITY, 0));
    t.is(routes.lookup(9n, 0)?.nextHop, 2n);
    t.false(routes.offer(9n, 1n, 1, Number.POSITIVE_INFINITY, 0));
    t.true(routes.offer(9n, 2n, 2, Number.POSITIVE_INFINITY, 0));
    t.is(routes.size, 0);
    t.false(routes.offer(8n, 2n, 2, Number.POSITIVE_INFINITY, 0));
    t.is(routes.size, 0);
  });
}

function pinning(test: TestFn, name: string, open: Open): void {
  test(`${name}: a pinned route serves until it is unpinned, whatever is offered`, (t) => {
    const routes = open();
    routes.offer(9n, 1n, 1, 1, 0);
    routes.pin(9n, 5n, 3);
    const pinned = {
      destination: 9n,
      nextHop: 5n,
      link: 3,
      cost: 0,
      expiresAtMs: Number.POSITIVE_INFINITY,
      pinned: true,
    };
    t.deepEqual(routes.lookup(9n, 0), pinned);
    routes.offer(9n, 2n, 2, 0, 0);
    t.deepEqual(routes.lookup(9n, 1_000_000), pinned);
    routes.offer(9n, 5n, 3, 7, 0);
    t.is(routes.lookup(9n, 0)?.cost, 7, 'what is known of its cost is told');
    t.true(routes.unpin(9n));
    t.false(routes.unpin(9n));
    t.is(routes.lookup(9n, 0)?.nextHop, 2n);
  });

  test(`${name}: a pin needs no offer, outlives expiry, and leaves nothing behind`, (t) => {
    const routes = open();
    routes.pin(9n, 5n, 3);
    t.is(routes.expire(1_000_000), 0);
    t.is(routes.lookup(9n, 1_000_000)?.link, 3);
    t.true(routes.unpin(9n));
    t.is(routes.size, 0);
    t.false(routes.unpin(9n));
  });

  test(`${name}: pinned destinations are not replaced, and a table full of them says so`, (t) => {
    const routes = open(2);
    routes.pin(1n, 5n, 3);
    routes.pin(2n, 5n, 3);
    t.false(routes.offer(3n, 1n, 1, 1, 0));
    t.throws(() => routes.pin(3n, 1n, 1), { code: 'routes.full', name: 'EdgeError' });
    routes.pin(2n, 6n, 4);
    t.is(routes.lookup(2n, 0)?.nextHop, 6n);
    routes.unpin(1n);
    routes.pin(3n, 1n, 1);
    t.deepEqual(
      routes.snapshot(0).map((route) => route.destination),
      [2n, 3n],
    );
  });
}

function leaving(test: TestFn, name: string, open: Open): void {
  test(`${name}: a link that goes down takes its hops and pins along, and the count is of destinations`, (t) => {
    const routes = open();
    routes.offer(1n, 1n, 7, 1, 0);
    routes.offer(1n, 2n, 7, 2, 0);
    routes.offer(1n, 3n, 8, 3, 0);
    routes.offer(2n, 1n, 7, 1, 0);
    routes.offer(3n, 1n, 8, 1, 0);
    routes.pin(4n, 1n, 7);
    t.is(routes.dropLink(7), 3);
    t.is(routes.size, 2);
    t.is(routes.lookup(1n, 0)?.nextHop, 3n);
    t.is(routes.lookup(2n, 0), undefined);
    t.is(routes.lookup(4n, 0), undefined);
    t.is(routes.dropLink(7), 0);
  });

  test(`${name}: expire forgets expired hops and counts them`, (t) => {
    const routes = open();
    routes.offer(1n, 1n, 1, 1, 0);
    routes.offer(1n, 2n, 1, 1, 500);
    routes.offer(2n, 1n, 1, 1, 0);
    t.is(routes.expire(999), 0);
    t.is(routes.expire(1_000), 2);
    t.is(routes.size, 1);
    t.is(routes.expire(1_500), 1);
    t.is(routes.size, 0);
  });

  test(`${name}: one destination too many replaces an expired one first, then the costliest`, (t) => {
    const routes = open(3);
    routes.offer(1n, 1n, 1, 1, 500);
    routes.offer(2n, 1n, 1, 9, 500);
    routes.offer(3n, 1n, 1, 2, 0);
    t.true(routes.offer(4n, 1n, 1, 50, 1_100));
    t.is(routes.lookup(3n, 999), undefined, 'had expired');
    t.true(routes.offer(5n, 1n, 1, 3, 1_100));
    t.is(routes.lookup(4n, 1_100), undefined, 'was the costliest');
    t.deepEqual(
      routes.snapshot(1_100).map((route) => route.destination),
      [1n, 2n, 5n],
    );
    t.is(routes.size, 3);
  });

  test(`${name}: a snapshot has the serving route of each destination, by destination`, (t) => {
    const routes = open(200);
    for (let i = 150; i > 0; i--) {
      routes.offer(BigInt(i) << 40n, 1n, 1, i, 0);
      routes.offer(BigInt(i) << 40n, 2n, 1, i - 1, 0);
    }
    routes.pin(5n, 9n, 9);
    const all = routes.snapshot(10);
    t.is(all.length, 151);
    t.deepEqual(all[0], {
      destination: 5n,
      nextHop: 9n,
      link: 9,
      cost: 0,
      expiresAtMs: Number.POSITIVE_INFINITY,
      pinned: true,
    });
    for (let i = 1; i <= 150; i++) {
      t.like(all[i], { destination: BigInt(i) << 40n, nextHop: 2n, cost: i - 1 });
      t.deepEqual(all[i], routes.lookup(BigInt(i) << 40n, 10));
    }
    t.deepEqual(routes.snapshot(5_000).length, 1);
  });
}

function bounds(test: TestFn, name: string, open: Open): void {
  test(`${name}: a routing table of thousands finds each of them, in memory it accounts for`, (t) => {
    const routes = open(5_000);
    for (let i = 0; i < 6_000; i++) routes.offer((BigInt(i) * 0x9e3779b97f4a7c15n) & MAX_ID, 1n, i, 6_000 - i, 0);
    t.is(routes.size, 5_000);
    for (let i = 1_000; i < 6_000; i++) t.is(routes.lookup((BigInt(i) * 0x9e3779b97f4a7c15n) & MAX_ID, 0)?.link, i);
    t.true(routes.bytes > 5_000 * 100 && routes.bytes < 5_000 * 400, `${routes.bytes}`);
    t.is(routes.expire(1_000), 5_000);
    t.is(routes.size, 0);
  });

  test(`${name}: a routing table refuses what it cannot work with`, (t) => {
    const routes = open();
    const argument = { code: 'hotpath.argument', name: 'EdgeError' };
    t.throws(() => routes.offer(-1n, 1n, 1, 1, 0), argument);
    t.throws(() => routes.offer(2n ** 64n, 1n, 1, 1, 0), argument);
    t.throws(() => routes.offer(1 as never, 1n, 1, 1, 0), argument);
    t.throws(() => routes.offer(1n, 1n, -1, 1, 0), argument);
    t.throws(() => routes.offer(1n, 1n, 2 ** 31, 1, 0), argument);
    t.throws(() => routes.offer(1n, 1n, 1, Number.NaN, 0), argument);
    t.throws(() => routes.offer(1n, 1n, 1, -1, 0), argument);
    t.throws(() => routes.offer(1n, 1n, 1, 1, Number.POSITIVE_INFINITY), argument);
    t.throws(() => routes.lookup('1' as never, 0), argument);
    t.throws(() => routes.pin(1n, 1n, 0.5), argument);
    t.throws(() => routes.dropLink(undefined as never), argument);
    t.throws(() => open(0), argument);
    t.throws(() => open(65_537), argument);
    t.throws(() => open(1, 0), argument);
    t.is(routes.size, 0);
  });
}
