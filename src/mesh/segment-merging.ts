import type { NodeId } from '../core/ids.js';

/** A segment by its head's word. */
export interface SegmentSize {
  readonly size: number;
  /** Heads of those next to it. */
  readonly beyond: readonly NodeId[];
}

/** Two segments become one where they fill so much of the most at most; where one of them is a scrap, as much as there is. */
const FIT = 0.85;
export const SCRAP_BELOW = 0.12;

interface Pair {
  readonly sum: number;
  readonly heads: readonly [NodeId, NodeId];
}

const isBefore = (a: Pair, b: Pair): boolean => {
  if (a.sum !== b.sum) return a.sum < b.sum;
  return a.heads[0] === b.heads[0] ? a.heads[1] < b.heads[1] : a.heads[0] < b.heads[0];
};

/** The smallest that a segment could be together with one next to it. */
function bestPair(head: NodeId, sizes: ReadonlyMap<NodeId, SegmentSize>, most: number): Pair | undefined {
  const own = sizes.get(head);
  let best: Pair | undefined;
  for (const other of own?.beyond ?? []) {
    const theirs = sizes.get(other);
    if (!own || !theirs?.beyond.includes(head)) continue;
    const sum = own.size + theirs.size;
    const isScrap = Math.min(own.size, theirs.size) < SCRAP_BELOW * most;
    if (theirs.size === 0 || sum > (isScrap ? 1 : FIT) * most) continue;
    const pair: Pair = { sum, heads: head < other ? [head, other] : [other, head] };
    if (!best || isBefore(pair, best)) best = pair;
  }
  return best;
}

/**
 * The head whose segment this head's is to become part of: none while this one is the larger of the two, or the other had better join a third.
 * All who know the same summaries find the same, so two agree without a word; pairs in an order that all share never wait for each other in a circle.
 */
export function successorOf(head: NodeId, sizes: ReadonlyMap<NodeId, SegmentSize>, most: number): NodeId | undefined {
  const pair = bestPair(head, sizes, most);
  if (!pair) return undefined;
  const other = pair.heads[0] === head ? pair.heads[1] : pair.heads[0];
  const theirs = bestPair(other, sizes, most);
  if (!theirs?.heads.includes(head)) return undefined;
  const [own, its] = [sizes.get(head)?.size ?? 0, sizes.get(other)?.size ?? 0];
  const isToGo = own === its ? head > other : own < its;
  return isToGo ? other : undefined;
}
