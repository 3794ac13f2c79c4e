import type { NodeId } from '../core/ids.js';
import type { SegmentSummary } from '../trust/segment-summary.js';

/** The mesh as one of segments, for people. */
export interface SegmentsView {
  /** Of this node's segment; absent while it is in none. */
  readonly head?: NodeId;
  /** Nodes of this node's segment that can be reached, this one among them. */
  readonly members: number;
  readonly segments: number;
  /** Of all segments, by their heads' word. */
  readonly nodes: number;
}

/** `members`: of this node's segment, this one among them; of the others as many as their heads say. */
export function segmentsView(head: NodeId | undefined, members: number, all: readonly SegmentSummary[]): SegmentsView {
  let [segments, nodes] = [1, members];
  for (const summary of all) {
    if (summary.head === head || summary.members.length === 0) continue;
    segments++;
    nodes += summary.members.length;
  }
  return { ...(head !== undefined && { head }), members, segments, nodes };
}
