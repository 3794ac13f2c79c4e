import { readU16, readU32, writeU16, writeU32 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { SegmentReach } from './segment-reach.js';

const OFFER_BYTES = 20;
const At = { Number: 8, Hops: 14, Radius: 15, Digest: 16 } as const;
const NONE = '0000000000000000' as NodeId;
const Flag = { Room: 0x40, Whole: 0x80 } as const;
const RADIUS_BITS = 0x3f;
/** Beside the hops. */
const FULL = 0x80;
const HOPS_BITS = 0x7f;
const TWO_32 = 2 ** 32;

/** What a node says in its heartbeats of the segment it is in: its neighbours may be in it, too. */
export interface SegmentOffer extends SegmentReach {
  /** Absent while the node is in none. */
  readonly head: NodeId | undefined;
  /** Counted up by the head, as a sign of its life. Below 2^48. */
  readonly number: number;
  /** From the node to the head. */
  readonly hops: number;
  /** The mesh is small again: from this number on it has no segments. */
  readonly isWhole: boolean;
  /** Of what all segments are to hold. */
  readonly digest: number;
}

export function writeOffer(offer: SegmentOffer): Uint8Array {
  const bytes = new Uint8Array(OFFER_BYTES);
  bytes.set(nodeIdBytes(offer.head ?? NONE));
  writeU16(bytes, At.Number, Math.floor(offer.number / TWO_32));
  writeU32(bytes, At.Number + 2, offer.number % TWO_32);
  bytes[At.Hops] = Math.min(HOPS_BITS, offer.hops) | (offer.isFull ? FULL : 0);
  bytes[At.Radius] =
    Math.min(RADIUS_BITS, offer.radius) | (offer.hasRoom ? Flag.Room : 0) | (offer.isWhole ? Flag.Whole : 0);
  writeU32(bytes, At.Digest, offer.digest);
  return bytes;
}

/** `undefined` when it is malformed. */
export function readOffer(bytes: Uint8Array): SegmentOffer | undefined {
  if (bytes.length !== OFFER_BYTES) return undefined;
  const head = nodeIdOf(bytes);
  const [hops, radius] = [bytes[At.Hops] as number, bytes[At.Radius] as number];
  return {
    head: head === NONE ? undefined : head,
    number: readU16(bytes, At.Number) * TWO_32 + readU32(bytes, At.Number + 2),
    hops: hops & HOPS_BITS,
    radius: radius & RADIUS_BITS,
    hasRoom: (radius & Flag.Room) !== 0,
    isFull: (hops & FULL) !== 0,
    isWhole: (radius & Flag.Whole) !== 0,
    digest: readU32(bytes, At.Digest),
  };
}
