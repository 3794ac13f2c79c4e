import type { MessageId, NodeId } from '../core/ids.js';
import type { Delivered, MessageOutcome, PeerChange } from '../mesh/types.js';
import type { LinkAddress } from '../ports/radio.js';
import type { WeaveEffect } from '../replication/effects.js';
import type { SimNode } from './sim-node.js';

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
  readonly timeoutMs: number;
  readonly body: Uint8Array;
}

/**
 * Sees all that happens in a world, as it happens. `now` is virtual ms. A checker is an observer that speaks up
 * when something is wrong.
 */
export interface Observer {
  /** Before the node's first step of this life. */
  started?(node: SimNode, now: number): void;
  /** Left, or crashed. */
  ended?(node: SimNode, now: number): void;
  sent?(message: SentMessage): void;
  transmitted?(node: SimNode, what: Transmission, now: number): void;
  delivered?(node: SimNode, message: Delivered, now: number): void;
  outcome?(node: SimNode, id: MessageId, outcome: MessageOutcome, now: number): void;
  peer?(node: SimNode, peer: NodeId, change: PeerChange, now: number): void;
  records?(node: SimNode, effect: WeaveEffect, now: number): void;
  stepped?(node: SimNode, now: number): void;
  /** Every 100 virtual ms. */
  sampled?(now: number): void;
  /** The run is over and the mesh has been quiet for a while. */
  finished?(now: number): void;
}
