// The index under test, through what everybody imports.
import { createHotPath } from 'edge-agent/hot-path';
import { CHUNK_ROWS } from './data-set.mjs';
import { K } from './settings.mjs';

/** @returns {import('edge-agent/hot-path').VectorIndex} with all rows of the set; keys are row numbers */
export function filledIndex(set, { hotPath = createHotPath(), columns, say, ...options } = {}) {
  const index = hotPath.index({ dimension: set.dimension, capacity: set.count, ...options });
  let told = 0;
  for (const { from, to, vectors } of set.chunks(CHUNK_ROWS)) {
    const keys = BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i));
    index.upsert(keys, vectors, columns?.(from, to));
    if (say === undefined || to - told < set.count / 4) continue;
    told = to;
    say(`${to} of ${set.count} rows …`);
  }
  return index;
}

export const jsHotPath = () => createHotPath({ kind: 'js' });

/** `native avx2` or `js javascript`. */
export const hotPathText = (hotPath) => `${hotPath.kind} (${hotPath.isa})`;

/** An engine for `interleaved`. */
export const engineOf = (name, index, options = {}, more = {}) => ({
  name,
  search: (query) => index.search(query, { k: K, ...options }).keys,
  ...more,
});

/** Bytes that searches read since the last call, or undefined where the index does not count them. */
export function bytesReadMeter(index) {
  const read = () => index.stats?.().bytesRead;
  let last = read();
  return () => {
    const now = read();
    const difference = now === undefined ? undefined : now - last;
    last = now;
    return difference;
  };
}
