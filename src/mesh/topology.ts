import type { NodeId } from '../core/ids.js';
import type { NodeSnapshot } from '../replication/node-state.js';

/** How to reach one node: over which neighbour, at what cost, in how many hops. */
export interface Path {
  readonly nextHop: NodeId;
  readonly cost: number;
  readonly hops: number;
}

/**
 * The mesh as the nodes' states describe it. An edge counts only when both its ends name it, so a dead node's last
 * words keep nothing alive.
 */
export class Topology {
  readonly #edges = new Map<NodeId, Map<NodeId, number>>();

  set(snapshot: Pick<NodeSnapshot, 'author' | 'neighbours' | 'condition'>): boolean {
    const edges = new Map<NodeId, number>();
    if (snapshot.condition !== 'offline') for (const { node, cost } of snapshot.neighbours) edges.set(node, cost);
    const before = this.#edges.get(snapshot.author);
    this.#edges.set(snapshot.author, edges);
    return !before || !sameEdges(before, edges);
  }

  remove(node: NodeId): void {
    this.#edges.delete(node);
  }

  /** Whether the two are confirmed neighbours. */
  adjacent(a: NodeId, b: NodeId): boolean {
    return (this.#edges.get(a)?.has(b) ?? false) && (this.#edges.get(b)?.has(a) ?? false);
  }

  edgesOf(node: NodeId): ReadonlyMap<NodeId, number> {
    return this.#edges.get(node) ?? new Map();
  }

  /** Cheapest paths from `self` (Dijkstra 1959), starting over its own live links. */
  pathsFrom(self: NodeId, own: ReadonlyMap<NodeId, number>): Map<NodeId, Path> {
    const paths = new Map<NodeId, Path>();
    const done = new Set<NodeId>([self]);
    for (const [node, cost] of own) paths.set(node, { nextHop: node, cost, hops: 1 });
    for (;;) {
      const nearest = cheapest(paths, done);
      if (!nearest) return paths;
      const [node, path] = nearest;
      done.add(node);
      for (const [next, cost] of this.#edges.get(node) ?? []) {
        if (done.has(next) || !this.adjacent(node, next)) continue;
        const known = paths.get(next);
        const total = path.cost + cost;
        if (known && known.cost <= total) continue;
        paths.set(next, { nextHop: path.nextHop, cost: total, hops: path.hops + 1 });
      }
    }
  }
}

function cheapest(paths: ReadonlyMap<NodeId, Path>, done: ReadonlySet<NodeId>): [NodeId, Path] | undefined {
  let best: [NodeId, Path] | undefined;
  for (const entry of paths) {
    if (done.has(entry[0])) continue;
    if (!best || entry[1].cost < best[1].cost || (entry[1].cost === best[1].cost && entry[0] < best[0])) best = entry;
  }
  return best;
}

function sameEdges(a: ReadonlyMap<NodeId, number>, b: ReadonlyMap<NodeId, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [node, cost] of a) if (b.get(node) !== cost) return false;
  return true;
}
