/** Where the nodes of the picture stand: this node in the middle, others on rings by hops, each near who leads to it. */
export interface GraphNode {
  readonly id: string;
  /** 0 when no path is known: it stands on the first ring, with no line to it. */
  readonly hops: number;
  /** The node it is reached through; itself for a neighbour. */
  readonly via: string | undefined;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Further ones stand on the last ring. */
export const RING_MAX = 4;
const FULL_TURN = Math.PI * 2;

/**
 * Positions on a plane where rings are one apart, this node is at 0, 0 and the longest way leads to the right, where
 * a wide panel has room. The same input gives the same picture.
 */
export function placeNodes(nodes: readonly GraphNode[]): ReadonlyMap<string, Place> {
  const polar = new Map<string, { readonly angle: number; readonly ring: number }>();
  let farthest = { angle: 0, ring: 0 };
  for (let ring = 1; ring <= RING_MAX; ring++) {
    const onRing = nodes.filter((node) => Math.min(Math.max(1, node.hops), RING_MAX) === ring);
    const wished = onRing.map((node) => ({ node, wish: wishOf(node, ring, polar) }));
    wished.sort((a, b) => a.wish - b.wish || (a.node.id < b.node.id ? -1 : 1));
    for (const [index, angle] of spread(wished.map(({ wish }) => wish)).entries()) {
      const { node } = wished[index] as { node: GraphNode };
      polar.set(node.id, { angle, ring });
      if (ring > farthest.ring) farthest = { angle, ring };
    }
  }
  const place = ({ angle, ring }: { angle: number; ring: number }): Place => {
    const turned = angle - farthest.angle;
    return { x: Math.cos(turned) * ring, y: Math.sin(turned) * ring };
  };
  return new Map([...polar].map(([id, at]) => [id, place(at)]));
}

/** Those with a parent want its angle; the others come after them. */
function wishOf(node: GraphNode, ring: number, placed: ReadonlyMap<string, { readonly angle: number }>): number {
  if (ring === 1) return node.hops === 0 ? FULL_TURN : 0;
  return (node.via === undefined ? undefined : placed.get(node.via)?.angle) ?? FULL_TURN;
}

/** Angles near the wished ones, in their order, none closer to the next than a fair share of the turn allows. */
function spread(wishes: readonly number[]): readonly number[] {
  const gap = FULL_TURN / Math.max(wishes.length, 7);
  const first = wishes[0] ?? 0;
  // On the first ring all wish for the same: the turn is shared evenly.
  if (wishes.every((wish) => wish === 0 || wish === FULL_TURN)) {
    return wishes.map((_, index) => (index * FULL_TURN) / wishes.length);
  }
  const angles: number[] = [];
  for (const [index, wish] of wishes.entries()) {
    const roomLeft = first + FULL_TURN - gap * (wishes.length - index);
    const before = angles[index - 1];
    angles.push(Math.min(roomLeft, before === undefined ? wish : Math.max(before + gap, wish)));
  }
  return angles;
}
