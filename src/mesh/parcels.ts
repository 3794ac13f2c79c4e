import { concat, utf8 } from '../core/bytes.js';
import { type MessageId, messageIdBytes, messageIdOf, type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';
import { nodeIdOfKey } from '../trust/identity.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import { MAX_PAYLOAD_BYTES } from '../wire/header.js';
import { AHEAD_MS, type Pulse } from './pulse.js';

/** How old a kept message may become at most: 7 days. */
export const PARCEL_LIFE_MAX_MS = 7 * 86_400_000;
/** What stands around the body of a parcel in its frame, at most. */
const AROUND_BODY_BYTES = 256;
export const PARCEL_BODY_BYTES_MAX = MAX_PAYLOAD_BYTES - AROUND_BODY_BYTES;

const DOMAIN = utf8('edge-agent/1/parcel');

/** A message in custody, as its origin meant it. */
export interface ParcelView {
  readonly id: MessageId;
  readonly origin: NodeId;
  readonly to: NodeId;
  readonly type: FrameType;
  readonly priority: Priority;
  readonly lifeMs: number;
  readonly body: Uint8Array;
  /** Mesh time at its origin, Unix ms; 0 where that knew none. */
  readonly madeAtMs: number;
}

export const encodeCore = (parcel: Omit<ParcelView, 'origin'>): Uint8Array =>
  encode(Body.ParcelCoreSchema, {
    message: messageIdBytes(parcel.id),
    to: nodeIdBytes(parcel.to),
    type: parcel.type,
    priority: parcel.priority,
    lifeMs: parcel.lifeMs,
    body: parcel.body,
    madeAtMs: BigInt(parcel.madeAtMs),
  });

/** `undefined` when it is malformed, or no message of a user. */
export function readCore(core: Uint8Array): ParcelView | undefined {
  const read = decode(Body.ParcelCoreSchema, core);
  if (read?.message.length !== 14 || read.to.length !== 8) return undefined;
  if (read.type !== FrameType.Message || read.priority > 3) return undefined;
  if (read.lifeMs < 1 || read.lifeMs > PARCEL_LIFE_MAX_MS || read.body.length > PARCEL_BODY_BYTES_MAX) return undefined;
  return {
    id: messageIdOf(read.message),
    origin: nodeIdOf(read.message),
    to: nodeIdOf(read.to),
    type: read.type,
    priority: read.priority as Priority,
    lifeMs: read.lifeMs,
    body: read.body,
    madeAtMs: Math.min(Number.MAX_SAFE_INTEGER, Number(read.madeAtMs)),
  };
}

/**
 * How old a message is at least, whatever its carriers say: mesh time since its origin made it, less what two nodes' mesh times
 * may be apart. 0 where either knows no time.
 */
export const leastAgeMs = (
  { madeAtMs }: Pick<ParcelView, 'madeAtMs'>,
  { isKnown }: Pick<Pulse, 'isKnown'>,
  { wall }: Pick<Instant, 'wall'>,
): number => (isKnown && madeAtMs > 0 ? Math.max(0, wall - madeAtMs - AHEAD_MS) : 0);

export const signCore = (crypto: Crypto, keys: KeyPair, core: Uint8Array): Uint8Array =>
  crypto.sign(keys, concat(DOMAIN, core));

/** Whether the origin named in the core signed it: a keeper can neither change nor make up a message. */
export function isSignedBy(
  crypto: Crypto,
  origin: NodeId,
  { core, publicKey, signature }: { core: Uint8Array; publicKey: Uint8Array; signature: Uint8Array },
): boolean {
  if (publicKey.length !== 32 || nodeIdOfKey(crypto, publicKey) !== origin) return false;
  return crypto.verify(publicKey, concat(DOMAIN, core), signature);
}
