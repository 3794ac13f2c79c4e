import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { nodeNamed, testRandom } from '../testing/builders.js';
import { chooseNeighbours, KEPT_LEAST } from './neighbour-choice.js';

/** Nodes that hear each other, each link with its cost; and what each keeps, as all learn it from what the others say. */
class Earshot {
  readonly costs = new Map<NodeId, Map<NodeId, number>>();
  readonly kept = new Map<NodeId, Set<NodeId>>();

  join(a: NodeId, b: NodeId, cost: number): void {
    for (const [from, to] of [[a, b], [b, a]] as const) // biome-ignore format: a line
      this.costs.set(from, (this.costs.get(from) ?? new Map()).set(to, cost));
  }

  die(node: NodeId): void {
    this.costs.delete(node);
    this.kept.delete(node);
    for (const costs of this.costs.values()) costs.delete(node);
    for (const kept of this.kept.values()) kept.delete(node);
  }

  isUsed(a: NodeId, b: NodeId): boolean {
    const said = (from: NodeId, to: NodeId): boolean =>
      this.costs.get(from)?.has(to) === true && (this.kept.get(from)?.has(to) ?? true);
    return said(a, b) || said(b, a);
  }

  /** Each looks once, in an order of its own. */
  look(order: readonly NodeId[]): boolean {
    let changed = false;
    for (const self of order) {
      const before = this.kept.get(self);
      const chosen = chooseNeighbours({
        self,
        costs: this.costs.get(self) ?? new Map(),
        between: (a, b) => (this.isUsed(a, b) ? this.costs.get(a)?.get(b) : undefined),
        wants: (node) => this.kept.get(node)?.has(self) ?? true,
        kept: before ?? new Set(),
      });
      if (!before || before.size !== chosen.size || [...chosen].some((node) => !before.has(node))) changed = true;
      this.kept.set(self, chosen);
    }
    return changed;
  }

  settle(random: { below(n: number): number }): number {
    for (let round = 1; round <= 40; round++) {
      const order = [...this.costs.keys()];
      for (let i = order.length - 1; i > 0; i--) {
        const j = random.below(i + 1);
        [order[i], order[j]] = [order[j] as NodeId, order[i] as NodeId];
      }
      if (!this.look(order)) return round;
    }
    return Number.POSITIVE_INFINITY;
  }

  components(joined: (a: NodeId, b: NodeId) => boolean): string {
    const nodes = [...this.costs.keys()].sort();
    const group = new Map<NodeId, NodeId>();
    for (const start of nodes) {
      if (group.has(start)) continue;
      const open = [start];
      group.set(start, start);
      for (let node = open.pop(); node !== undefined; node = open.pop())
        for (const next of this.costs.get(node)?.keys() ?? [])
          if (!group.has(next) && joined(node, next)) {
            group.set(next, start);
            open.push(next);
          }
    }
    return nodes.map((node) => `${node}:${group.get(node)}`).join();
  }

  degree(node: NodeId): number {
    return [...(this.costs.get(node)?.keys() ?? [])].filter((other) => this.isUsed(node, other)).length;
  }
}

/** Nodes strewn over a square; who is near enough hears the other, at a cost by distance or by chance. */
function field(seed: number, nodes: number, reach: number, spread: number): Earshot {
  const random = testRandom(`field ${seed}`);
  const earshot = new Earshot();
  const ids = Array.from({ length: nodes }, () => nodeNamed(1 + random.below(2 ** 31)));
  const places = ids.map(() => [random.below(1_000), random.below(1_000)] as const);
  for (const id of ids) if (!earshot.costs.has(id)) earshot.costs.set(id, new Map());
  for (let a = 0; a < nodes; a++)
    for (let b = a + 1; b < nodes; b++) {
      const [[x, y], [u, v]] = [places[a] as (typeof places)[number], places[b] as (typeof places)[number]];
      if (Math.hypot(x - u, y - v) > reach || ids[a] === ids[b]) continue;
      earshot.join(ids[a] as NodeId, ids[b] as NodeId, 10 + random.below(1 + spread));
    }
  return earshot;
}

const anyField = fc.record({
  seed: fc.nat(100_000),
  nodes: fc.integer({ min: 2, max: 45 }),
  reach: fc.constantFrom(250, 400, 700, 2_000),
  spread: fc.constantFrom(0, 5, 200, 5_000),
});

test('what all links join the chosen ones join, on any field, also after any node died and all looked again', (t) => {
  fc.assert(
    fc.property(anyField, ({ seed, nodes, reach, spread }) => {
      const earshot = field(seed, nodes, reach, spread);
      const random = testRandom(`order ${seed}`);
      const isSound = (): void => {
        t.true(Number.isFinite(earshot.settle(random)), 'it comes to rest');
        t.is(
          earshot.components((a, b) => earshot.isUsed(a, b)),
          earshot.components(() => true),
        );
        for (const [node, costs] of earshot.costs)
          t.true(earshot.degree(node) >= Math.min(KEPT_LEAST, costs.size), `${node} has ${earshot.degree(node)}`);
      };
      isSound();
      for (let deaths = 0; deaths < 3 && earshot.costs.size > 1; deaths++) {
        const left = [...earshot.costs.keys()];
        earshot.die(left[random.below(left.length)] as NodeId);
        isSound();
      }
    }),
    { numRuns: 60 },
  );
});

test('they join all at every moment on the way there, whoever looks first', (t) => {
  fc.assert(
    fc.property(anyField, ({ seed, nodes, reach, spread }) => {
      const earshot = field(seed, nodes, reach, spread);
      const all = earshot.components(() => true);
      const order = [...earshot.costs.keys()];
      for (let round = 0; round < 3; round++)
        for (const node of order) {
          earshot.look([node]);
          t.is(
            earshot.components((a, b) => earshot.isUsed(a, b)),
            all,
          );
        }
    }),
    { numRuns: 20 },
  );
});

test('sixty in earshot of each other keep three or four each, and no one of them many', (t) => {
  for (const spread of [0, 5]) {
    const earshot = field(7, 60, 2_000, spread);
    t.true(earshot.settle(testRandom(1)) < 10);
    const degrees = [...earshot.costs.keys()].map((node) => earshot.degree(node));
    const mean = degrees.reduce((a, b) => a + b, 0) / degrees.length;
    t.log(`${mean.toFixed(2)} each, ${Math.max(...degrees)} at most`);
    t.true(mean <= 6);
    t.true(Math.max(...degrees) <= 12);
  }
});
