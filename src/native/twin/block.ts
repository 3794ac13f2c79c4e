import { COARSE_WORDS, FINE_WORDS } from './rotation.js';
import { rowBytesOf } from './row-format.js';

export const BLOCK_ROWS = 1024;

/** What the rows of an index consist of. */
export interface RowLayout {
  readonly dimension: number;
  /** Rows have sketches. */
  readonly sketched: boolean;
  /** Rows may have float32 vectors, in a file. */
  readonly exact: boolean;
}

/** 1,024 rows (the last block of an index may have room for fewer) and their columns. */
export interface Block {
  /** As row-format.ts has it. */
  readonly vectors: Int8Array;
  /** 1 ÷ length of the row; 0 marks a hole. */
  readonly factor: Float32Array;
  /** Two words a key, the low one first. */
  readonly key: Uint32Array;
  readonly type: Uint16Array;
  readonly node: Uint32Array;
  readonly timeMs: Float64Array;
  /** The first words of the rows' sketches, and the others. */
  readonly coarse: Int32Array;
  readonly fine: Int32Array;
  /** Bit by bit: the file holds the row's float32 vector. */
  readonly exact: Uint8Array;
}

export const makeBlock = (rows: number, { dimension, sketched, exact }: RowLayout): Block => ({
  vectors: new Int8Array(rows * rowBytesOf(dimension)),
  factor: new Float32Array(rows),
  key: new Uint32Array(rows * 2),
  type: new Uint16Array(rows),
  node: new Uint32Array(rows),
  timeMs: new Float64Array(rows),
  coarse: new Int32Array(sketched ? rows * COARSE_WORDS : 0),
  fine: new Int32Array(sketched ? rows * FINE_WORDS : 0),
  exact: new Uint8Array(exact ? Math.ceil(rows / 8) : 0),
});

/** Bytes that the block of so many rows takes, with a byte a row for the distances of a search. */
export const blockBytes = (rows: number, { dimension, sketched, exact }: RowLayout): number =>
  rows * (rowBytesOf(dimension) + 26 + (sketched ? (COARSE_WORDS + FINE_WORDS) * 4 + 1 : 0)) +
  (exact ? Math.ceil(rows / 8) : 0);

export const hasExact = (block: Block, at: number): boolean => (((block.exact[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

export function setExact(block: Block, at: number, value: boolean): void {
  if (block.exact.length === 0) return;
  const bits = block.exact[at >> 3] as number;
  block.exact[at >> 3] = value ? bits | (1 << (at & 7)) : bits & ~(1 << (at & 7));
}

/** Copies a row, all but its exact vector; its sketch only when `withSketch`. */
export function copyRow(from: Block, f: number, to: Block, t: number, dimension: number, withSketch: boolean): void {
  const bytes = rowBytesOf(dimension);
  to.vectors.set(from.vectors.subarray(f * bytes, (f + 1) * bytes), t * bytes);
  to.key.set(from.key.subarray(f * 2, f * 2 + 2), t * 2);
  to.factor[t] = from.factor[f] as number;
  to.type[t] = from.type[f] as number;
  to.node[t] = from.node[f] as number;
  to.timeMs[t] = from.timeMs[f] as number;
  if (!withSketch) return;
  to.coarse.set(from.coarse.subarray(f * COARSE_WORDS, (f + 1) * COARSE_WORDS), t * COARSE_WORDS);
  to.fine.set(from.fine.subarray(f * FINE_WORDS, (f + 1) * FINE_WORDS), t * FINE_WORDS);
}
