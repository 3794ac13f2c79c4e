import test from 'ava';
import fc from 'fast-check';
import { type LinkGraph, oraclePlan } from './oracle.js';

/** Whom these relays reach; one transmission more than the hop limit. */
function covered(graph: LinkGraph, source: number, hopLimit: number, relays: ReadonlySet<number>): Set<number> {
  let all = new Set([source]);
  let ring = [source];
  for (let i = 0; i <= hopLimit; i++) {
    const next = ring.filter((node) => relays.has(node)).flatMap((node) => graph[node] ?? []);
    ring = [...new Set(next)].filter((node) => !all.has(node));
    all = new Set([...all, ...ring]);
  }
  return all;
}

const sorted = (nodes: Iterable<number>): number[] => [...nodes].sort((a, b) => a - b);

/** The least number of relays, by trying all sets. */
function least(graph: LinkGraph, source: number, hopLimit: number): number {
  const everybody = new Set(graph.keys());
  const wanted = covered(graph, source, hopLimit, everybody).size;
  let best = graph.length;
  for (let bits = 0; bits < 2 ** graph.length; bits++) {
    const relays = new Set([...graph.keys()].filter((node) => ((bits >> node) & 1) === 1 || node === source));
    if (relays.size < best && covered(graph, source, hopLimit, relays).size === wanted) best = relays.size;
  }
  return best;
}

const graphs = fc
  .array(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), { minLength: 8, maxLength: 8 })
  .map((rows) => rows.map((row, a) => [...row.keys()].filter((b) => a !== b && row[b] && (a + b) % 3 !== 0)));

test('its relays reach everybody within the hop limit, and are as few as can be but for one now and then', (t) => {
  let [extra, plans] = [0, 0];
  fc.assert(
    fc.property(graphs, fc.nat(7), fc.integer({ min: 0, max: 3 }), (graph, source, hopLimit) => {
      const { relays, reachable, copies } = oraclePlan(graph, source, hopLimit);
      const all = covered(graph, source, hopLimit, new Set(graph.keys()));
      t.deepEqual(sorted([source, ...reachable]), sorted(all));
      t.deepEqual(sorted(covered(graph, source, hopLimit, new Set(relays))), sorted(all));
      t.is(
        copies,
        relays.reduce((sum, node) => sum + (graph[node]?.length ?? 0), 0),
      );
      const more = relays.length - (reachable.length === 0 ? 1 : least(graph, source, hopLimit));
      t.true(more >= 0 && more <= 1, `${more} too many`);
      extra += more;
      plans += 1;
    }),
    { numRuns: 120, seed: 5 },
  );
  t.true(extra / plans < 0.05, `${extra} of ${plans}`);
});

test('along a line everybody but the last relays, as far as the hop limit goes', (t) => {
  const line: LinkGraph = Array.from({ length: 8 }, (_, i) => [i - 1, i + 1].filter((to) => to >= 0 && to < 8));
  t.deepEqual(oraclePlan(line, 0, 3), { reachable: [1, 2, 3, 4], relays: [0, 1, 2, 3], copies: 7 });
  t.is(oraclePlan(line, 0, 20).relays.length, 7);
  t.deepEqual(oraclePlan([[], [0]], 0, 3), { reachable: [], relays: [0], copies: 0 });
});
