import { equalBytes, fromUtf8 } from '../core/bytes.js';
import { HLC_MAX_AHEAD_MS, hlcMs } from '../core/hlc.js';
import type { Crypto } from '../ports/crypto.js';
import type { Record, RecordCore, Tombstone } from '../wire/gen/edge_pb.js';
import {
  MAX_DIMENSION,
  MAX_HASH_BYTES,
  MAX_METADATA_BYTES,
  MAX_METADATA_DEPTH,
  MAX_OBSERVED_AHEAD_MS,
  MAX_PURPOSE_LENGTH,
  MAX_TOMBSTONE_LIFE_MS,
  MAX_TYPE_LENGTH,
  MIN_HASH_BYTES,
} from './limits.js';

/** A vector of norm 1 keeps its norm within this when quantised, at any dimension. */
const NORM_TOLERANCE = 0.15;
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are to be kept out.
const PLAIN_TEXT = /^[^\u0000-\u001f\u007f\ud800-\udfff]*$/u;

/** Text without control characters and lone surrogates, of 1 to `max` characters (0 when `optional`). */
export const isPlainText = (text: string, max: number, optional = false): boolean =>
  (optional || text.length > 0) && text.length <= max && PLAIN_TEXT.test(text);

const isHash = (hash: Uint8Array): boolean => hash.length >= MIN_HASH_BYTES && hash.length <= MAX_HASH_BYTES;

/** Whether a JSON value is nested no deeper than `limit` objects or arrays. */
function isShallow(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (limit === 0) return false;
  for (const inner of Object.values(value)) if (!isShallow(inner, limit - 1)) return false;
  return true;
}

function isMetadata(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_METADATA_BYTES) return false;
  if (bytes.length === 2 && bytes[0] === 0x7b && bytes[1] === 0x7d) return true;
  const text = fromUtf8(bytes);
  if (text === undefined) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && isShallow(value, MAX_METADATA_DEPTH);
  } catch {
    return false;
  }
}

const isDigest = (bytes: Uint8Array, present: boolean): boolean => bytes.length === (present ? 32 : 0);

/** Why a core is refused, or `undefined`. Says nothing about who signed it. */
export function coreFault(core: RecordCore, maxRetentionMs: number): string | undefined {
  if (core.author.length !== 8) return 'author';
  if (!isHash(core.hash)) return 'hash';
  if (core.bootSalt.length !== 16) return 'salt';
  if (core.contentVersion < 1) return 'version';
  if (!isPlainText(core.type, MAX_TYPE_LENGTH)) return 'type';
  if (!isPlainText(core.purpose, MAX_PURPOSE_LENGTH, true)) return 'purpose';
  const vector = core.dimension > 0;
  if (core.dimension > MAX_DIMENSION || core.space.length !== (vector ? 8 : 0)) return 'space';
  if (!isDigest(core.sketchHash, vector) || !isDigest(core.exactHash, vector)) return 'vector';
  if (!isDigest(core.int8Hash, vector && core.int8Hash.length > 0)) return 'vector';
  const stamp = hlcMs(core.hlc);
  if (Number(core.observedAtMs) > stamp + MAX_OBSERVED_AHEAD_MS) return 'observed';
  if (core.expiresAtMs === 0n || Number(core.expiresAtMs) > stamp + maxRetentionMs + HLC_MAX_AHEAD_MS) return 'expiry';
  return isMetadata(core.metadata) ? undefined : 'metadata';
}

/** What an int8 vector's hash covers: its bytes and its scale as a little-endian float32. */
export function int8HashOf(crypto: Crypto, int8: Uint8Array, scale: number): Uint8Array {
  const tail = new Uint8Array(4);
  new DataView(tail.buffer).setFloat32(0, scale, true);
  return crypto.sha256(int8, tail);
}

/** Whether the vector that travels with a record is the one its core names. */
export function vectorFault(crypto: Crypto, core: RecordCore, record: Record): string | undefined {
  if (core.int8Hash.length === 0) return record.int8.length === 0 ? undefined : 'vector';
  if (record.int8.length !== core.dimension || !(record.scale > 0)) return 'vector';
  let sum = 0;
  for (const byte of record.int8) {
    const value = (byte << 24) >> 24;
    sum += value * value;
  }
  if (Math.abs(Math.sqrt(sum) * record.scale - 1) > NORM_TOLERANCE) return 'vector';
  return equalBytes(int8HashOf(crypto, record.int8, record.scale), core.int8Hash) ? undefined : 'vector';
}

/** Why a tombstone is refused, or `undefined`. */
export function tombstoneFault(tombstone: Tombstone): string | undefined {
  if (!isHash(tombstone.hash)) return 'hash';
  if (tombstone.eraser.length !== 8) return 'author';
  const created = Number(tombstone.createdAtMs);
  if (Math.abs(hlcMs(tombstone.hlc) - created) > HLC_MAX_AHEAD_MS * 2) return 'stamp';
  const life = Number(tombstone.expiresAtMs) - created;
  return life > 0 && life <= MAX_TOMBSTONE_LIFE_MS ? undefined : 'expiry';
}

/** A tombstone outlives every record it may have to kill: no record lives longer than the retention, give or take the clocks. */
export const tombstoneLifeMs = (maxRetentionMs: number): number => maxRetentionMs + HLC_MAX_AHEAD_MS;
