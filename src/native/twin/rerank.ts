import type { SearchHits } from '../../ports/hot-path.js';
import { BLOCK_ROWS, type Block, hasExact } from './block.js';
import type { ExactFile } from './exact-file.js';
import type { Rows } from './rows.js';

/** Hits beyond k that are scored exactly too: int8 may have put any of them behind the k-th. */
export const reachOfRerank = (k: number): number => 2 * k + 32;

/** Vectors read from the file at a time. */
const ROWS_A_STEP = 128;

/** Scores the hits of a search anew by their float32 vectors. */
export class Rerank {
  /** Vectors read. */
  compared = 0;
  readonly #query: Float32Array;
  readonly #querySquares: number;
  readonly #k: number;
  readonly #hits: SearchHits;
  readonly #isGone: Uint8Array;
  #next = 0;

  constructor(query: Float32Array, k: number, hits: SearchHits) {
    this.#query = query;
    this.#querySquares = product(query, query);
    this.#k = k;
    this.#hits = hits;
    this.#isGone = new Uint8Array(hits.keys.length);
  }

  /** False when there was none left. */
  step(rows: Rows, file: ExactFile): boolean {
    const { keys } = this.#hits;
    const words = new Uint32Array(keys.buffer);
    const end = Math.min(keys.length, this.#next + ROWS_A_STEP);
    for (; this.#next < end; this.#next++) {
      const row = rows.find(words[this.#next * 2] as number, words[this.#next * 2 + 1] as number);
      if (row < 0) this.#isGone[this.#next] = 1;
      else this.#rescore(this.#next, row, rows, file);
    }
    return this.#next < keys.length;
  }

  finish(): SearchHits {
    const { keys, scores, exact } = this.#hits;
    const order = [...keys.keys()].filter((i) => this.#isGone[i] === 0);
    order.sort((a, b) => {
      const better = (scores[b] as number) - (scores[a] as number);
      return better !== 0 ? better : (keys[a] as bigint) < (keys[b] as bigint) ? -1 : 1;
    });
    order.length = Math.min(order.length, this.#k);
    return {
      keys: BigUint64Array.from(order, (i) => keys[i] as bigint),
      scores: Float32Array.from(order, (i) => scores[i] as number),
      exact: Uint8Array.from(order, (i) => exact[i] as number),
    };
  }

  #rescore(hit: number, row: number, rows: Rows, file: ExactFile): void {
    const block = rows.blocks[Math.floor(row / BLOCK_ROWS)] as Block;
    const vector = hasExact(block, row % BLOCK_ROWS) ? file.read(row) : undefined;
    if (vector === undefined) return;
    const lengths = Math.sqrt(this.#querySquares) * Math.sqrt(product(vector, vector));
    const cosine = Math.max(-1, Math.min(1, product(this.#query, vector) / lengths));
    // A file that was cut short and has grown again gives zeros.
    if (Number.isNaN(cosine)) return;
    this.compared++;
    this.#hits.scores[hit] = cosine;
    this.#hits.exact[hit] = 1;
  }
}

/** Σ x[j] × y[j] in doubles, in four lanes; the length is a multiple of 4. */
function product(x: Float32Array, y: Float32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let j = 0; j < x.length; j += 4) {
    a += (x[j] as number) * (y[j] as number);
    b += (x[j + 1] as number) * (y[j + 1] as number);
    c += (x[j + 2] as number) * (y[j + 2] as number);
    d += (x[j + 3] as number) * (y[j + 3] as number);
  }
  return a + b + (c + d);
}
