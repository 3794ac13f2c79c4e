import { fromHex, readU32, toHex } from './bytes.js';

/** The first 8 bytes of SHA-256 of a node's Ed25519 public key, as 16 lower-case hex digits. */
export type NodeId = string & { readonly __brand: 'NodeId' };

/** Source ‖ salt hint ‖ sequence, 14 bytes, as 28 lower-case hex digits. */
export type MessageId = string & { readonly __brand: 'MessageId' };

const NODE_ID_BYTES = 8;
export const MESSAGE_ID_BYTES = 14;

export function parseNodeId(text: string): NodeId | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? (text as NodeId) : undefined;
}

export function parseMessageId(text: string): MessageId | undefined {
  return /^[0-9a-f]{28}$/.test(text) ? (text as MessageId) : undefined;
}

/** Ids read of late: a frame names the same few again and again. A newer one takes the place of another. */
const READ_IDS = 1 << 14;
const readIds = new Array<NodeId | undefined>(READ_IDS);
const readHalves = new Uint32Array(2 * READ_IDS);

export function nodeIdOf(bytes: Uint8Array, at = 0): NodeId {
  if (bytes.length < at + NODE_ID_BYTES) return toHex(bytes.subarray(at)) as NodeId;
  const high = readU32(bytes, at);
  const low = readU32(bytes, at + 4);
  // Ids are hashes: any of their bits tell them apart.
  const slot = (high ^ low) & (READ_IDS - 1);
  const known = readIds[slot];
  if (known !== undefined && readHalves[2 * slot] === high && readHalves[2 * slot + 1] === low) return known;
  const id = toHex(bytes.subarray(at, at + NODE_ID_BYTES)) as NodeId;
  readIds[slot] = id;
  readHalves[2 * slot] = high;
  readHalves[2 * slot + 1] = low;
  return id;
}

export const nodeIdBytes = (id: NodeId): Uint8Array => fromHex(id) as Uint8Array;

export const messageIdBytes = (id: MessageId): Uint8Array => fromHex(id) as Uint8Array;

export const messageIdOf = (bytes: Uint8Array, at = 0): MessageId =>
  toHex(bytes.subarray(at, at + MESSAGE_ID_BYTES)) as MessageId;

/** Ids one after the other. */
export function nodeIdsBytes(ids: readonly NodeId[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * NODE_ID_BYTES);
  for (const [i, id] of ids.entries()) bytes.set(nodeIdBytes(id), i * NODE_ID_BYTES);
  return bytes;
}

/** `undefined` when these are no whole ids, or more than `most`. */
export function nodeIdsOf(bytes: Uint8Array, most: number): NodeId[] | undefined {
  if (bytes.length % NODE_ID_BYTES !== 0 || bytes.length / NODE_ID_BYTES > most) return undefined;
  return Array.from({ length: bytes.length / NODE_ID_BYTES }, (_, i) => nodeIdOf(bytes, i * NODE_ID_BYTES));
}
