import { BLOCK_ROWS, type Block } from './block.js';
import { LearnedMean } from './learned-mean.js';
import { Mean } from './mean.js';
import { COARSE_WORDS, FINE_WORDS, Rotation } from './rotation.js';
import { evenRow, rowBytesOf, squaresOfRow, strideOf, TOP_LEVEL } from './row-format.js';

/** Rows that an upsert sketches anew while a new mean comes into use: so many, and so many more for each key. */
const ANEW_A_BATCH = 64;
const ANEW_A_KEY = 4;

/**
 * The sketches of an index's rows, and the mean they are taken about. When a learned mean comes into use, rows are
 * sketched anew bit by bit, with every upsert: those below a frontier are about the new mean, those above about the
 * old one, and a search knows which.
 */
export class Sketches {
  readonly rotation: Rotation;
  readonly #dimension: number;
  readonly #rowBytes: number;
  readonly #even: Int8Array;
  readonly #y: Int32Array;
  #learned: LearnedMean | undefined;
  #mean: Mean;
  #before: Mean | undefined;
  #frontier = 0;

  constructor(dimension: number, seed: number, mean: Float32Array | undefined) {
    this.#dimension = dimension;
    this.#rowBytes = rowBytesOf(dimension);
    this.#even = new Int8Array(strideOf(dimension));
    this.rotation = new Rotation(dimension, seed);
    this.#y = new Int32Array(this.rotation.padded);
    this.#mean = new Mean(mean && this.rotation.applyToMean(mean), this.rotation.scale);
    this.#learned = mean === undefined ? new LearnedMean(this.rotation.padded) : undefined;
  }

  get bytes(): number {
    const means = this.#mean.bytes + (this.#before?.bytes ?? 0) + (this.#learned?.bytes ?? 0);
    return this.rotation.bytes + this.#even.byteLength + this.#y.byteLength + means;
  }

  /** The mean of the rows below `frontier`. */
  get mean(): Mean {
    return this.#mean;
  }

  /** The mean of the other rows, while there are two. */
  get before(): Mean | undefined {
    return this.#before;
  }

  /** First row that is still sketched about the mean of before. */
  get frontier(): number {
    return this.#before === undefined ? Number.POSITIVE_INFINITY : this.#frontier;
  }

  /** Rotates the row at `from`, whose squares are given; returns their sum in the row that was rotated. */
  rotate(rows: Int8Array, from: number, squares: number, out: Int32Array): number {
    evenRow(rows, from, this.#dimension, this.#even);
    this.rotation.apply(this.#even, 0, out);
    return squares / TOP_LEVEL ** 2;
  }

  /** Sketches a row that was written, learns from it, and may take a new mean into use. */
  write(row: number, block: Block, rowSquares: number): void {
    const squares = this.rotate(block.vectors, (row % BLOCK_ROWS) * this.#rowBytes, rowSquares, this.#y);
    this.#sketch(row < this.frontier ? this.#mean : (this.#before as Mean), row, block, squares);
    const learned = this.#learned;
    if (learned === undefined) return;
    learned.add(this.#y, squares);
    // A mean that comes while rows are sketched anew is let pass: the next one will be better.
    const better = this.#before === undefined ? learned.betterThan(this.#mean) : undefined;
    if (learned.isDone) this.#learned = undefined;
    if (better === undefined) return;
    this.#before = this.#mean;
    this.#mean = new Mean(better, this.rotation.scale);
    this.#frontier = 0;
  }

  /** What an upsert of so many keys does for the new mean before anything else; `rows` in use now. */
  advance(blocks: readonly Block[], rows: number, keys: number): void {
    if (this.#before === undefined) return;
    const end = Math.min(rows, this.#frontier + ANEW_A_BATCH + ANEW_A_KEY * keys);
    for (; this.#frontier < end; this.#frontier++) {
      const block = blocks[Math.floor(this.#frontier / BLOCK_ROWS)] as Block;
      if (block.factor[this.#frontier % BLOCK_ROWS] !== 0) this.#anew(this.#frontier, block);
    }
    this.settle(rows);
  }

  /** Whether a row that moves keeps its sketch. */
  isKept(from: number, to: number): boolean {
    return from < this.frontier === to < this.frontier;
  }

  /** A row came below the frontier from above it. */
  moved(row: number, block: Block): void {
    this.#anew(row, block);
  }

  /** Lets go of the mean that no row has any more. */
  settle(rows: number): void {
    if (this.#frontier >= rows) this.#before = undefined;
  }

  #anew(row: number, block: Block): void {
    const from = (row % BLOCK_ROWS) * this.#rowBytes;
    const squares = this.rotate(block.vectors, from, squaresOfRow(block.vectors, from, this.#dimension), this.#y);
    this.#sketch(this.#mean, row, block, squares);
  }

  #sketch(mean: Mean, row: number, block: Block, squares: number): void {
    const at = row % BLOCK_ROWS;
    mean.sketch(this.#y, squares, block.coarse, at * COARSE_WORDS, block.fine, at * FINE_WORDS);
    mean.count(this.#y, squares);
  }
}
