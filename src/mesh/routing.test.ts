import test from 'ava';
import { Limit } from '../core/limits.js';
import { createHotPath } from '../native/hot-path.js';
import { at, carrierWith, nodeNamed, snapshotOf, upLink } from '../testing/builders.js';
import { Links } from './links.js';
import { Routing } from './routing.js';

const [SELF, A, B, C, D] = [1, 2, 3, 4, 5].map(nodeNamed) as [never, never, never, never, never];
const edge = (node: typeof A, cost = 10) => ({ node, cost, radio: 'r' });

/** SELF has links to A and B; C is behind both, dearer over B. */
function diamond() {
  const links = new Links();
  const routing = new Routing(SELF, links, createHotPath({ kind: 'js' }).routes({ capacity: 64, ttlMs: 60_000 }));
  const [viaA, viaB] = [upLink(links, A), upLink(links, B)];
  routing.linksChanged();
  routing.stateChanged(snapshotOf(A, { neighbours: [edge(SELF), edge(C, 10)] }));
  routing.stateChanged(snapshotOf(B, { neighbours: [edge(SELF), edge(C, 50)] }));
  routing.stateChanged(snapshotOf(C, { neighbours: [edge(A), edge(B)] }));
  return { links, routing, viaA, viaB };
}

test('the cheapest confirmed path serves', (t) => {
  const { routing, viaA } = diamond();
  t.is(routing.nextLink(C, at(0)), viaA);
  t.like(routing.path(C), { nextHop: A, hops: 2 });
  t.deepEqual([...routing.reachable().keys()].sort(), [A, B, C]);
});

test('when a link goes the other way serves at once', (t) => {
  const { links, routing, viaA, viaB } = diamond();
  links.remove(viaA);
  routing.linkGone(viaA);
  t.is(routing.nextLink(C, at(0)), viaB);
  t.like(routing.path(A), { nextHop: B, hops: 3 });
});

test('the way a node’s own traffic came serves while its state is unknown, and only so long', (t) => {
  const { routing, viaB } = diamond();
  t.is(routing.nextLink(D, at(0)), undefined);
  routing.learn(D, viaB, 3, at(0));
  t.is(routing.nextLink(D, at(1_000)), viaB);
  t.is(routing.nextLink(D, at(61_000)), undefined);
  t.falsy(routing.path(D), 'that alone makes nobody alive');
});

test('when the best way has just failed the next best serves, if its neighbour is nearer than we are', (t) => {
  const { routing, viaA, viaB } = diamond();
  t.deepEqual(
    routing.nextHops(C).map(({ node }) => node),
    [A],
    'B is as far from C as 50, and we no more than that over A',
  );
  t.is(routing.nextLink(C, at(0), { without: viaA }), undefined);
  routing.learn(C, viaB, 1, at(0));
  t.is(routing.nextLink(C, at(0), { without: viaA }), viaB);
  routing.stateChanged(snapshotOf(B, { neighbours: [edge(SELF), edge(C, 12)] }));
  t.deepEqual(
    routing.nextHops(C).map(({ node }) => node),
    [A, B],
  );
  t.is(routing.nextLink(C, at(100_000), { without: viaA }), viaB);
  t.is(routing.nextLink(C, at(100_000), { avoid: [A, undefined] }), viaB);
  t.is(routing.nextLink(C, at(100_000), { avoid: [A, B] }), undefined);
});

test('a link that acknowledges nothing is left for another way while there is one', (t) => {
  const { routing, viaA, viaB } = diamond();
  routing.stateChanged(snapshotOf(B, { neighbours: [edge(SELF), edge(C, 12)] }));
  viaA.stalled = true;
  t.is(routing.nextLink(C, at(0)), viaB);
  viaB.stalled = true;
  t.is(routing.nextLink(C, at(0)), viaA, 'where none answers the best one is tried');
});

test('where no nearer neighbour answers one that is as far serves, if its own way does not lead back here', (t) => {
  const { routing, viaA, viaB } = diamond();
  routing.stateChanged(snapshotOf(SELF, { neighbours: [edge(A), edge(B)] }));
  routing.stateChanged(snapshotOf(B, { neighbours: [edge(SELF), edge(C, 25)] }));
  t.deepEqual(
    routing.nextHops(C).map(({ node }) => node),
    [A],
  );
  viaA.stalled = true;
  t.is(routing.nextLink(C, at(0)), viaB);
  t.is(routing.nextLink(C, at(0), { without: viaB }), viaA);
  routing.stateChanged(snapshotOf(B, { neighbours: [edge(SELF, 1), edge(C, 400)] }));
  t.is(routing.nextLink(C, at(0)), viaA, 'it would come back');
});

test('a pin with a cost serves only while no way costs less', (t) => {
  const { routing, viaA, viaB } = diamond();
  const cost = routing.path(C)?.cost ?? 0;
  routing.pins.set({ destination: C, nextHop: B, cost: cost + 1 });
  t.is(routing.nextLink(C, at(0)), viaA);
  t.like(
    routing.entries(at(0)).find(({ destination }) => destination === C),
    { pinned: false, nextHop: A, pin: { nextHop: B } },
  );
  routing.pins.set({ destination: C, nextHop: B, cost });
  t.is(routing.nextLink(C, at(0)), viaB);
  t.like(
    routing.entries(at(0)).find(({ destination }) => destination === C),
    { pinned: true, nextHop: B, cost },
  );
});

test('the list has every neighbour that leads there, the cheapest first, and whether it may be used', (t) => {
  const { routing } = diamond();
  const [entry] = routing.entries(at(0)).filter(({ destination }) => destination === C);
  t.deepEqual(
    entry?.ways.map(({ nextHop, feasible }) => [nextHop, feasible]),
    [
      [A, true],
      [B, false],
    ],
  );
  t.is(entry?.ways[0]?.cost, entry?.cost);
});

test('there are so many pins and no more, and one may always be changed', (t) => {
  const { routing } = diamond();
  for (let i = 0; i < Limit.PinnedRoutes; i++)
    t.true(routing.pins.set({ destination: nodeNamed(100 + i), nextHop: A }));
  t.false(routing.pins.set({ destination: nodeNamed(9_999), nextHop: A }));
  t.true(routing.pins.set({ destination: nodeNamed(100), nextHop: B }));
  t.is(routing.pins.get(nodeNamed(100))?.nextHop, B);
});

test('a neighbour over two links serves over the other when one has failed', (t) => {
  const { links, routing, viaA } = diamond();
  const second = upLink(links, A, carrierWith({}, 1));
  routing.linksChanged();
  t.is(routing.nextLink(C, at(0), { without: viaA }), second);
});

test('a pinned route serves before any other, until it is unpinned or its neighbour is gone', (t) => {
  const { links, routing, viaA, viaB } = diamond();
  t.true(routing.pins.set({ destination: C, nextHop: B }));
  t.is(routing.nextLink(C, at(0)), viaB);
  t.true(routing.entries(at(0)).some((entry) => entry.destination === C && entry.pinned));
  links.remove(viaB);
  routing.linkGone(viaB);
  t.is(routing.nextLink(C, at(0)), viaA);
  const back = upLink(links, B);
  routing.linksChanged();
  t.is(routing.nextLink(C, at(0)), back, 'the pin is there again when its neighbour is');
});

test('unpinning gives the route back to the topology', (t) => {
  const { routing, viaA } = diamond();
  routing.pins.set({ destination: C, nextHop: B });
  t.true(routing.pins.remove(C));
  t.is(routing.nextLink(C, at(0)), viaA);
});

test('a forgotten node leads nowhere any more', (t) => {
  const { routing } = diamond();
  routing.forget(C);
  t.is(routing.path(C), undefined);
});

test('the list names each destination once, the confirmed path before the learned one', (t) => {
  const { routing, viaB } = diamond();
  routing.learn(C, viaB, 5, at(0));
  routing.learn(D, viaB, 2, at(0));
  const entries = routing.entries(at(1));
  t.deepEqual(entries.map((entry) => entry.destination).sort(), [A, B, C, D]);
  t.like(
    entries.find((entry) => entry.destination === C),
    { nextHop: A, expiresAtMono: undefined },
  );
  t.like(
    entries.find((entry) => entry.destination === D),
    { nextHop: B, expiresAtMono: 60_000 },
  );
});
