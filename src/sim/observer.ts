import type { MessageId, NodeId } from '../core/ids.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Delivered, MeshEffect, MessageOutcome, PeerChange } from '../mesh/types.js';
import type { LinkAddress } from '../ports/radio.js';
import type { WeaveEffect } from '../replication/effects.js';
import type { Weave } from '../replication/weave.js';
import type { Priority } from '../wire/frame-types.js';

/** A simulated device, to look at. `mesh` and `weave` are there while it is running. */
export interface ObservedNode {
  readonly index: number;
  readonly id: NodeId;
  readonly running: boolean;
  /** How often it has started. */
  readonly life: number;
  /** Steps of all lives. */
  readonly steps: number;
  readonly mesh: Mesh;
  readonly weave: Weave;
  wall(): number;
}

export interface Transmission {
  readonly radio: number;
  readonly to?: LinkAddress;
  readonly frame: Uint8Array;
}

/** A message a scenario put in. */
export interface SentMessage {
  readonly id: MessageId;
  readonly from: number;
  /** Virtual ms. */
  readonly at: number;
  /** Absent when it was meant for everybody. */
  readonly to?: number;
  readonly ack: boolean;
  /** Stored and forwarded where the way is cut. */
  readonly keep?: boolean;
  readonly priority: Priority;
  readonly timeoutMs: number;
  readonly body: Uint8Array;
}

/** Hashes a scenario has a node put or erase. */
export interface Recording {
  readonly kind: 'put' | 'erase';
  readonly node: number;
  readonly ticket: number;
  readonly hashes: readonly Uint8Array[];
}

/**
 * Sees all that happens in a world, as it happens. `now` is virtual ms. A checker is an observer that speaks up
 * when something is wrong.
 */
export interface Observer {
  recording?(what: Recording): void;
  /** Before the node's first step of this life. */
  started?(node: ObservedNode, now: number): void;
  /** Left, or crashed. */
  ended?(node: ObservedNode, now: number): void;
  sent?(message: SentMessage): void;
  transmitted?(node: ObservedNode, what: Transmission, now: number): void;
  delivered?(node: ObservedNode, message: Delivered, now: number): void;
  outcome?(
    node: ObservedNode,
    id: MessageId,
    outcome: MessageOutcome,
    now: number,
    effect: Extract<MeshEffect, { kind: 'outcome' }>,
  ): void;
  progress?(node: ObservedNode, effect: Extract<MeshEffect, { kind: 'progress' }>, now: number): void;
  receipt?(node: ObservedNode, effect: Extract<MeshEffect, { kind: 'receipt' }>, now: number): void;
  trail?(node: ObservedNode, effect: Extract<MeshEffect, { kind: 'trail' }>, now: number): void;
  trace?(node: ObservedNode, effect: Extract<MeshEffect, { kind: 'trace' }>, now: number): void;
  peer?(node: ObservedNode, peer: NodeId, change: PeerChange, now: number): void;
  records?(node: ObservedNode, effect: WeaveEffect, now: number): void;
  stepped?(node: ObservedNode, now: number): void;
  /** All inputs are handled; the engine wants to be woken at `deadline`. */
  rested?(node: ObservedNode, deadline: number | undefined, now: number): void;
  /** Every 100 virtual ms. */
  sampled?(now: number): void;
  /** The run is over and the mesh has been quiet for a while. */
  finished?(now: number): void;
}
