import type { SearchHits, SearchOptions } from '../../ports/hot-path.js';
import { hotPathError } from '../checks.js';
import { peakOf } from './quantise.js';
import type { Rows } from './rows.js';
import { Search } from './search.js';

/** Queries that walk the index together, each with a byte a row for its distances. */
const QUERIES_A_WALK = 8;

/** Queries under the same options, a few of them walking the index together. */
export class SearchBatch {
  readonly #rows: Rows;
  readonly #queries: Float32Array;
  readonly #options: SearchOptions;
  readonly #hits: SearchHits[] = [];
  #walking: Search[] = [];
  #next = 0;

  /** Keeps `queries`. Throws `index.vector` naming the first that has no direction; `name` says what to call it. */
  constructor(rows: Rows, queries: Float32Array, options: SearchOptions, name: (i: number) => string) {
    this.#rows = rows;
    this.#queries = queries;
    this.#options = options;
    for (let from = 0; from < queries.length; from += rows.dimension) {
      if (peakOf(queries, from, rows.dimension) > 0) continue;
      const called = name(from / rows.dimension);
      throw hotPathError('index.vector', `${called} has no direction: all zero, or not finite`);
    }
  }

  /** Searches on until about so much work is done, in components compared; false when there was none left. */
  run(cost: number): boolean {
    for (let done = 0; done < cost; ) {
      if (this.#walking.length === 0 && !this.#start()) return false;
      let more = false;
      for (const search of this.#walking) {
        const before = search.cost;
        if (search.step()) more = true;
        done += search.cost - before;
      }
      if (!more) this.#finish();
    }
    return true;
  }

  /** After all is done. */
  get hits(): SearchHits[] {
    return this.#hits;
  }

  /** Lets go of a walk that was broken off. */
  release(): void {
    for (const search of this.#walking) search.release();
    this.#walking = [];
  }

  #start(): boolean {
    const { dimension } = this.#rows;
    while (this.#next < this.#queries.length && this.#walking.length < QUERIES_A_WALK) {
      const query = this.#queries.subarray(this.#next, this.#next + dimension);
      this.#walking.push(new Search(this.#rows, query, this.#options));
      this.#next += dimension;
    }
    return this.#walking.length > 0;
  }

  #finish(): void {
    for (const search of this.#walking) this.#hits.push(search.finish());
    this.release();
  }
}
