import type { SearchHits } from '../../ports/hot-path.js';
import { hotPathError } from '../checks.js';
import { dot, peakOf, quantiseQuery } from './quantise.js';
import { BLOCK_ROWS, type Block, type Rows } from './rows.js';
import { TopK } from './top-k.js';

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
    const count = Math.min(BLOCK_ROWS, rows.count - first);
    const query = this.#query;
    const dimension = query.length;
    let floor = this.#top.floor;
    for (let i = 0; i < count; i++) {
      const factor = block.factor[i] as number;
      if (factor === 0 || (this.#isFiltered && !this.#passes(block, i))) continue;
      const cosine = dot(query, block.vectors, i * dimension, dimension) * factor * this.#queryFactor;
      const score = Math.fround(Math.max(-1, Math.min(1, cosine)));
      if (score < floor) continue;
      this.#top.offer(score, block.key[i * 2] as number, block.key[i * 2 + 1] as number);
      floor = this.#top.floor;
    }
    return true;
  }

  finish(): SearchHits {
    return this.#top.finish();
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
