// The true nearest rows of a set by an exact float32 scan, rescored in double precision. Nothing of ours takes part.
import { cached } from './cache.mjs';

/** Best by the scan that are scored again: what float32 rounds into another order is well within them. */
const RESCORED = 3;
/** Pairs of the first chunk whose product is compared with a plain loop's. */
const CHECKED = 64;
const TOLERANCE = 1e-5;
/** Changes when a set or what is called the truth changes: then what was cached is no longer right. */
export const TRUTH_VERSION = 1;

export function plainDot(a, b) {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}

/** The `size` best of what is offered; equal scores go by row. */
export class Best {
  #rows = [];
  #scores = [];
  /** What another has to exceed. */
  floor = Number.NEGATIVE_INFINITY;

  constructor(size) {
    this.size = size;
  }

  get rows() {
    return this.#rows;
  }

  offer(row, score) {
    if (this.#rows.length === this.size && score <= this.floor) return;
    let at = this.#rows.length;
    while (at > 0 && (this.#scores[at - 1] < score || (this.#scores[at - 1] === score && this.#rows[at - 1] > row)))
      at--;
    this.#rows.splice(at, 0, row);
    this.#scores.splice(at, 0, score);
    if (this.#rows.length > this.size) {
      this.#rows.pop();
      this.#scores.pop();
    }
    if (this.#rows.length === this.size) this.floor = this.#scores[this.size - 1];
  }
}

function checkDot(dot, vectors, query, dimension) {
  for (let i = 0; i < Math.min(CHECKED, vectors.length / dimension); i++) {
    const vector = vectors.subarray(i * dimension, (i + 1) * dimension);
    const difference = Math.abs(dot(vector, query) - plainDot(vector, query));
    if (!(difference < TOLERANCE)) throw new Error(`the product that gives the truth is off by ${difference}`);
  }
}

/**
 * @param {import('./data-set.mjs').DataSet} set
 * @param {{queries: Float32Array[], k: number, dot?: (a: Float32Array, b: Float32Array) => number, allows?: (row: number, query: number) => boolean}} options
 *   `dot` faster than the plain loop; `allows` is the filter of a query
 * @returns {number[][]} for each query its k best rows
 */
export function exactNeighbours(set, { queries, k, dot = plainDot, allows }) {
  const { dimension } = set;
  const best = queries.map(() => new Best(k * RESCORED));
  for (const { from, to, vectors } of set.chunks()) {
    if (from === 0) checkDot(dot, vectors, queries[0], dimension);
    for (let row = from; row < to; row++) {
      const vector = vectors.subarray((row - from) * dimension, (row - from + 1) * dimension);
      for (let i = 0; i < queries.length; i++) {
        if (allows === undefined || allows(row, i)) best[i].offer(row, dot(vector, queries[i]));
      }
    }
  }
  return best.map(({ rows }, i) => {
    const exact = new Best(k);
    for (const row of rows) exact.offer(row, plainDot(set.row(row), queries[i]));
    return exact.rows;
  });
}

/** The same, from the cache where it was found before. `label` names the filter. */
export function cachedNeighbours(set, { label = 'all', ...options }) {
  const name = `truth-${set.name}-q${options.queries.length}-k${options.k}-${label}-v${TRUTH_VERSION}.json`;
  return cached(name, () => exactNeighbours(set, options));
}

/** Share of the truth that was found, over all queries. */
export function recallOf(found, truth) {
  let [hits, wanted] = [0, 0];
  truth.forEach((rows, i) => {
    const set = new Set(Array.from(found[i], Number));
    wanted += rows.length;
    hits += rows.filter((row) => set.has(row)).length;
  });
  return wanted === 0 ? 1 : hits / wanted;
}
