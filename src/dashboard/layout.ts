/** Where the nodes of the picture stand: this node in the middle, others on rings by hops, each near who leads to it. */
export interface GraphNode {
  readonly id: string;
  readonly hops: number;
  /** The neighbour or node it is reached through; itself for a neighbour. */
  readonly via: string | undefined;
}

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly ring: number;
}

export const RING_MAX = 4;
const FULL_TURN = Math.PI * 2;

/** Positions on a plane where rings are one apart and this node is at 0, 0. The same input gives the same picture. */
export function placeNodes(nodes: readonly GraphNode[]): ReadonlyMap<string, Placed> {
  const placed = new Map<string, Placed>();
  const angles = new Map<string, number>();
  const deepest = Math.min(RING_MAX, Math.max(1, ...nodes.map((node) => node.hops)));
  const ringOf = (node: GraphNode): number => (node.hops === 0 ? deepest + 1 : Math.min(node.hops, RING_MAX));
  const rings = [...new Set(nodes.map(ringOf))].sort((a, b) => a - b);
  for (const ring of rings) {
    const wished = nodes
      .filter((node) => ringOf(node) === ring)
      .map((node) => ({
        node,
        wish: node.via === undefined || node.via === node.id ? undefined : angles.get(node.via),
      }))
      .sort((a, b) => (a.wish ?? FULL_TURN) - (b.wish ?? FULL_TURN) || (a.node.id < b.node.id ? -1 : 1));
    const gap = FULL_TURN / Math.max(wished.length, 3 * ring);
    let least = Number.NEGATIVE_INFINITY;
    for (const [index, { node, wish }] of wished.entries()) {
      const even = (index * FULL_TURN) / wished.length;
      const angle = wish === undefined ? (ring === 1 ? even : Math.max(least, even)) : Math.max(least, wish);
      least = angle + gap;
      angles.set(node.id, angle);
      placed.set(node.id, { id: node.id, x: Math.cos(angle) * ring, y: Math.sin(angle) * ring, ring });
    }
  }
  return placed;
}
