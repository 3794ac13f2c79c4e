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
  const end = from + count;
  let levelAt = outAt + stride;
  let squares = 0;
  for (let at = 0; at < stride; at += CHUNK) {
    let levels = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const j = at + block * RUN;
      const level = levelFor(Math.max(peakOfRun(x, from + j, end), peakOfRun(x, from + j + HALF, end)), peak);
      const scale = LEVELS[level] as number;
      const factor = (ROW_PEAK * TOP_LEVEL) / scale / peak;
      levels |= level << (block * LEVEL_BITS);
      const sum =
        quantiseRun(x, from + j, end, factor, out, outAt + j) +
        quantiseRun(x, from + j + HALF, end, factor, out, outAt + j + HALF);
      squares += sum * scale * scale;
    }
    for (let byte = 0; byte < LEVEL_BYTES; byte++) out[levelAt++] = levels >>> (8 * byte);
  }
  return squares;
}

function peakOfRun(x: Float32Array, from: number, end: number): number {
  let peak = 0;
  for (let i = from; i < from + RUN && i < end; i++) peak = Math.max(peak, Math.abs(x[i] as number));
  return peak;
}

/** The least level that takes a block of this peak in a row of that. */
function levelFor(peak: number, rowPeak: number): number {
  let level = 0;
  while (level < LEVELS.length - 1 && peak > (rowPeak * (LEVELS[level] as number)) / TOP_LEVEL) level++;
  return level;
}

/** Beyond `end` there are zeros. */
function quantiseRun(x: Float32Array, from: number, end: number, factor: number, out: Int8Array, outAt: number): number {
  let squares = 0;
  for (let i = 0; i < RUN; i++) {
    const value = from + i < end ? (x[from + i] as number) * factor + ROUNDER - ROUNDER : 0;
    out[outAt + i] = value;
    squares += value * value;
  }
  return squares;
}

/** Writes the row of values that all have the same scale. Returns the sum of the squares of level × value. */
export function copyToRow(
  values: Int8Array,
  from: number,
  count: number,
  out: Int8Array,
  outAt: number,
): number {
  out.set(values.subarray(from, from + count), outAt);
  out.fill(-1, outAt + strideOf(count), outAt + rowBytesOf(count));
  return squaresOfRow(out, outAt, count);
}

/** Sum of the squares of level × value. */
export function squaresOfRow(rows: Int8Array, from: number, dimension: number): number {
  const stride = strideOf(dimension);
  let squares = 0;
  for (let at = 0; at < stride; at++) {
    const levels = levelsAt(rows, from + stride + Math.floor(at / CHUNK) * LEVEL_BYTES);
    const value = (rows[from + at] as number) * levelOf(levels, Math.floor((at % HALF) / RUN));
    squares += value * value;
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

/** Σ query × value of one block; the query's block starts at `j`, the row's at `at`. */
const blockOf = (query: Int16Array, j: number, rows: Int8Array, at: number): number =>
  (Math.imul(query[j] as number, rows[at] as number) +
    Math.imul(query[j + 1] as number, rows[at + 1] as number) +
    Math.imul(query[j + 2] as number, rows[at + 2] as number) +
    Math.imul(query[j + 3] as number, rows[at + 3] as number) +
    Math.imul(query[j + HALF] as number, rows[at + HALF] as number) +
    Math.imul(query[j + HALF + 1] as number, rows[at + HALF + 1] as number) +
    Math.imul(query[j + HALF + 2] as number, rows[at + HALF + 2] as number) +
    Math.imul(query[j + HALF + 3] as number, rows[at + HALF + 3] as number)) |
  0;

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
      a = (a + Math.imul(blockOf(query, j, rows, first + j), levelOf(levels0, block))) | 0;
      b = (b + Math.imul(blockOf(query, j, rows, second + j), levelOf(levels1, block))) | 0;
      c = (c + Math.imul(blockOf(query, j, rows, third + j), levelOf(levels2, block))) | 0;
      d = (d + Math.imul(blockOf(query, j, rows, fourth + j), levelOf(levels3, block))) | 0;
    }
    out[0] = (out[0] as number) + a;
    out[1] = (out[1] as number) + b;
    out[2] = (out[2] as number) + c;
    out[3] = (out[3] as number) + d;
  }
}
