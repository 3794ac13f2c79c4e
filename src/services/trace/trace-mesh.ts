import type { NodeId } from '../../core/ids.js';
import type { TraceReport } from '../../mesh/trace-steps.js';

/** What tracing needs of the mesh. */
export interface TraceMesh {
  readonly self: NodeId;
  /** Whether the node was ever heard of. */
  knows(node: NodeId): boolean;
  /** Unix ms; nothing for a node that was never heard of. */
  lastSeenAt(node: NodeId): number | undefined;
  /** As it calls itself; empty when that is not known. */
  nameOf(node: NodeId): string;
  /** Neighbours a frame may go to on its way there, the one it would go to now first. */
  waysTo(node: NodeId): readonly NodeId[];
  /** Sends a probe; reports may come before this returns. */
  probe(token: string, to: NodeId, via?: NodeId): void;
  onTrace(listener: (token: string, report: TraceReport) => void): () => void;
}
