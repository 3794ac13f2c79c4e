import type { SearchHits } from '../../ports/hot-path.js';
import { hotPathError } from '../checks.js';
import { dotFour, peakOf, quantiseQuery } from './quantise.js';
import { BLOCK_ROWS, type Block, type Rows } from './rows.js';
import { TopK } from './top-k.js';

const LANES = 4;

export interface Filter {
  readonly type: number | undefined;
  readonly node: number | undefined;
  /** Both ends belong to the range. */
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
}

/** One search, a block of rows at a time. */
export class Search {
  readonly #query: Int16Array;
  readonly #queryFactor: number;
  readonly #filter: Filter;
  readonly #isFiltered: boolean;
  readonly #top: TopK;
  readonly #pick = new Uint16Array(BLOCK_ROWS);
  readonly #at = new Int32Array(LANES);
  readonly #dots = new Float64Array(LANES);
  #nextBlock = 0;

  constructor(rows: Rows, query: Float32Array, k: number, filter: Filter) {
    const peak = peakOf(query, 0, query.length);
    if (peak <= 0) throw hotPathError('index.vector', 'the query has no direction: all zero, or not finite');
    this.#query = new Int16Array(query.length);
    this.#queryFactor = 1 / Math.sqrt(quantiseQuery(query, query.length, peak, this.#query));
    this.#filter = filter;
    this.#isFiltered =
      filter.type !== undefined ||
      filter.node !== undefined ||
      filter.sinceMs !== undefined ||
      filter.untilMs !== undefined;
    this.#top = new TopK(Math.min(k, rows.size));
  }

  /** Scans the next block; false when there was none left. */
  step(rows: Rows): boolean {
    const first = this.#nextBlock * BLOCK_ROWS;
    if (first >= rows.count) return false;
    const block = rows.blocks[this.#nextBlock++] as Block;
    const picked = this.#select(block, Math.min(BLOCK_ROWS, rows.count - first));
    const query = this.#query;
    const pick = this.#pick;
    for (let i = 0; i < picked; i += LANES) {
      const lanes = Math.min(LANES, picked - i);
      // Lanes to spare look at the last row again.
      for (let j = 0; j < LANES; j++) this.#at[j] = (pick[Math.min(i + j, picked - 1)] as number) * query.length;
      dotFour(query, block.vectors, this.#at, this.#dots);
      for (let j = 0; j < lanes; j++) this.#offer(block, pick[i + j] as number, this.#dots[j] as number);
    }
    return true;
  }

  finish(): SearchHits {
    return this.#top.finish();
  }

  #offer(block: Block, row: number, dot: number): void {
    const cosine = dot * (block.factor[row] as number) * this.#queryFactor;
    const score = Math.fround(Math.max(-1, Math.min(1, cosine)));
    if (score < this.#top.floor) return;
    this.#top.offer(score, block.key[row * 2] as number, block.key[row * 2 + 1] as number);
  }

  /** Rows of the block that are no holes and pass the filter, into `#pick`; how many. */
  #select(block: Block, rows: number): number {
    let count = 0;
    for (let i = 0; i < rows; i++) {
      if (block.factor[i] === 0 || (this.#isFiltered && !this.#passes(block, i))) continue;
      this.#pick[count++] = i;
    }
    return count;
  }

  #passes(block: Block, i: number): boolean {
    const { type, node, sinceMs, untilMs } = this.#filter;
    return (
      (type === undefined || block.type[i] === type) &&
      (node === undefined || block.node[i] === node) &&
      (sinceMs === undefined || (block.timeMs[i] as number) >= sinceMs) &&
      (untilMs === undefined || (block.timeMs[i] as number) <= untilMs)
    );
  }
}
