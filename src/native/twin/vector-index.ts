import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  IndexColumns,
  IndexOptions,
  IndexStats,
  SearchHits,
  SearchOptions,
  VectorIndex,
} from '../../ports/hot-path.js';
import { checkArray, checkCount, checkNumber, hotPathError } from '../checks.js';
import { HotPathLimit } from '../limits.js';
import {
  checkColumns,
  checkQueries,
  noDirection,
  readColumns,
  readIndexOptions,
  readSearchOptions,
} from './index-arguments.js';
import { peakOf } from './quantise.js';
import { copyToRow, quantiseRow, rowBytesOf } from './row-format.js';
import { Rows } from './rows.js';
import { SearchBatch } from './search-batch.js';
import { storeBatch } from './store-batch.js';

/** Work of an asynchronous search, in components compared, until other work has its turn: about 2 ms. */
const COST_A_TURN = 3 * 2 ** 20;

const wordsOf = (keys: BigUint64Array): Uint32Array => new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);

/** Search over int8 vectors with columns to filter by, in JavaScript; gives the same bits as the addon. */
export class IndexTwin implements VectorIndex {
  readonly #dimension: number;
  readonly #rowBytes: number;
  #rows: Rows | undefined;
  #searches = 0;

  constructor(options: IndexOptions) {
    const read = readIndexOptions(options);
    this.#dimension = read.dimension;
    this.#rowBytes = rowBytesOf(read.dimension);
    this.#rows = new Rows(read);
  }

  get size(): number {
    return this.#rows?.size ?? 0;
  }

  get bytes(): number {
    return this.#rows?.bytes ?? 0;
  }

  upsert(keys: BigUint64Array, vectors: Float32Array, columns?: IndexColumns): void {
    const read = readColumns(columns);
    const rows = this.#open();
    const dimension = this.#dimension;
    checkArray(keys, BigUint64Array, 'keys');
    checkArray(vectors, Float32Array, 'vectors');
    checkCount('vectors', vectors.length, keys.length * dimension);
    checkColumns(read, keys.length);
    const peaks = new Float64Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      peaks[i] = peakOf(vectors, i * dimension, dimension);
      if ((peaks[i] as number) <= 0) throw noDirection(i);
    }
    storeBatch(rows, wordsOf(keys), read, vectors, (i, block, at) => {
      return quantiseRow(vectors, i * dimension, dimension, peaks[i] as number, block.vectors, at * this.#rowBytes);
    });
  }

  upsertInt8(keys: BigUint64Array, values: Int8Array, scales: Float32Array, columns?: IndexColumns): void {
    const read = readColumns(columns);
    const rows = this.#open();
    const dimension = this.#dimension;
    checkArray(keys, BigUint64Array, 'keys');
    checkArray(values, Int8Array, 'values');
    checkArray(scales, Float32Array, 'scales');
    checkCount('scales', scales.length, keys.length);
    checkCount('values', values.length, keys.length * dimension);
    checkColumns(read, keys.length);
    for (let i = 0; i < keys.length; i++) {
      const isZero = values.subarray(i * dimension, (i + 1) * dimension).every((value) => value === 0);
      const scale = scales[i] as number;
      if (!(scale > 0 && scale < Number.POSITIVE_INFINITY) || isZero) throw noDirection(i);
    }
    storeBatch(rows, wordsOf(keys), read, undefined, (i, block, at) => {
      return copyToRow(values, i * dimension, dimension, block.vectors, at * this.#rowBytes);
    });
  }

  erase(keys: BigUint64Array): number {
    const rows = this.#open();
    checkArray(keys, BigUint64Array, 'keys');
    return rows.erase(wordsOf(keys));
  }

  expire(beforeMs: number): number {
    const rows = this.#open();
    checkNumber(beforeMs, 'beforeMs');
    return rows.expire(beforeMs);
  }

  search(query: Float32Array, options: SearchOptions): SearchHits {
    return this.#run(this.#one(query, options))[0] as SearchHits;
  }

  async searchAsync(query: Float32Array, options: SearchOptions): Promise<SearchHits> {
    return (await this.#runBeside(this.#one(query, options)))[0] as SearchHits;
  }

  searchMany(queries: Float32Array, options: SearchOptions): SearchHits[] {
    return this.#run(this.#many(queries, options));
  }

  async searchManyAsync(queries: Float32Array, options: SearchOptions): Promise<SearchHits[]> {
    return await this.#runBeside(this.#many(queries, options));
  }

  stats(): IndexStats {
    return this.#open().counts.read(this.#dimension);
  }

  close(): void {
    this.#rows?.close();
    this.#rows = undefined;
  }

  #open(): Rows {
    if (this.#rows === undefined) throw hotPathError('index.closed', 'the index is closed');
    return this.#rows;
  }

  /** The query is copied: it may change while others have their turn. */
  #one(query: Float32Array, options: SearchOptions): SearchBatch {
    const read = readSearchOptions(options);
    const rows = this.#open();
    checkArray(query, Float32Array, 'query');
    checkCount('query', query.length, this.#dimension);
    return new SearchBatch(rows, query.slice(), read, () => 'the query');
  }

  #many(queries: Float32Array, options: SearchOptions): SearchBatch {
    const read = readSearchOptions(options);
    const rows = this.#open();
    checkQueries(queries, this.#dimension);
    return new SearchBatch(rows, queries.slice(), read, (i) => `query ${i}`);
  }

  #run(batch: SearchBatch): SearchHits[] {
    try {
      batch.run(Number.POSITIVE_INFINITY);
      return batch.hits;
    } finally {
      batch.release();
    }
  }

  async #runBeside(batch: SearchBatch): Promise<SearchHits[]> {
    if (this.#searches === HotPathLimit.Searches) {
      throw hotPathError('index.busy', `${this.#searches} searches are under way on this index: wait for one`);
    }
    const rows = this.#open();
    this.#searches++;
    rows.pin();
    try {
      while (batch.run(COST_A_TURN)) await nextTurn();
      return batch.hits;
    } finally {
      batch.release();
      rows.unpin();
      this.#searches--;
    }
  }
}
