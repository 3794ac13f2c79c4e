import { ROUNDER } from './quantise.js';

/**
 * How a vector lies in a row: int8 values, and behind them three bits for every eight of them that say their scale. See
 * native/core/row_format.hpp.
 */

/** Rows are padded with zeros to whole chunks, of eight blocks each: component j of a chunk is of block j % 32 / 4. */
const CHUNK = 64;
const HALF = CHUNK / 2;
const BLOCKS = 8;
const RUN = HALF / BLOCKS;

const ROW_PEAK = 127;
const LEVELS = Int32Array.of(18, 26, 31, 36, 41, 47, 54, 64);
const LEVEL_BITS = 3;
const LEVEL_BYTES = 3;
const TOP_BITS = 6;
export const TOP_LEVEL = 1 << TOP_BITS;

export const strideOf = (dimension: number): number => Math.ceil(dimension / CHUNK) * CHUNK;

/** Bytes of a row, its levels included. */
export const rowBytesOf = (dimension: number): number => (strideOf(dimension) / CHUNK) * (CHUNK + LEVEL_BYTES);

/** The levels of one chunk, from where they lie; block 0's are the lowest bits. */
const levelsAt = (rows: Int8Array, at: number): number =>
  ((rows[at] as number) & 0xff) | (((rows[at + 1] as number) & 0xff) << 8) | (((rows[at + 2] as number) & 0xff) << 16);

const levelOf = (levels: number, block: number): number => LEVELS[(levels >>> (block * LEVEL_BITS)) & 7] as number;

/**
 * Writes the row of a vector to `out[outAt, …)`: each block at the least level that fits it. `peak` is the vector's.
 * Returns the sum of the squares of level × value.
 */
export function quantiseRow(
  x: Float32Array,
  from: number,
  count: number,
  peak: number,
  out: Int8Array,
  outAt: number,
): number {
  const stride = strideOf(count);
  if (stride !== count) {
    const padded = new Float32Array(stride);
    padded.set(x.subarray(from, from + count));
    return quantiseRow(padded, 0, stride, peak, out, outAt);
  }
  let levelAt = outAt + stride;
  let squares = 0;
  for (let at = 0; at < stride; at += CHUNK) {
    let levels = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const j = at + block * RUN;
      const level = levelFor(peakOfBlock(x, from + j), peak);
      const scale = LEVELS[level] as number;
      levels |= level << (block * LEVEL_BITS);
      squares += quantiseBlock(x, from + j, (ROW_PEAK * TOP_LEVEL) / scale / peak, out, outAt + j) * scale * scale;
    }
    for (let byte = 0; byte < LEVEL_BYTES; byte++) out[levelAt++] = levels >>> (8 * byte);
  }
  return squares;
}

function peakOfBlock(x: Float32Array, from: number): number {
  let peak = 0;
  for (let i = from; i < from + RUN; i++) {
    const a = Math.abs(x[i] as number);
    const b = Math.abs(x[i + HALF] as number);
    if (a > peak) peak = a;
    if (b > peak) peak = b;
  }
  return peak;
}

/** The least level that takes a block of this peak in a row of that. */
function levelFor(peak: number, rowPeak: number): number {
  let level = 0;
  while (level < LEVELS.length - 1 && peak * TOP_LEVEL > rowPeak * (LEVELS[level] as number)) level++;
  return level;
}

function quantiseBlock(x: Float32Array, from: number, factor: number, out: Int8Array, outAt: number): number {
  let squares = 0;
  for (let i = 0; i < RUN; i++) {
    const a = (x[from + i] as number) * factor + ROUNDER - ROUNDER;
    const b = (x[from + i + HALF] as number) * factor + ROUNDER - ROUNDER;
    out[outAt + i] = a;
    out[outAt + i + HALF] = b;
    squares += a * a + b * b;
  }
  return squares;
}

/** Writes the row of values that all have the same scale. Returns the sum of the squares of level × value. */
export function copyToRow(values: Int8Array, from: number, count: number, out: Int8Array, outAt: number): number {
  out.set(values.subarray(from, from + count), outAt);
  out.fill(-1, outAt + strideOf(count), outAt + rowBytesOf(count));
  return squaresOfRow(out, outAt, count);
}

/** Sum of the squares of level × value. */
export function squaresOfRow(rows: Int8Array, from: number, dimension: number): number {
  const stride = strideOf(dimension);
  let levelAt = from + stride;
  let squares = 0;
  for (let at = from; at < from + stride; at += CHUNK) {
    const levels = levelsAt(rows, levelAt);
    levelAt += LEVEL_BYTES;
    for (let j = 0; j < CHUNK; j++) {
      const value = Math.imul(rows[at + j] as number, levelOf(levels, (j % HALF) >> 2));
      squares += value * value;
    }
  }
  return squares;
}

/** The row's components at the top level all of them, rounded half up: what a sketch is made of. */
export function evenRow(rows: Int8Array, from: number, dimension: number, out: Int8Array): void {
  const stride = strideOf(dimension);
  let levelAt = from + stride;
  for (let at = 0; at < stride; at += CHUNK) {
    const levels = levelsAt(rows, levelAt);
    levelAt += LEVEL_BYTES;
    for (let block = 0; block < BLOCKS; block++) {
      const level = levelOf(levels, block);
      for (let j = at + block * RUN; j < at + (block + 1) * RUN; j++) {
        out[j] = ((rows[from + j] as number) * level + TOP_LEVEL / 2) >> TOP_BITS;
        out[j + HALF] = ((rows[from + j + HALF] as number) * level + TOP_LEVEL / 2) >> TOP_BITS;
      }
    }
  }
}

/**
 * The exact sums of products of a query (padded as a row is) and the rows that start at the four indexes in `at`, into
 * `out`. Four rows share the loads of the query.
 */
export function dotFour(query: Int16Array, rows: Int8Array, at: Int32Array, out: Float64Array): void {
  const stride = query.length;
  const first = at[0] as number;
  const second = at[1] as number;
  const third = at[2] as number;
  const fourth = at[3] as number;
  out.fill(0);
  let levelAt = stride;
  for (let from = 0; from < stride; from += CHUNK) {
    const levels0 = levelsAt(rows, first + levelAt);
    const levels1 = levelsAt(rows, second + levelAt);
    const levels2 = levelsAt(rows, third + levelAt);
    const levels3 = levelsAt(rows, fourth + levelAt);
    levelAt += LEVEL_BYTES;
    // Of one chunk 32 bits hold the sum: 64 products of 4,095 × 128, each times 64.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const j = from + block * RUN;
      const q0 = query[j] as number;
      const q1 = query[j + 1] as number;
      const q2 = query[j + 2] as number;
      const q3 = query[j + 3] as number;
      const q4 = query[j + HALF] as number;
      const q5 = query[j + HALF + 1] as number;
      const q6 = query[j + HALF + 2] as number;
      const q7 = query[j + HALF + 3] as number;
      let sum = 0;
      let p = 0;
      p = first + j;
      sum = Math.imul(q0, rows[p] as number) + Math.imul(q1, rows[p + 1] as number);
      sum += Math.imul(q2, rows[p + 2] as number) + Math.imul(q3, rows[p + 3] as number);
      sum += Math.imul(q4, rows[p + HALF] as number) + Math.imul(q5, rows[p + HALF + 1] as number);
      sum += Math.imul(q6, rows[p + HALF + 2] as number) + Math.imul(q7, rows[p + HALF + 3] as number);
      a = (a + Math.imul(sum, levelOf(levels0, block))) | 0;
      p = second + j;
      sum = Math.imul(q0, rows[p] as number) + Math.imul(q1, rows[p + 1] as number);
      sum += Math.imul(q2, rows[p + 2] as number) + Math.imul(q3, rows[p + 3] as number);
      sum += Math.imul(q4, rows[p + HALF] as number) + Math.imul(q5, rows[p + HALF + 1] as number);
      sum += Math.imul(q6, rows[p + HALF + 2] as number) + Math.imul(q7, rows[p + HALF + 3] as number);
      b = (b + Math.imul(sum, levelOf(levels1, block))) | 0;
      p = third + j;
      sum = Math.imul(q0, rows[p] as number) + Math.imul(q1, rows[p + 1] as number);
      sum += Math.imul(q2, rows[p + 2] as number) + Math.imul(q3, rows[p + 3] as number);
      sum += Math.imul(q4, rows[p + HALF] as number) + Math.imul(q5, rows[p + HALF + 1] as number);
      sum += Math.imul(q6, rows[p + HALF + 2] as number) + Math.imul(q7, rows[p + HALF + 3] as number);
      c = (c + Math.imul(sum, levelOf(levels2, block))) | 0;
      p = fourth + j;
      sum = Math.imul(q0, rows[p] as number) + Math.imul(q1, rows[p + 1] as number);
      sum += Math.imul(q2, rows[p + 2] as number) + Math.imul(q3, rows[p + 3] as number);
      sum += Math.imul(q4, rows[p + HALF] as number) + Math.imul(q5, rows[p + HALF + 1] as number);
      sum += Math.imul(q6, rows[p + HALF + 2] as number) + Math.imul(q7, rows[p + HALF + 3] as number);
      d = (d + Math.imul(sum, levelOf(levels3, block))) | 0;
    }
    out[0] = (out[0] as number) + a;
    out[1] = (out[1] as number) + b;
    out[2] = (out[2] as number) + c;
    out[3] = (out[3] as number) + d;
  }
}
