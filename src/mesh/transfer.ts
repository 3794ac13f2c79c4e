import { type MessageId, messageIdBytes, messageIdOf, type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import { PARCEL_LIFE_MAX_MS } from './parcels.js';
import { restedMs } from './rested.js';

export const TRANSFER_SPACE = 'transfers';
/** Chunks of one transfer: the smaller the payload, the smaller they are, so that a cut link costs little. */
const CHUNKS_AIMED_AT = 48;
const CHUNK_BYTES_MIN = 1_024;
const CHUNK_BYTES_MAX = 16_384;

/** A payload in chunks, as it is offered. */
export interface Manifest {
  readonly id: MessageId;
  readonly type: FrameType;
  readonly size: number;
  readonly chunkBytes: number;
  readonly digest: Uint8Array;
  readonly lifeMs: number;
  readonly ageMs: number;
}

/** One that lies on a disk. */
export interface KeptTransfer {
  readonly manifest: Manifest;
  readonly peer: NodeId;
  readonly priority: Priority;
}

export const chunkBytesFor = (size: number): number =>
  Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, Math.ceil(size / CHUNKS_AIMED_AT)));

export const chunkCount = ({ size, chunkBytes }: Manifest): number => Math.ceil(size / chunkBytes);

export const lengthOfChunk = ({ size, chunkBytes }: Manifest, index: number): number =>
  Math.min(chunkBytes, size - index * chunkBytes);

/** Key of its description on disk; `way` is `s` for what is sent, `r` for what is received. */
export const metaKey = (way: 's' | 'r', id: MessageId): string => `${way}/${id}`;

export const chunkKey = (way: 's' | 'r', id: MessageId, index: number): string =>
  `c${way}/${id}/${index.toString(16).padStart(4, '0')}`;

const toWire = (manifest: Manifest, ageMs: number) => ({
  message: messageIdBytes(manifest.id),
  type: manifest.type,
  size: manifest.size,
  chunkBytes: manifest.chunkBytes,
  digest: manifest.digest,
  lifeMs: manifest.lifeMs,
  ageMs: Math.max(0, Math.round(ageMs)),
});

function fromWire(offer: Body.Offer | undefined): Manifest | undefined {
  if (offer?.message.length !== 14 || offer.digest.length !== 32 || offer.type !== FrameType.Message) return undefined;
  const { size, chunkBytes, lifeMs, ageMs, digest } = offer;
  if (size < 1 || size > Limit.TransferBytes || chunkBytes !== chunkBytesFor(size)) return undefined;
  if (lifeMs < 1 || lifeMs > PARCEL_LIFE_MAX_MS) return undefined;
  return { id: messageIdOf(offer.message), type: offer.type, size, chunkBytes, digest, lifeMs, ageMs };
}

export const encodeOffer = (manifest: Manifest, ageMs: number): Uint8Array =>
  encode(Body.OfferSchema, toWire(manifest, ageMs));

export const readOffer = (body: Uint8Array): Manifest | undefined => fromWire(decode(Body.OfferSchema, body));

export const encodeKept = ({ manifest, peer, priority }: KeptTransfer, ageMs: number, now: Instant): Uint8Array =>
  encode(Body.KeptTransferSchema, {
    offer: toWire(manifest, ageMs),
    peer: nodeIdBytes(peer),
    priority,
    keptAtMs: BigInt(Math.max(0, Math.floor(now.wall))),
  });

/** What lies on a disk, as old as it is now. */
export function readKept(value: Uint8Array, now: Instant): KeptTransfer | undefined {
  const kept = decode(Body.KeptTransferSchema, value);
  const manifest = fromWire(kept?.offer);
  if (!kept || !manifest || kept.peer.length !== 8 || kept.priority > 3) return undefined;
  const ageMs = manifest.ageMs + restedMs(kept.keptAtMs, now);
  return { manifest: { ...manifest, ageMs }, peer: nodeIdOf(kept.peer), priority: kept.priority as Priority };
}
