import { hotPathError } from '../checks.js';
import { BLOCK_ROWS, type Block, blockBytes, copyRow, hasExact, makeBlock, type RowLayout, setExact } from './block.js';
import { ExactFile } from './exact-file.js';
import type { ReadIndexOptions } from './index-arguments.js';
import { SKETCH_DIMENSION } from './rotation.js';
import { SearchCounts } from './search-counts.js';
import { Sketches } from './sketches.js';
import { SlotTable } from './slot-table.js';
import { drawSecret, tableHash } from './table-hash.js';

const FIRST_TABLE = 1024;
const HOLE_BYTES = 8;

/**
 * The rows of an index and the way from a key to its row. Rows lie without gaps, but while pinned no row moves: erased
 * ones leave holes, which the last unpin closes. See native/core/vector_index.hpp.
 */
export class Rows {
  readonly blocks: Block[] = [];
  readonly dimension: number;
  readonly counts = new SearchCounts();
  /** None for vectors so short that they are compared in full. */
  readonly sketches: Sketches | undefined;
  readonly file: ExactFile | undefined;
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #layout: RowLayout;
  readonly #secret = drawSecret();
  readonly #table: SlotTable;
  #tableRoom: number;
  #blockBytes = 0;
  #count = 0;
  #pins = 0;
  #isClosed = false;
  #holes: number[] = [];
  /** Room for the distances of a search that the last one left. */
  #distances: Uint8Array = new Uint8Array(0);

  constructor({ dimension, capacity, exactPath, mean, rotationSeed, maxBytes }: ReadIndexOptions) {
    this.dimension = dimension;
    this.#capacity = capacity;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
    this.#tableRoom = Math.min(capacity, FIRST_TABLE);
    this.#table = new SlotTable(this.#tableRoom);
    this.sketches = dimension < SKETCH_DIMENSION ? undefined : new Sketches(dimension, rotationSeed ?? 0, mean);
    this.file = exactPath === undefined ? undefined : new ExactFile(exactPath, dimension);
    this.#layout = { dimension, sketched: this.sketches !== undefined, exact: exactPath !== undefined };
  }

  /** Rows in use, holes among them. */
  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#count - this.#holes.length;
  }

  get hasHoles(): boolean {
    return this.#holes.length > 0;
  }

  get bytes(): number {
    return this.#table.bytes + this.#holes.length * HOLE_BYTES + this.#blockBytes + (this.sketches?.bytes ?? 0);
  }

  blockOf(row: number): Block {
    return this.blocks[Math.floor(row / BLOCK_ROWS)] as Block;
  }

  find(low: number, high: number): number {
    let row = this.#table.first(tableHash(this.#secret, 2, low, high, 0, 0));
    while (row >= 0 && !this.#has(row, low, high)) row = this.#table.next();
    return row;
  }

  /**
   * The rows of the keys (two words each), new ones included. Throws `index.full`, and then has taken none; `undo`
   * gives the new ones back later.
   */
  claim(keys: Uint32Array): { rows: Uint32Array; undo: () => void } {
    const rows = new Uint32Array(keys.length / 2);
    const taken: number[] = [];
    const undo = (): void => {
      while (taken.length > 0) this.#giveBack(taken.pop() as number);
    };
    for (let i = 0; i < rows.length; i++) {
      const low = keys[i * 2] as number;
      const high = keys[i * 2 + 1] as number;
      let row = this.find(low, high);
      if (row < 0) {
        const reason = this.#makeRoom();
        if (reason !== undefined) {
          undo();
          throw hotPathError('index.full', `the batch would pass the index's ${reason}`);
        }
        row = this.#claimOne(low, high);
        taken.push(row);
      }
      rows[i] = row;
    }
    return { rows, undo };
  }

  /** How many of the keys (two words each) were there. */
  erase(keys: Uint32Array): number {
    let erased = 0;
    for (let i = 0; i < keys.length; i += 2) {
      const row = this.find(keys[i] as number, keys[i + 1] as number);
      if (row < 0) continue;
      erased++;
      this.#eraseRow(row);
    }
    this.sketches?.settle(this.#count);
    return erased;
  }

  /** Erases the entries of before `beforeMs`; how many. */
  expire(beforeMs: number): number {
    const before = this.size;
    // From the last row down, so that what fills a gap has been looked at.
    for (let row = this.#count - 1; row >= 0; row--) {
      const block = this.blockOf(row);
      const at = row % BLOCK_ROWS;
      if (block.factor[at] !== 0 && (block.timeMs[at] as number) < beforeMs) this.#eraseRow(row);
    }
    this.sketches?.settle(this.#count);
    return before - this.size;
  }

  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    if (--this.#pins > 0) return;
    // From the highest down, so that the last row is never itself a hole.
    const holes = this.#holes.sort((a, b) => b - a);
    this.#holes = [];
    for (const row of holes) this.#fillFromLast(row);
    this.sketches?.settle(this.#count);
    if (this.#isClosed) this.file?.close();
  }

  /** What has pinned the rows may go on. */
  close(): void {
    this.#isClosed = true;
    this.file?.remove();
    if (this.#pins === 0) this.file?.close();
  }

  /** Room for a search's distances; what is in it is left over. */
  takeDistances(rows: number): Uint8Array {
    const distances = this.#distances;
    this.#distances = new Uint8Array(0);
    return distances.length >= rows ? distances : new Uint8Array(this.blocks.length * BLOCK_ROWS);
  }

  giveDistances(distances: Uint8Array): void {
    if (distances.length > this.#distances.length) this.#distances = distances;
  }

  #has(row: number, low: number, high: number): boolean {
    const key = this.blockOf(row).key;
    const at = (row % BLOCK_ROWS) * 2;
    return key[at] === low && key[at + 1] === high;
  }

  /** Room for one more entry, or what stands against it. */
  #makeRoom(): string | undefined {
    if (this.size === this.#capacity) return `capacity of ${this.#capacity} entries`;
    const grows = this.size === this.#tableRoom;
    const tableRoom = grows ? Math.min(this.#capacity, this.#tableRoom * 2) : this.#tableRoom;
    const isNewBlock = this.#holes.length === 0 && this.#count === this.blocks.length * BLOCK_ROWS;
    const rows = isNewBlock ? Math.min(BLOCK_ROWS, this.#capacity - this.#count) : 0;
    const more = blockBytes(rows, this.#layout) + (grows ? SlotTable.bytesOf(tableRoom) - this.#table.bytes : 0);
    if (more === 0) return undefined;
    if (this.bytes + more > this.#maxBytes) return `maxBytes of ${this.#maxBytes} bytes`;
    if (isNewBlock) {
      this.blocks.push(makeBlock(rows, this.#layout));
      this.#blockBytes += blockBytes(rows, this.#layout);
    }
    if (grows) this.#table.grow(tableRoom);
    this.#tableRoom = tableRoom;
    return undefined;
  }

  #claimOne(low: number, high: number): number {
    const row = this.#holes.pop() ?? this.#count++;
    const { key } = this.blockOf(row);
    key[(row % BLOCK_ROWS) * 2] = low;
    key[(row % BLOCK_ROWS) * 2 + 1] = high;
    this.#table.insert(tableHash(this.#secret, 2, low, high, 0, 0), row);
    return row;
  }

  #giveBack(row: number): void {
    this.#release(row);
    if (row === this.#count - 1) this.#count--;
    else this.#holes.push(row);
  }

  #eraseRow(row: number): void {
    this.#release(row);
    if (this.#pins > 0) this.#holes.push(row);
    else this.#fillFromLast(row);
  }

  #release(row: number): void {
    this.#table.erase(row);
    this.blockOf(row).factor[row % BLOCK_ROWS] = 0;
  }

  /** Moves the last row into `row`, which nobody names any more. */
  #fillFromLast(row: number): void {
    const last = --this.#count;
    if (last === row) return;
    this.#table.move(last, row);
    const from = this.blockOf(last);
    const to = this.blockOf(row);
    const f = last % BLOCK_ROWS;
    const t = row % BLOCK_ROWS;
    const { sketches } = this;
    const isKept = sketches?.isKept(last, row) ?? false;
    copyRow(from, f, to, t, this.dimension, isKept);
    setExact(to, t, hasExact(from, f) && (this.file?.move(last, row) ?? false));
    from.factor[f] = 0;
    if (sketches && !isKept) sketches.moved(row, to);
  }
}
