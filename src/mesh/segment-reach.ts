/** Hops from a head that can be said: so far or farther. */
export const HOPS_MOST = 60;

/** How far a segment reaches from its head, and whether more fit in. */
export interface SegmentReach {
  readonly radius: number;
  /** There is room for more, even a little beyond the radius. */
  readonly hasRoom: boolean;
  /** There is room for nobody else, but for those of a segment that becomes part of this one. */
  readonly isFull: boolean;
}

const RADIUS_MAX = 15;
/** Where there is room, who finds no other segment joins so far beyond the radius. */
export const SPILL_HOPS = 2;
/** Who is in stays in so far beyond the radius: a way that changes is no reason to move. */
export const STAY_HOPS = SPILL_HOPS + 1;
/** Shares of the most nodes of a segment: it is made for so many, and has room below the other; … */
const MADE_FOR = 0.7;
const ROOM_BELOW = 0.5;
/** … from so many on it takes nobody in, and above so many it sends the farthest away: seldom, as those make one that has to find its place. */
const FULL_FROM = 0.95;
const SHRINK_ABOVE = 1.15;

export const NO_REACH: SegmentReach = { radius: 1, hasRoom: true, isFull: false };

export const isFullWith = (members: number, most: number): boolean => members >= FULL_FROM * most;

/** Of a segment that begins. `within`: how many nodes are known within so many hops; `before`: its radius before its head restarted. */
export function firstReach(within: (hops: number) => number, most: number, before: number): SegmentReach {
  let radius = 1;
  for (let last = 0; radius < RADIUS_MAX; radius++) {
    const next = within(radius + 1);
    // Where it ends what is known does, too.
    if (next > MADE_FOR * most || next === last) break;
    last = next;
  }
  return { ...NO_REACH, radius: Math.max(radius, Math.min(before, RADIUS_MAX)) };
}

/** With members so many hops away, in rising order. `mayShrink`: the last change has settled. */
export function reachWith(
  { radius }: SegmentReach,
  hops: readonly number[],
  most: number,
  mayShrink: boolean,
): SegmentReach {
  const room = { hasRoom: hops.length < ROOM_BELOW * most, isFull: isFullWith(hops.length, most) };
  const farthest = hops.at(-1) ?? 0;
  if (hops.length > SHRINK_ABOVE * most) {
    const last = hops[Math.floor(MADE_FOR * most)] ?? 1;
    return { ...room, radius: mayShrink ? Math.max(1, Math.min(radius - 1, last - STAY_HOPS)) : radius };
  }
  // Segments that became part of this one reach farther. Who only stays is no reason: it would creep on.
  const isFarther = farthest > radius + STAY_HOPS;
  return { ...room, radius: isFarther ? Math.min(HOPS_MOST - STAY_HOPS, farthest - SPILL_HOPS) : radius };
}
