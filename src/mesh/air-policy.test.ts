import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { airNode, blindView, viewOf } from '../testing/builders.js';
import { AirSpread, type AirView } from './air-policy.js';

type Edges = readonly (readonly [number, number, number?])[];
const TTL = 10;

/** As a node knows it that has heard 0, the source, transmit. */
function heardSource(self: number, edges: Edges, urgent = false): { spread: AirSpread; view: AirView } {
  const view = viewOf(airNode(self), edges);
  const spread = new AirSpread(airNode(0), urgent);
  spread.hold(airNode(self), TTL);
  spread.said(airNode(0), TTL, view);
  return { spread, view };
}

/** 0 is heard by 1, 2 and 3; behind them are 4 (heard by 1 and 2), 5 (by 2) and 6 (by 3). */
const FAN: Edges = [
  [0, 1],
  [0, 2],
  [0, 3],
  [1, 2],
  [2, 3],
  [1, 3],
  [1, 4],
  [2, 4],
  [2, 5],
  [3, 6],
];

test('who gives it to most goes first, and the others wait for that one', (t) => {
  const two = heardSource(2, FAN);
  t.true(two.spread.plan(two.view).gain > 1);
  t.deepEqual(two.spread.plan(two.view).before, []);
  const three = heardSource(3, FAN);
  t.deepEqual(three.spread.plan(three.view).before, [airNode(2)]);
  t.true(three.spread.plan(three.view).gain > 0.5);
});

test('a node that has nothing to add stays silent, and knows whom it relies on', (t) => {
  const one = heardSource(1, FAN);
  const { before, gain } = one.spread.plan(one.view);
  t.is(gain, 0);
  t.true(before.includes(airNode(2)));
});

test('who relied on others that stay silent steps in', (t) => {
  const one = heardSource(1, FAN);
  t.is(one.spread.plan(one.view).gain, 0);
  one.spread.silent(airNode(2));
  one.spread.silent(airNode(3));
  t.true(one.spread.plan(one.view).gain > 0);
});

test('hearing the one it relied on puts a node at rest', (t) => {
  const three = heardSource(3, [
    [0, 1],
    [0, 3],
    [1, 4],
    [3, 4],
    [1, 3],
  ]);
  const one = heardSource(1, [
    [0, 1],
    [0, 3],
    [1, 4],
    [3, 4],
    [1, 3],
  ]);
  t.true(one.spread.plan(one.view).gain > 0, 'the lower id goes first');
  t.deepEqual(three.spread.plan(three.view).before, [airNode(1)]);
  three.spread.said(airNode(1), TTL - 1, three.view);
  t.deepEqual(three.spread.plan(three.view), { before: [], gain: 0 });
});

test('a bridge is never silenced: whatever else was heard, its far side lacks the frame', (t) => {
  const edges: Edges = [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 3],
    [3, 9],
  ];
  const bridge = heardSource(3, edges);
  bridge.spread.said(airNode(1), TTL - 1, bridge.view);
  bridge.spread.said(airNode(2), TTL - 1, bridge.view);
  t.true(bridge.spread.plan(bridge.view).gain > 0.5);
  bridge.spread.said(airNode(3), TTL - 1, bridge.view);
  t.is(bridge.spread.plan(bridge.view).gain, 0, 'once it has spoken, one turn is enough to hope');
});

test('what was awaited in vain is made good for few where the channel has room, and for more where it is busy', (t) => {
  // 4 is heard by 1 and 2 with a chance of six in ten.
  const edges: Edges = [
    [0, 1],
    [0, 2],
    [1, 2],
    [1, 4, 0.6],
    [2, 4, 0.7],
  ];
  const gainWhen = (busy: number): number => {
    const view = viewOf(airNode(1), edges);
    const spread = new AirSpread(airNode(0), false, { busy });
    spread.hold(airNode(1), TTL);
    spread.said(airNode(0), TTL, view);
    spread.silent(airNode(2));
    return spread.plan(view).gain;
  };
  t.true(gainWhen(0) > 0.5);
  t.is(gainWhen(0.2), 0);
  t.true(gainWhen(0.5) > 0.5, 'where somebody jams it copies are lost');
});

test('who heard it only from afar speaks up for nodes that nobody knows only where it is urgent', (t) => {
  for (const urgent of [false, true]) {
    const { spread, view } = heardSource(1, [[0, 1]], urgent);
    t.is(spread.plan({ ...view, marginDb: () => 2 }).gain > 0, urgent);
  }
});

test('with no relays left a node does not speak, and is not waited for', (t) => {
  const view = viewOf(airNode(2), FAN);
  const spread = new AirSpread(airNode(0), false);
  spread.hold(airNode(2), 0);
  spread.said(airNode(0), 0, view);
  t.deepEqual(spread.plan(view), { before: [], gain: 0 });
});

test('what is urgent is made surer', (t) => {
  // 4, 5 and 6 hear 1 with a chance of four in five, and 2 with the same.
  const behind = [4, 5, 6].flatMap((n): [number, number, number][] => [
    [1, n, 0.8],
    [2, n, 0.8],
  ]);
  const edges: Edges = [[0, 1], [0, 2], [1, 2], ...behind];
  for (const urgent of [false, true]) {
    const two = heardSource(2, edges, urgent);
    two.spread.said(airNode(1), TTL - 1, two.view);
    t.is(two.spread.plan(two.view).gain > 0, urgent);
  }
});

test('the fuller the air, the more nodes tell of what is urgent, also whom one of them has told', (t) => {
  const gainWhen = (clear: number): number => {
    const view = viewOf(airNode(3), FAN);
    const spread = new AirSpread(airNode(0), true, { clear });
    spread.hold(airNode(3), TTL);
    spread.said(airNode(0), TTL, view);
    for (const node of [2, 3]) spread.said(airNode(node), TTL - 1, view);
    return spread.plan(view).gain;
  };
  t.is(gainWhen(1), 0);
  t.true(gainWhen(0.6) > 0.25, 'who hears only this one is told again');
});

test('where nobody knows who hears whom, copies are counted', (t) => {
  const view = blindView(airNode(1));
  const spread = new AirSpread(airNode(0), false);
  spread.hold(airNode(1), TTL);
  spread.said(airNode(0), TTL, view);
  t.true(spread.plan(view).gain > 0);
  for (let n = 2; n < 6; n++) spread.said(undefined, TTL - 1, view);
  t.is(spread.plan(view).gain, 0);
});

test('who says that it lacks the frame is given it again', (t) => {
  const { spread, view } = heardSource(3, FAN);
  spread.said(airNode(3), TTL - 1, view);
  spread.said(airNode(2), TTL - 1, view);
  t.is(spread.plan(view).gain, 0);
  spread.lacks(airNode(6));
  t.true(spread.plan(view).gain > 0);
});

/** A connected mesh: a tree, and some more links. */
const anyMesh = fc
  .record({
    nodes: fc.integer({ min: 2, max: 14 }),
    parents: fc.array(fc.nat(1_000)),
    extra: fc.array(fc.tuple(fc.nat(13), fc.nat(13))),
  })
  .map(({ nodes, parents, extra }) => {
    const edges: [number, number][] = [];
    for (let n = 1; n < nodes; n++) edges.push([n, (parents[n] ?? n * 7) % n]);
    for (const [a, b] of extra) if (a !== b && a < nodes && b < nodes) edges.push([a, b]);
    return { nodes, edges };
  });

test('in any connected mesh without loss everybody gets it, by fewer transmissions than nodes where they can be spared', (t) => {
  fc.assert(
    fc.property(anyMesh, ({ nodes, edges }) => {
      const views = Array.from({ length: nodes }, (_, n) =>
        viewOf(
          airNode(n),
          edges.map(([a, b]) => [a, b, 1]),
        ),
      );
      const spreads = new Map<number, AirSpread>();
      const hears = (n: number): number[] =>
        [...(views[n] as AirView).neighbours.keys()].map((id) => Number.parseInt(id.slice(0, 4), 16));
      let transmissions = 0;
      const speak = (n: number): void => {
        transmissions++;
        spreads.get(n)?.said(airNode(n), 99, views[n] as AirView);
        for (const hearer of hears(n)) {
          const known = spreads.get(hearer) ?? new AirSpread(airNode(0), false);
          spreads.set(hearer, known);
          known.hold(airNode(hearer), 99);
          known.said(airNode(n), 99, views[hearer] as AirView);
        }
      };
      spreads.set(0, new AirSpread(airNode(0), false));
      speak(0);
      // Whose turn it is by the plan goes first; where all wait for each other, the one they waited for is silent.
      for (let turn = 0; turn < 10 * nodes; turn++) {
        const plans = [...spreads].map(([n, spread]) => ({ n, spread, plan: spread.plan(views[n] as AirView) }));
        const next = plans
          .filter(({ plan }) => plan.gain > 0)
          .sort((a, b) => a.plan.before.length - b.plan.before.length)[0];
        if (next) speak(next.n);
        else {
          const waiting = plans.filter(({ plan }) => plan.before.length > 0);
          if (waiting.length === 0) break;
          for (const { spread, plan } of waiting) for (const node of plan.before) spread.silent(node);
        }
      }
      t.is(spreads.size, nodes);
      t.true(transmissions <= nodes, `${transmissions} of ${nodes}`);
    }),
  );
});

test('in a clique one transmission is enough', (t) => {
  const edges: [number, number][] = [];
  for (let a = 0; a < 12; a++) for (let b = 0; b < a; b++) edges.push([a, b]);
  for (let n = 1; n < 12; n++) {
    const { spread, view } = heardSource(n, edges);
    t.deepEqual(spread.plan(view), { before: [] as NodeId[], gain: 0 });
  }
});
