import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IndexColumns, IndexOptions, SearchHits, SearchOptions, VectorIndex } from '../../ports/hot-path.js';
import { checkArray, checkCount, checkInteger, checkNumber, checkObject, checkThat, hotPathError } from '../checks.js';
import { HotPathLimit } from '../limits.js';
import { peakOf, quantiseRow } from './quantise.js';
import { BLOCK_ROWS, type Block, Rows } from './rows.js';
import { Search } from './search.js';

/** Blocks an asynchronous search scans before other work has its turn: about 2 ms. */
const BLOCKS_A_TURN = 8;

interface Columns {
  readonly type: Uint16Array | undefined;
  readonly node: Uint32Array | undefined;
  readonly timeMs: Float64Array | undefined;
}

const wordsOf = (keys: BigUint64Array): Uint32Array => new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);

/** Exact search over int8 vectors with columns to filter by, in JavaScript; gives the same bits as the addon. */
export class IndexTwin implements VectorIndex {
  readonly #dimension: number;
  #rows: Rows | undefined;
  #searches = 0;

  constructor(options: IndexOptions) {
    checkObject(options, 'options');
    const { dimension, capacity } = options;
    checkInteger(dimension, 'dimension', HotPathLimit.DimensionMin, HotPathLimit.DimensionMax);
    checkThat(dimension % 4 === 0, 'dimension must be a multiple of 4');
    checkInteger(capacity, 'capacity', 1, HotPathLimit.EntriesMax);
    this.#dimension = dimension;
    this.#rows = new Rows(dimension, capacity);
  }

  get size(): number {
    return this.#rows?.size ?? 0;
  }

  get bytes(): number {
    return this.#rows?.bytes ?? 0;
  }

  upsert(keys: BigUint64Array, vectors: Float32Array, columns?: IndexColumns): void {
    const { type, node, timeMs } = readColumns(columns);
    const rows = this.#open();
    const dimension = this.#dimension;
    checkArray(keys, BigUint64Array, 'keys');
    checkArray(vectors, Float32Array, 'vectors');
    checkCount('vectors', vectors.length, keys.length * dimension);
    checkColumns({ type, node, timeMs }, keys.length);
    const peaks = new Float64Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      peaks[i] = peakOf(vectors, i * dimension, dimension);
      if ((peaks[i] as number) <= 0) throw noDirection(i);
    }
    this.#store(rows, keys, { type, node, timeMs }, (i, block, at) => {
      return quantiseRow(vectors, i * dimension, dimension, peaks[i] as number, block.vectors, at * dimension);
    });
  }

  upsertInt8(keys: BigUint64Array, values: Int8Array, scales: Float32Array, columns?: IndexColumns): void {
    const { type, node, timeMs } = readColumns(columns);
    const rows = this.#open();
    const dimension = this.#dimension;
    checkArray(keys, BigUint64Array, 'keys');
    checkArray(values, Int8Array, 'values');
    checkArray(scales, Float32Array, 'scales');
    checkCount('scales', scales.length, keys.length);
    checkCount('values', values.length, keys.length * dimension);
    checkColumns({ type, node, timeMs }, keys.length);
    const squares = new Float64Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      let sum = 0;
      for (let j = i * dimension; j < (i + 1) * dimension; j++) sum += (values[j] as number) * (values[j] as number);
      squares[i] = sum;
      const scale = scales[i] as number;
      if (!(scale > 0 && scale < Number.POSITIVE_INFINITY) || sum === 0) throw noDirection(i);
    }
    this.#store(rows, keys, { type, node, timeMs }, (i, block, at) => {
      block.vectors.set(values.subarray(i * dimension, (i + 1) * dimension), at * dimension);
      return squares[i] as number;
    });
  }

  erase(keys: BigUint64Array): number {
    const rows = this.#open();
    checkArray(keys, BigUint64Array, 'keys');
    return rows.erase(wordsOf(keys));
  }

  search(query: Float32Array, options: SearchOptions): SearchHits {
    const { rows, search } = this.#prepare(query, options);
    while (search.step(rows));
    return search.finish();
  }

  async searchAsync(query: Float32Array, options: SearchOptions): Promise<SearchHits> {
    const { rows, search } = this.#prepare(query, options);
    if (this.#searches === HotPathLimit.Searches) {
      throw hotPathError('index.busy', `${this.#searches} searches are under way on this index: wait for one`);
    }
    this.#searches++;
    rows.pin();
    try {
      for (let more = true; more; ) {
        for (let i = 0; i < BLOCKS_A_TURN && more; i++) more = search.step(rows);
        if (more) await nextTurn();
      }
      return search.finish();
    } finally {
      rows.unpin();
      this.#searches--;
    }
  }

  close(): void {
    this.#rows = undefined;
  }

  #open(): Rows {
    if (this.#rows === undefined) throw hotPathError('index.closed', 'the index is closed');
    return this.#rows;
  }

  /** Options are read once and first: getters of theirs may close the index or take the query's memory away. */
  #prepare(query: Float32Array, options: SearchOptions): { rows: Rows; search: Search } {
    checkObject(options, 'options');
    const { k, type, node, sinceMs, untilMs } = options;
    checkInteger(k, 'k', 1, HotPathLimit.Hits);
    if (type !== undefined) checkInteger(type, 'type', 0, 0xffff);
    if (node !== undefined) checkInteger(node, 'node', 0, 0xffff_ffff);
    if (sinceMs !== undefined) checkNumber(sinceMs, 'sinceMs');
    if (untilMs !== undefined) checkNumber(untilMs, 'untilMs');
    const rows = this.#open();
    checkArray(query, Float32Array, 'query');
    checkCount('query', query.length, this.#dimension);
    return { rows, search: new Search(rows, query, k, { type, node, sinceMs, untilMs }) };
  }

  /** `write` puts vector i into the block and returns the sum of the row's squares. */
  #store(
    rows: Rows,
    keys: BigUint64Array,
    columns: Columns,
    write: (i: number, block: Block, at: number) => number,
  ): void {
    const words = wordsOf(keys);
    rows.claim(words);
    for (let i = 0; i < keys.length; i++) {
      const row = rows.find(words[i * 2] as number, words[i * 2 + 1] as number);
      const block = rows.blocks[Math.floor(row / BLOCK_ROWS)] as Block;
      const at = row % BLOCK_ROWS;
      block.factor[at] = 1 / Math.sqrt(write(i, block, at));
      block.type[at] = columns.type?.[i] ?? 0;
      block.node[at] = columns.node?.[i] ?? 0;
      block.timeMs[at] = columns.timeMs?.[i] ?? 0;
    }
  }
}

const noDirection = (i: number) =>
  hotPathError('index.vector', `vector ${i} of the batch has no direction: all zero, or not finite`);

/** Read once, before any array is looked at: getters may do anything to its memory. */
function readColumns(columns: IndexColumns | undefined): Columns {
  if (columns === undefined) return { type: undefined, node: undefined, timeMs: undefined };
  checkObject(columns, 'columns');
  const { type, node, timeMs } = columns;
  return { type, node, timeMs };
}

function checkColumns({ type, node, timeMs }: Columns, count: number): void {
  if (type !== undefined) {
    checkArray(type, Uint16Array, 'columns.type');
    checkCount('columns.type', type.length, count);
  }
  if (node !== undefined) {
    checkArray(node, Uint32Array, 'columns.node');
    checkCount('columns.node', node.length, count);
  }
  if (timeMs === undefined) return;
  checkArray(timeMs, Float64Array, 'columns.timeMs');
  checkCount('columns.timeMs', timeMs.length, count);
  checkThat(timeMs.every(Number.isFinite), 'columns.timeMs has an entry that is not finite');
}
