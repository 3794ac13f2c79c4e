import { fromHex } from '../core/bytes.js';
import { MAX_HASH_BYTES, MIN_HASH_BYTES } from '../replication/limits.js';

/** Bytes of a detection's hash in hex, of either case; `undefined` when it is none. */
export function readHash(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length > MAX_HASH_BYTES * 2) return undefined;
  const hash = fromHex(value);
  return hash && hash.length >= MIN_HASH_BYTES ? hash : undefined;
}
