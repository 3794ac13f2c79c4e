import { concat, readU32, utf8, writeU32 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf, nodeIdsBytes, nodeIdsOf } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Crypto } from '../ports/crypto.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { nodeIdOfKey, PUBLIC_KEY_BYTES, type Self } from './identity.js';

const LABEL = utf8('edge-agent/1/segment');
const MEMBER_BYTES = 4;
const CONDITIONS = 4;

/** What the head of a segment says of it to all others. */
export interface SegmentSummary {
  readonly head: NodeId;
  /** First four bytes of each member's id, in rising order; none: the segment is no more. */
  readonly members: Uint32Array;
  /** Heads of the segments next to it. */
  readonly beyond: readonly NodeId[];
  /** Members that are active, idle, processing, offline. */
  readonly conditions: readonly number[];
}

interface ParsedSegment extends SegmentSummary {
  /** Orders the summaries of one head: newer is greater. */
  readonly rank: bigint;
  readonly publicKey: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Of a summary's rank: which start of its head said it. */
export const bootOf = (rank: bigint): bigint => rank >> 32n;

/** The first four bytes of an id: in a mesh of thousands it is rare that two share them, and then two segments are tried. */
export const memberOf = (node: NodeId): number => Number.parseInt(node.slice(0, 2 * MEMBER_BYTES), 16);

/** Bytes of a SignedSegment of this node's own. `members` in any order. */
export function signSegment(
  crypto: Crypto,
  self: Self,
  number: number,
  summary: Omit<SegmentSummary, 'head' | 'members'> & { readonly members: readonly NodeId[] },
): Uint8Array {
  const members = [...new Set(summary.members.map(memberOf))].sort((a, b) => a - b).slice(0, Limit.SegmentMembers);
  const packed = new Uint8Array(members.length * MEMBER_BYTES);
  for (const [i, member] of members.entries()) writeU32(packed, i * MEMBER_BYTES, member);
  const body = encode(Body.SegmentSchema, {
    head: nodeIdBytes(self.id),
    publicKey: self.keys.publicKey,
    bootCounter: self.boot.counter,
    number,
    members: packed,
    beyond: nodeIdsBytes(summary.beyond.slice(0, Limit.SegmentNeighbours)),
    conditions: [...summary.conditions],
  });
  return encode(Body.SignedSegmentSchema, { body, signature: crypto.sign(self.keys, concat(LABEL, body)) });
}

/** What the bytes claim, or `undefined` when anything in it is out of bounds. Nothing is verified. */
export function parseSegment(bytes: Uint8Array): ParsedSegment | undefined {
  const outer = decode(Body.SignedSegmentSchema, bytes);
  const body = outer && decode(Body.SegmentSchema, outer.body);
  if (!outer || !body || body.head.length !== 8 || body.publicKey.length !== PUBLIC_KEY_BYTES) return undefined;
  if (body.conditions.length > CONDITIONS || body.members.length % MEMBER_BYTES !== 0) return undefined;
  const count = body.members.length / MEMBER_BYTES;
  const beyond = nodeIdsOf(body.beyond, Limit.SegmentNeighbours);
  if (!beyond || count > Limit.SegmentMembers) return undefined;
  const members = Uint32Array.from({ length: count }, (_, i) => readU32(body.members, i * MEMBER_BYTES));
  for (let i = 1; i < count; i++) if ((members[i - 1] as number) >= (members[i] as number)) return undefined;
  const head = nodeIdOf(body.head);
  if (count > 0 && !members.includes(memberOf(head))) return undefined;
  return {
    head,
    members,
    beyond,
    conditions: body.conditions,
    rank: (BigInt(body.bootCounter) << 32n) | BigInt(body.number),
    publicKey: body.publicKey,
    signed: outer.body,
    signature: outer.signature,
  };
}

/** Whether its head said so. */
export const isSegmentSigned = (crypto: Crypto, { head, publicKey, signed, signature }: ParsedSegment): boolean =>
  nodeIdOfKey(crypto, publicKey) === head && crypto.verify(publicKey, concat(LABEL, signed), signature);
