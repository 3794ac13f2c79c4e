import test from 'ava';
import fc from 'fast-check';
import { at, carrierWith, nodeNamed, selfNamed, testContext, testRandom, upLink } from '../testing/builders.js';
import { HALF_OPEN_MAX, LINKS_PER_PEER, LinkPool, type Place, whoMakesRoom } from './link-pool.js';
import { Links } from './links.js';
import { Topology } from './topology.js';

const SELF = selfNamed(1);

function setup(options: { maxLinks?: number; maxPeers?: number } = {}) {
  const context = testContext({ self: SELF, random: testRandom(1) });
  const [links, topology, carrier] = [new Links(), new Topology(), carrierWith()];
  const pool = new LinkPool(context, links, topology, {
    maxLinks: options.maxLinks ?? 8,
    maxPeers: options.maxPeers ?? 100,
    drop: (link) => links.remove(link),
  });
  /** Who names whom as a neighbour. */
  const knows = (node: number, ...others: readonly number[]): void => {
    const neighbours = others.map((other) => ({ node: nodeNamed(other), cost: 10, radio: '' }));
    topology.set({ author: nodeNamed(node), condition: 'active', neighbours });
  };
  const join = (node: number, now = 0): boolean => {
    if (!pool.admits(carrier, nodeNamed(node), at(now))) return false;
    upLink(links, nodeNamed(node), carrier);
    return true;
  };
  const has = (node: number): boolean => links.best(nodeNamed(node)) !== undefined;
  return { context, links, carrier, pool, knows, join, has };
}

test('until the pool is full whoever comes is taken, then none whom enough others hear', (t) => {
  const { knows, join } = setup();
  for (let node = 10; node < 18; node++) t.true(join(node));
  for (const node of [30, 31, 32, 33]) knows(node, ...[30, 31, 32, 33].filter((other) => other !== node));
  t.false(join(30));
});

test('a newcomer whom nobody else hears takes the place of one that three others hear, the youngest of the best connected', (t) => {
  const { knows, join, has, context } = setup();
  for (let node = 10; node < 18; node++) t.true(join(node));
  // 14 to 17 hear each other, 15 to 17 hear 20, too; 10 to 13 hear nobody.
  for (const node of [14, 15, 16, 17])
    knows(node, ...[14, 15, 16, 17, ...(node > 14 ? [20] : [])].filter((n) => n !== node));
  knows(20, 15, 16, 17);
  t.true(join(40));
  t.false(has(17));
  t.true([10, 11, 12, 13, 14, 15, 16].every(has));
  t.is(context.counters.links.replaced, 1);
});

test('who has left room does not come back in the place of the next one', (t) => {
  const { knows, join, has } = setup();
  for (let node = 10; node < 18; node++) join(node);
  for (const node of [14, 15, 16, 17]) knows(node, ...[14, 15, 16, 17].filter((other) => other !== node));
  t.true(join(40));
  t.false(has(17));
  t.false(join(17));
});

test('made-up neighbours that fill the pool drive no older one out, and a real newcomer gets in after all', (t) => {
  const { join, has } = setup({ maxLinks: 40 });
  for (let node = 10; node < 30; node++) t.true(join(node));
  let sybil = 1_000;
  let entered = 0;
  for (let now = 0; now < 600_000; now += 500) {
    join(sybil++, now);
    if (has(500)) continue;
    if (join(500, now + 250)) entered++;
  }
  for (let node = 10; node < 30; node++) t.true(has(node), `${node}`);
  t.true(entered > 0, 'the newcomer had a place at times');
});

test('places are contested at most every two seconds', (t) => {
  const { join } = setup({ maxLinks: 8 });
  for (let node = 10; node < 18; node++) join(node);
  const taken = Array.from({ length: 100 }, (_, i) => join(1_000 + i, i * 100)).filter(Boolean).length;
  t.true(taken >= 4 && taken <= 5, `${taken}`);
});

test('links under way are few, and the oldest of them makes room', (t) => {
  const { links, carrier, pool } = setup({ maxLinks: 100 });
  const addresses = Array.from({ length: 2 * HALF_OPEN_MAX }, (_, i) => `a${i}`);
  for (const [i, address] of addresses.entries()) {
    t.true(pool.admits(carrier, nodeNamed(100 + i), at(i)));
    links.add(carrier, address, 1_000, at(i));
  }
  t.is([...links.greeting()].length, HALF_OPEN_MAX);
  t.truthy(links.find(0, addresses.at(-1) as string));
  t.is(links.find(0, addresses[0] as string), undefined);
});

test('one node has only so many addresses over one radio', (t) => {
  const { links, carrier, pool } = setup({ maxLinks: 100 });
  for (let i = 0; i < LINKS_PER_PEER; i++) {
    t.true(pool.admits(carrier, nodeNamed(9), at(0)));
    const link = links.add(carrier, `address ${i}`, 1_000, at(0));
    if (!link) return t.fail();
    link.peer = nodeNamed(9);
    links.markUp(link);
  }
  t.false(pool.admits(carrier, nodeNamed(9), at(0)));
});

test('of many that are admitted at once no more come up than there are places', (t) => {
  const { links, carrier, pool } = setup({ maxLinks: 8 });
  const halfOpen = Array.from({ length: HALF_OPEN_MAX }, (_, i) => {
    t.true(pool.admits(carrier, nodeNamed(100 + i), at(i)));
    const link = links.add(carrier, `a${i}`, 1_000, at(i));
    if (!link) throw new RangeError('no room');
    link.peer = nodeNamed(100 + i);
    return link;
  });
  const cameUp = halfOpen.filter((link) => {
    if (!pool.mayComeUp(link, at(50))) return false;
    links.markUp(link);
    return true;
  });
  t.true(carrier.linksUp <= 8, `${carrier.linksUp}`);
  t.true(cameUp.length >= 8);
});

test('who is linked already comes in over another radio or address only where there is a place', (t) => {
  const { links, pool, carrier, join } = setup({ maxLinks: 4 });
  for (let node = 10; node < 14; node++) t.true(join(node));
  t.false(pool.admits(carrier, nodeNamed(10), at(0)));
  const other = carrierWith({}, 1);
  upLink(links, nodeNamed(20), other);
  t.false(pool.admits(carrier, nodeNamed(20), at(0)));
  t.true(pool.admits(other, nodeNamed(10), at(0)));
});

test('nobody whom less than three others hear ever makes room for one that is heard by others', (t) => {
  const links = new Links();
  const carrier = carrierWith();
  const all = Array.from({ length: 60 }, (_, i) => upLink(links, nodeNamed(i + 1), carrier));
  fc.assert(
    fc.property(
      fc.array(fc.record({ others: fc.nat(6), spare: fc.boolean() }), { minLength: 1, maxLength: 60 }),
      fc.nat(6),
      fc.boolean(),
      fc.nat(1_000),
      (said, others, mayContest, seed) => {
        const places: Place[] = said.map((one, i) => ({ link: all[i] as (typeof all)[number], ...one }));
        const gone = whoMakesRoom(places, others, mayContest, testRandom(seed));
        const place = places.find(({ link }) => link === gone);
        if (others >= 3) t.is(place, undefined);
        else if (place) t.true(place.others >= 3 || (place.others === 0 && others === 0 && mayContest));
        if (others < 3 && places.some((one) => one.others >= 3)) t.truthy(place);
      },
    ),
  );
});
