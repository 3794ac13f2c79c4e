import { COARSE_WORDS, FINE_WORDS } from './rotation.js';

/** How many bits differ between four words of `a` and four of `b`. The bytes of the four are counted together. */
function differing4(a: Int32Array, aAt: number, b: Int32Array, bAt: number): number {
  let v = (a[aAt] as number) ^ (b[bAt] as number);
  let w = (a[aAt + 1] as number) ^ (b[bAt + 1] as number);
  let x = (a[aAt + 2] as number) ^ (b[bAt + 2] as number);
  let y = (a[aAt + 3] as number) ^ (b[bAt + 3] as number);
  v = (v - ((v >>> 1) & 0x5555_5555)) | 0;
  w = (w - ((w >>> 1) & 0x5555_5555)) | 0;
  x = (x - ((x >>> 1) & 0x5555_5555)) | 0;
  y = (y - ((y >>> 1) & 0x5555_5555)) | 0;
  v = ((v & 0x3333_3333) + ((v >>> 2) & 0x3333_3333) + (w & 0x3333_3333) + ((w >>> 2) & 0x3333_3333)) | 0;
  x = ((x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333) + (y & 0x3333_3333) + ((y >>> 2) & 0x3333_3333)) | 0;
  v = (v & 0x0f0f_0f0f) + ((v >>> 4) & 0x0f0f_0f0f) + (x & 0x0f0f_0f0f) + ((x >>> 4) & 0x0f0f_0f0f);
  return Math.imul(v, 0x0101_0101) >>> 24;
}

/** Distances between a query's coarse words and those of rows `from` to `to`, into `out[outAt + row]`. */
export function coarseRows(
  query: Int32Array,
  coarse: Int32Array,
  from: number,
  to: number,
  out: Uint8Array,
  outAt: number,
): void {
  for (let row = from; row < to; row++) out[outAt + row] = differing4(query, 0, coarse, row * COARSE_WORDS);
}

/** Bits that differ between a query's fine words and those of one row. */
export function fineDistance(query: Int32Array, fine: Int32Array, row: number): number {
  const at = row * FINE_WORDS;
  return (
    differing4(query, COARSE_WORDS, fine, at) +
    differing4(query, COARSE_WORDS + 4, fine, at + 4) +
    differing4(query, COARSE_WORDS + 8, fine, at + 8)
  );
}

/** The same of one row's coarse words. */
export const coarseDistance = (query: Int32Array, coarse: Int32Array, row: number): number =>
  differing4(query, 0, coarse, row * COARSE_WORDS);
