import { hotPathError } from '../checks.js';
import { SlotTable } from './slot-table.js';
import { drawSecret, tableHash } from './table-hash.js';

export const BLOCK_ROWS = 1024;
const FIRST_TABLE = 1024;

/** 1,024 rows (the last block of an index may have room for fewer) and their columns. */
export interface Block {
  readonly vectors: Int8Array;
  /** 1 ÷ length of the row; 0 marks a hole. */
  readonly factor: Float32Array;
  /** Two words a key, the low one first. */
  readonly key: Uint32Array;
  readonly type: Uint16Array;
  readonly node: Uint32Array;
  readonly timeMs: Float64Array;
}

const makeBlock = (rows: number, dimension: number): Block => ({
  vectors: new Int8Array(rows * dimension),
  factor: new Float32Array(rows),
  key: new Uint32Array(rows * 2),
  type: new Uint16Array(rows),
  node: new Uint32Array(rows),
  timeMs: new Float64Array(rows),
});

/**
 * The rows of an index and the way from a key to its row. Rows lie without gaps, but while pinned no row moves: erased
 * ones leave holes, which the last unpin closes. See native/core/vector_index.hpp.
 */
export class Rows {
  readonly blocks: Block[] = [];
  readonly #dimension: number;
  readonly #capacity: number;
  readonly #secret = drawSecret();
  readonly #table: SlotTable;
  #tableRoom: number;
  #count = 0;
  #pins = 0;
  #holes: number[] = [];

  constructor(dimension: number, capacity: number) {
    this.#dimension = dimension;
    this.#capacity = capacity;
    this.#tableRoom = Math.min(capacity, FIRST_TABLE);
    this.#table = new SlotTable(this.#tableRoom);
  }

  /** Rows in use, holes among them. */
  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#count - this.#holes.length;
  }

  get bytes(): number {
    let sum = this.#table.bytes + this.#holes.length * 8;
    for (const block of this.blocks) {
      for (const column of Object.values(block) as ArrayBufferView[]) sum += column.byteLength;
    }
    return sum;
  }

  find(low: number, high: number): number {
    let row = this.#table.first(tableHash(this.#secret, 2, low, high, 0, 0));
    while (row >= 0 && !this.#has(row, low, high)) row = this.#table.next();
    return row;
  }

  /** A row for every key (two words each), new ones included. Throws `index.full`, and then has taken none. */
  claim(keys: Uint32Array): void {
    const taken: number[] = [];
    for (let i = 0; i < keys.length; i += 2) {
      const low = keys[i] as number;
      const high = keys[i + 1] as number;
      if (this.find(low, high) >= 0) continue;
      if (this.size === this.#capacity) {
        while (taken.length > 0) this.#giveBack(taken.pop() as number);
        throw hotPathError('index.full', `the batch would pass the index's capacity of ${this.#capacity} entries`);
      }
      taken.push(this.#claimOne(low, high));
    }
  }

  /** How many of the keys (two words each) were there. */
  erase(keys: Uint32Array): number {
    let erased = 0;
    for (let i = 0; i < keys.length; i += 2) {
      const row = this.find(keys[i] as number, keys[i + 1] as number);
      if (row < 0) continue;
      erased++;
      this.#release(row);
      if (this.#pins > 0) this.#holes.push(row);
      else this.#fillFromLast(row);
    }
    return erased;
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
  }

  #has(row: number, low: number, high: number): boolean {
    const key = (this.blocks[Math.floor(row / BLOCK_ROWS)] as Block).key;
    const at = (row % BLOCK_ROWS) * 2;
    return key[at] === low && key[at + 1] === high;
  }

  #claimOne(low: number, high: number): number {
    if (this.size === this.#tableRoom) {
      this.#tableRoom = Math.min(this.#capacity, this.#tableRoom * 2);
      this.#table.grow(this.#tableRoom);
    }
    let row = this.#holes.pop();
    if (row === undefined) {
      row = this.#count++;
      const room = Math.min(BLOCK_ROWS, this.#capacity - row);
      if (row / BLOCK_ROWS === this.blocks.length) this.blocks.push(makeBlock(room, this.#dimension));
    }
    const { key } = this.blocks[Math.floor(row / BLOCK_ROWS)] as Block;
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

  #release(row: number): void {
    this.#table.erase(row);
    (this.blocks[Math.floor(row / BLOCK_ROWS)] as Block).factor[row % BLOCK_ROWS] = 0;
  }

  /** Moves the last row into `row`, which nobody names any more. */
  #fillFromLast(row: number): void {
    const last = --this.#count;
    if (last === row) return;
    this.#table.move(last, row);
    const from = this.blocks[Math.floor(last / BLOCK_ROWS)] as Block;
    const to = this.blocks[Math.floor(row / BLOCK_ROWS)] as Block;
    const f = last % BLOCK_ROWS;
    const t = row % BLOCK_ROWS;
    to.vectors.set(from.vectors.subarray(f * this.#dimension, (f + 1) * this.#dimension), t * this.#dimension);
    to.key.set(from.key.subarray(f * 2, f * 2 + 2), t * 2);
    to.factor[t] = from.factor[f] as number;
    to.type[t] = from.type[f] as number;
    to.node[t] = from.node[f] as number;
    to.timeMs[t] = from.timeMs[f] as number;
    from.factor[f] = 0;
  }
}
