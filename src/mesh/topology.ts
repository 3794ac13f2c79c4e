import type { NodeId } from '../core/ids.js';
import { MinHeap } from '../core/min-heap.js';
import type { NodeSnapshot } from '../replication/node-state.js';

/** How to reach one node: over which neighbour, at what cost, in how many hops. */
export interface Path {
  readonly nextHop: NodeId;
  readonly cost: number;
  readonly hops: number;
}

const NAMED_BY_ONE = 3;

/**
 * The mesh as the nodes' states describe it. An edge counts only when both its ends name it, so a dead node's last
 * words keep nothing alive; and not when one of them has said since that it does not hear the other.
 */
export class Topology {
  readonly #edges = new Map<NodeId, Map<NodeId, number>>();
  /** Of whom a node's state names those that it does not hear, as it has said since. */
  readonly #overruled = new Map<NodeId, ReadonlySet<NodeId>>();

  set(snapshot: Pick<NodeSnapshot, 'author' | 'neighbours' | 'condition'>): boolean {
    const edges = new Map<NodeId, number>();
    if (snapshot.condition !== 'offline') for (const { node, cost } of snapshot.neighbours) edges.set(node, cost);
    const before = this.#edges.get(snapshot.author);
    this.#edges.set(snapshot.author, edges);
    return !before || !sameEdges(before, edges);
  }

  remove(node: NodeId): void {
    this.#edges.delete(node);
    this.#overruled.delete(node);
  }

  /** A node has said by other means that it does not hear these, whatever its state says; true when that changes something. */
  overrule(node: NodeId, unheard: ReadonlySet<NodeId>): boolean {
    const before = this.#overruled.get(node);
    if (unheard.size === 0) return this.#overruled.delete(node);
    this.#overruled.set(node, unheard);
    return before?.size !== unheard.size || [...unheard].some((each) => !before.has(each));
  }

  /** Whether the two are confirmed neighbours. */
  adjacent(a: NodeId, b: NodeId): boolean {
    return (this.#edges.get(a)?.has(b) ?? false) && (this.#edges.get(b)?.has(a) ?? false) && !this.#isOverruled(a, b);
  }

  #isOverruled(a: NodeId, b: NodeId): boolean {
    if (this.#overruled.size === 0) return false;
    return (this.#overruled.get(a)?.has(b) ?? false) || (this.#overruled.get(b)?.has(a) ?? false);
  }

  /** How many nodes these name that have said nothing themselves yet; each adds few, so that nobody makes up a crowd. */
  onlyNamedBy(nodes: Iterable<NodeId>): number {
    const named = new Set<NodeId>();
    for (const by of nodes) {
      let more = 0;
      for (const node of this.#edges.get(by)?.keys() ?? []) {
        if (this.#edges.has(node) || named.has(node)) continue;
        if (++more > NAMED_BY_ONE) break;
        named.add(node);
      }
    }
    return named.size;
  }

  edgesOf(node: NodeId): ReadonlyMap<NodeId, number> {
    return this.#edges.get(node) ?? new Map();
  }

  /** Cheapest paths from `self` (Dijkstra 1959), starting over its own live links. */
  pathsFrom(self: NodeId, own: ReadonlyMap<NodeId, number>): Map<NodeId, Path> {
    const paths = new Map<NodeId, Path>();
    const done = new Set<NodeId>([self]);
    const open = frontier();
    for (const [node, cost] of own) {
      paths.set(node, { nextHop: node, cost, hops: 1 });
      open.push({ node, cost });
    }
    for (let nearest = open.pop(); nearest; nearest = open.pop()) {
      const { node } = nearest;
      if (done.has(node)) continue;
      done.add(node);
      const path = paths.get(node) as Path;
      for (const [next, cost] of this.#edges.get(node) ?? []) {
        if (done.has(next) || !this.adjacent(node, next)) continue;
        const total = path.cost + cost;
        if ((paths.get(next)?.cost ?? Number.POSITIVE_INFINITY) <= total) continue;
        paths.set(next, { nextHop: path.nextHop, cost: total, hops: path.hops + 1 });
        open.push({ node: next, cost: total });
      }
    }
    return paths;
  }

  /** What it costs each node to reach `destination`, by what the nodes on the way say of their own edges. */
  costsTo(destination: NodeId): Map<NodeId, number> {
    const costs = new Map<NodeId, number>([[destination, 0]]);
    const done = new Set<NodeId>();
    const open = frontier();
    open.push({ node: destination, cost: 0 });
    for (let nearest = open.pop(); nearest; nearest = open.pop()) {
      const { node, cost } = nearest;
      if (done.has(node)) continue;
      done.add(node);
      for (const before of this.#edges.get(node)?.keys() ?? []) {
        const hop = this.#edges.get(before)?.get(node);
        if (hop === undefined || done.has(before) || this.#isOverruled(node, before)) continue;
        if ((costs.get(before) ?? Number.POSITIVE_INFINITY) <= cost + hop) continue;
        costs.set(before, cost + hop);
        open.push({ node: before, cost: cost + hop });
      }
    }
    return costs;
  }
}

interface Reached {
  readonly node: NodeId;
  readonly cost: number;
}

/** Of two equally near the lower id first, so that all nodes choose alike. */
const frontier = (): MinHeap<Reached> =>
  new MinHeap((a, b) => a.cost < b.cost || (a.cost === b.cost && a.node < b.node));

function sameEdges(a: ReadonlyMap<NodeId, number>, b: ReadonlyMap<NodeId, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [node, cost] of a) if (b.get(node) !== cost) return false;
  return true;
}
