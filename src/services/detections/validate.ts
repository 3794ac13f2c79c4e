import { unknownField } from '../../core/known-fields.js';
import type { RecordDraft } from '../../replication/effects.js';
import {
  MAX_HASH_BYTES,
  MAX_OBSERVED_AHEAD_MS,
  MAX_PURPOSE_LENGTH,
  MAX_TYPE_LENGTH,
  MIN_HASH_BYTES,
} from '../../replication/limits.js';
import { isPlainText } from '../../replication/record-check.js';
import { readHash } from '../hashes.js';
import { canonicalMetadata, isPlainObject } from '../metadata.js';
import { littleEndian, type Spaces } from '../spaces.js';
import { quantise, readEmbedding, sketchOf } from '../vectors.js';

export interface Fault {
  readonly code: string;
  readonly detail: string;
}

/** As seconds these are the years 2001 to 5138, as milliseconds a few months of the early seventies. */
const SECONDS_SINCE_2001 = 1e9;

const FIELDS = new Set(['hash', 'type', 'space', 'embedding', 'metadata', 'observedAt', 'purpose', 'expiresAt']);
const NO_METADATA = Uint8Array.of(0x7b, 0x7d);
/** Unix milliseconds that fit the protocol's clocks. */
const MAX_TIME_MS = 2 ** 48 - 1;

class Bad {
  readonly fault: Fault;
  constructor(code: string, detail: string) {
    this.fault = { code: `detection.${code}`, detail };
  }
}

/** A draft of what was pushed, or the first fault in it, naming field and limit. `wall` is now, in Unix milliseconds. */
export function readDetection(item: unknown, spaces: Spaces, wall: number): RecordDraft | { readonly fault: Fault } {
  if (!isPlainObject(item)) return new Bad('item', 'a detection must be an object.');
  const unknown = unknownField(item, FIELDS);
  if (unknown !== undefined) return new Bad('field', unknown);
  const hash = readHash(item['hash']);
  if (!hash) {
    const range = `${MIN_HASH_BYTES * 2} to ${MAX_HASH_BYTES * 2}`;
    return new Bad('hash', `hash: must be ${range} hex digits (${MIN_HASH_BYTES} to ${MAX_HASH_BYTES} bytes).`);
  }
  const { type, purpose = '' } = item;
  if (typeof type !== 'string' || !isPlainText(type, MAX_TYPE_LENGTH))
    return new Bad(
      'type',
      `type: must be a text of 1 to ${MAX_TYPE_LENGTH} characters, none of them control characters.`,
    );
  if (typeof purpose !== 'string' || !isPlainText(purpose, MAX_PURPOSE_LENGTH, true))
    return new Bad(
      'purpose',
      `purpose: must be a text of at most ${MAX_PURPOSE_LENGTH} characters, none of them control characters.`,
    );
  const metadata = item['metadata'] === undefined ? NO_METADATA : canonicalMetadata(item['metadata']);
  if (typeof metadata === 'string') return new Bad('metadata', `metadata: ${metadata}.`);
  const times = readTimes(item, wall);
  if (times instanceof Bad) return times;
  const vector = readVector(item, spaces);
  if (vector instanceof Bad) return vector;
  return { hash, type, purpose, metadata, ...times, ...(vector ? { vector } : {}) };
}

function readTimes(
  item: Readonly<Record<string, unknown>>,
  wall: number,
): Pick<RecordDraft, 'observedAt' | 'expiresAt'> | Bad {
  const { observedAt, expiresAt } = item;
  if (isTime(observedAt) && observedAt >= SECONDS_SINCE_2001 && observedAt < SECONDS_SINCE_2001 * 100)
    return new Bad('observedAt', `observedAt: ${observedAt} looks like seconds; give Unix milliseconds.`);
  if (observedAt !== undefined && (!isTime(observedAt) || observedAt > wall + MAX_OBSERVED_AHEAD_MS))
    return new Bad('observedAt', 'observedAt: must be Unix milliseconds, at most a day ahead of this node.');
  if (expiresAt !== undefined && (!isTime(expiresAt) || expiresAt <= wall))
    return new Bad('expiresAt', 'expiresAt: must be Unix milliseconds in the future.');
  return {
    ...(observedAt === undefined ? {} : { observedAt: Math.floor(observedAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: Math.floor(expiresAt) }),
  };
}

const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= MAX_TIME_MS;

function readVector(item: Readonly<Record<string, unknown>>, spaces: Spaces): RecordDraft['vector'] | Bad {
  const { space: name, embedding } = item;
  const space = name === undefined || typeof name === 'string' ? spaces.find(name) : undefined;
  if (!space) return new Bad('space', spaces.unknown(name));
  if (embedding === undefined) return undefined;
  const exact = readEmbedding(embedding, space.dimension);
  if (!(exact instanceof Float32Array)) return new Bad(`embedding.${exact.fault}`, exact.detail);
  const { int8, scale } = quantise(exact);
  return {
    space: space.id,
    int8: new Uint8Array(int8.buffer),
    scale,
    exact: littleEndian(exact),
    sketch: sketchOf(space, exact),
  };
}
