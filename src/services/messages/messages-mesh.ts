import type { MessageId, NodeId } from '../../core/ids.js';
import type { MeshAccess } from '../mesh-access.js';
import type { Trail } from './trail.js';

export interface Outcome {
  readonly id: MessageId;
  readonly outcome: 'delivered' | 'expired' | 'refused';
  readonly code?: string;
  /** Who said so, when it was another than the one asked. */
  readonly node?: NodeId;
  /** How the word of it came back. */
  readonly back?: { readonly hops: number; readonly via: NodeId };
}

/** On the way of a message: kept on this node's disk or not, held, expired or given up by a keeper. */
export interface Waypoint {
  readonly id: MessageId;
  readonly what: 'kept' | 'unkept' | 'held' | 'expired' | 'given-up';
  readonly node?: NodeId;
  readonly code?: string;
}

/** Of a message that is too large for one frame after the other: what its destination has. */
export interface Progress {
  readonly id: MessageId;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What this service needs of the mesh beyond what all do. */
export interface MessagesMesh extends MeshAccess {
  /** Whether the node was ever heard of. */
  knows(node: NodeId): boolean;
  onProgress(listener: (progress: Progress) => void): () => void;
  onWaypoint(listener: (waypoint: Waypoint) => void): () => void;
  onTrail(listener: (trail: Trail) => void): () => void;
  onOutcome(listener: (outcome: Outcome) => void): () => void;
}
