import { fromHex, toHex } from './bytes.js';

/** The first 8 bytes of SHA-256 of a node's Ed25519 public key, as 16 lower-case hex digits. */
export type NodeId = string & { readonly __brand: 'NodeId' };

/** Source ‖ salt hint ‖ sequence, 14 bytes, as 28 lower-case hex digits. */
export type MessageId = string & { readonly __brand: 'MessageId' };

export const NODE_ID_BYTES = 8;
export const MESSAGE_ID_BYTES = 14;

export function parseNodeId(text: string): NodeId | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? (text as NodeId) : undefined;
}

export function parseMessageId(text: string): MessageId | undefined {
  return /^[0-9a-f]{28}$/.test(text) ? (text as MessageId) : undefined;
}

export const nodeIdOf = (bytes: Uint8Array, at = 0): NodeId => toHex(bytes.subarray(at, at + NODE_ID_BYTES)) as NodeId;

export const nodeIdBytes = (id: NodeId): Uint8Array => fromHex(id) as Uint8Array;

export const messageIdBytes = (id: MessageId): Uint8Array => fromHex(id) as Uint8Array;

export const messageIdOf = (bytes: Uint8Array, at = 0): MessageId =>
  toHex(bytes.subarray(at, at + MESSAGE_ID_BYTES)) as MessageId;
