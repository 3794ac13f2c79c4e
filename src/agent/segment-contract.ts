/** Where this node stands in a mesh too large to be one. */
export interface SegmentView {
  /** The node that speaks for this node's segment; absent while it is in none yet. */
  readonly head?: string;
  /** Nodes of the segment that can be reached, this one among them. */
  readonly members: number;
  /** Segments of the mesh, and nodes of all of them, by their heads' word. */
  readonly segments: number;
  readonly nodes: number;
}
