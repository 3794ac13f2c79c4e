import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { nodeNamed, snapshotOf } from '../testing/builders.js';
import { Topology } from './topology.js';

const NODES = 8;
const id = (n: number): NodeId => nodeNamed(n + 1);

/** Directed costs, 0 for "not named". */
const anyGraph = fc.array(fc.array(fc.constantFrom(0, 0, 1, 2, 3, 7, 40), { minLength: NODES, maxLength: NODES }), {
  minLength: NODES,
  maxLength: NODES,
});

function topologyOf(costs: number[][]): Topology {
  const topology = new Topology();
  costs.forEach((row, from) => {
    const neighbours = row.flatMap((cost, to) => (cost > 0 && to !== from ? [{ node: id(to), cost, radio: 'r' }] : []));
    topology.set(snapshotOf(id(from), { neighbours }));
  });
  return topology;
}

/** Least costs over edges that both ends name (Floyd 1962, Warshall 1962). */
function floydWarshall(costs: number[][]): number[][] {
  const far = costs.map((row, a) =>
    row.map((cost, b) => (a === b ? 0 : cost > 0 && (costs[b]?.[a] as number) > 0 ? cost : Number.POSITIVE_INFINITY)),
  );
  for (let k = 0; k < NODES; k++)
    for (let a = 0; a < NODES; a++)
      for (let b = 0; b < NODES; b++) {
        const through = (far[a]?.[k] as number) + (far[k]?.[b] as number);
        if (through < (far[a]?.[b] as number)) (far[a] as number[])[b] = through;
      }
  return far;
}

const ownOf = (costs: number[][], node: number): Map<NodeId, number> =>
  new Map(
    (costs[node] as number[]).flatMap((cost, to) =>
      cost > 0 && (costs[to]?.[node] as number) > 0 && to !== node ? [[id(to), cost]] : [],
    ),
  );

test('paths are as cheap as can be, and lead everywhere there is a way', (t) => {
  fc.assert(
    fc.property(anyGraph, (costs) => {
      const topology = topologyOf(costs);
      const far = floydWarshall(costs);
      for (let node = 0; node < NODES; node++) {
        const paths = topology.pathsFrom(id(node), ownOf(costs, node));
        for (let to = 0; to < NODES; to++) {
          if (to === node) continue;
          const cost = far[node]?.[to] as number;
          t.is(paths.get(id(to))?.cost ?? Number.POSITIVE_INFINITY, cost, `${node} to ${to}`);
        }
      }
    }),
  );
});

test('costs to a destination are those of the paths that lead there', (t) => {
  fc.assert(
    fc.property(anyGraph, (costs) => {
      const topology = topologyOf(costs);
      const far = floydWarshall(costs);
      for (let to = 0; to < NODES; to++) {
        const found = topology.costsTo(id(to));
        for (let from = 0; from < NODES; from++)
          t.is(found.get(id(from)) ?? Number.POSITIVE_INFINITY, far[from]?.[to] as number, `${from} to ${to}`);
      }
    }),
  );
});

test('over neighbours that are nearer than oneself, first best or second, a frame always arrives', (t) => {
  fc.assert(
    fc.property(anyGraph, fc.infiniteStream(fc.nat()), (costs, choices) => {
      const topology = topologyOf(costs);
      for (let to = 0; to < NODES; to++) {
        const left = topology.costsTo(id(to));
        for (const start of left.keys()) {
          const seen = new Set<NodeId>();
          for (let at = start; at !== id(to); ) {
            t.false(seen.has(at), 'a loop');
            seen.add(at);
            const nearer = [...topology.edgesOf(at).keys()].filter(
              (next) => topology.adjacent(at, next) && (left.get(next) as number) < (left.get(at) as number),
            );
            if (nearer.length === 0) return t.fail('a dead end');
            at = nearer[(choices.next().value as number) % nearer.length] as NodeId;
          }
        }
      }
    }),
  );
});

test('when all share one view a frame handed from next hop to next hop arrives, never coming by twice', (t) => {
  fc.assert(
    fc.property(anyGraph, (costs) => {
      const topology = topologyOf(costs);
      const tables = costs.map((_, node) => topology.pathsFrom(id(node), ownOf(costs, node)));
      for (let from = 0; from < NODES; from++) {
        for (const [destination, path] of tables[from] as Map<NodeId, { cost: number }>) {
          if (destination === id(from)) continue;
          const seen = new Set<NodeId>();
          let left = path.cost;
          for (let at = id(from); at !== destination; ) {
            t.false(seen.has(at), 'a loop');
            seen.add(at);
            const next = tables[Number.parseInt(at, 16) - 1]?.get(destination);
            if (!next) return t.fail('a dead end');
            t.true(next.cost <= left);
            left = next.cost;
            at = next.nextHop;
          }
        }
      }
    }),
  );
});

test('an edge counts only when both its ends name it', (t) => {
  const topology = new Topology();
  topology.set(snapshotOf(id(0), { neighbours: [{ node: id(1), cost: 1, radio: 'r' }] }));
  t.false(topology.adjacent(id(0), id(1)));
  topology.set(snapshotOf(id(1), { neighbours: [{ node: id(0), cost: 5, radio: 'r' }] }));
  t.true(topology.adjacent(id(0), id(1)));
  t.true(topology.adjacent(id(1), id(0)));
});

test('an edge does not count, in either direction, while one of its ends is known not to hear the other', (t) => {
  const topology = new Topology();
  for (const [a, b] of [[0, 1], [1, 0]] as const) // biome-ignore format: a line
    topology.set(snapshotOf(id(a), { neighbours: [{ node: id(b), cost: 1, radio: 'r' }] }));
  t.true(topology.overrule(id(0), new Set([id(1)])));
  t.false(topology.overrule(id(0), new Set([id(1)])), 'nothing new');
  for (const [a, b] of [[0, 1], [1, 0]] as const) t.false(topology.adjacent(id(a), id(b))); // biome-ignore format: a line
  t.false(topology.costsTo(id(1)).has(id(0)));
  t.true(topology.overrule(id(0), new Set()));
  t.true(topology.adjacent(id(0), id(1)));
  t.true(topology.costsTo(id(1)).has(id(0)));
  t.false(topology.overrule(id(0), new Set()));
});

test('who says to be offline has no edges, and who is removed neither', (t) => {
  const topology = topologyOf([[0, 1, 0], [1, 0, 1], [0, 1, 0]].map((row) => [...row, ...new Array<number>(5).fill(0)]).concat(Array.from({ length: 5 }, () => new Array<number>(8).fill(0)))); // biome-ignore format: a small matrix
  t.true(topology.pathsFrom(id(0), new Map([[id(1), 1]])).has(id(2)));
  topology.set(snapshotOf(id(1), { condition: 'offline', neighbours: [{ node: id(2), cost: 1, radio: 'r' }] }));
  t.false(topology.pathsFrom(id(0), new Map([[id(1), 1]])).has(id(2)));
  topology.remove(id(2));
  t.is(topology.edgesOf(id(2)).size, 0);
});

test('setting the same state again is no change', (t) => {
  const topology = new Topology();
  const snapshot = snapshotOf(id(0), { neighbours: [{ node: id(1), cost: 1, radio: 'r' }] });
  t.true(topology.set(snapshot));
  t.false(topology.set({ ...snapshot }));
  t.true(topology.set(snapshotOf(id(0), { neighbours: [{ node: id(1), cost: 2, radio: 'r' }] })));
  t.true(topology.set(snapshotOf(id(0))));
});

test('those that are named count before anything is known of them, but one node names no crowd', (t) => {
  const topology = new Topology();
  const edges = (nodes: readonly number[]) => nodes.map((n) => ({ node: nodeNamed(n), cost: 1, radio: 'udp' }));
  const all = [1, 2, 3].map((n) => nodeNamed(n));
  topology.set({ author: nodeNamed(1), condition: 'active', neighbours: edges([2, 3]) });
  t.is(topology.onlyNamedBy(all), 2);
  topology.set({ author: nodeNamed(2), condition: 'active', neighbours: edges([1, 3, 4]) });
  t.is(topology.onlyNamedBy(all), 2);
  topology.set({ author: nodeNamed(3), condition: 'active', neighbours: edges([10, 11, 12, 13, 14, 15, 16]) });
  t.is(topology.onlyNamedBy(all), 4);
  t.is(topology.onlyNamedBy([nodeNamed(1)]), 0, 'who has said something is not one of them, alive or not');
});
