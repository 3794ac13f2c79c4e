import type { MessageId, NodeId } from '../core/ids.js';
import type { FrameType, Priority } from '../wire/frame-types.js';

/** A message that came out of the mesh: whole, once, from a source whose boot is vouched for. */
export interface DeliveredMessage {
  readonly id: MessageId;
  readonly source: NodeId;
  readonly body: Uint8Array;
  readonly hops: number;
  readonly priority: Priority;
  /** To this node alone, not to everybody. */
  readonly directed: boolean;
  /** Of what was handed on later: how long ago it was sent. */
  readonly ageMs?: number;
}

/** How a service reaches other nodes. What it sends to its own id is delivered here, after the call returns. */
export interface MeshAccess {
  readonly self: NodeId;
  /** Nodes to which a path leads now, this one included. */
  members(): readonly NodeId[];
  /** `begin` is called with the id before anything is sent, so that no outcome can come first. */
  broadcast(
    type: FrameType,
    body: Uint8Array,
    options: { readonly priority: Priority },
    begin?: (id: MessageId) => void,
  ): MessageId;
  send(
    to: NodeId,
    type: FrameType,
    body: Uint8Array,
    options: {
      readonly priority: Priority;
      readonly ack?: boolean;
      /** With `ack`: kept until it is delivered or its time is over. */
      readonly keep?: boolean;
      readonly timeoutMs?: number;
    },
    begin?: (id: MessageId) => void,
  ): MessageId;
  /** An alert this node holds from before its restart: it goes on to neighbours that lack it. */
  restoreAlert(id: MessageId, body: Uint8Array, options: { readonly priority: Priority; readonly ageMs: number }): void;
  onDelivered(type: FrameType, listener: (message: DeliveredMessage) => void): () => void;
}
