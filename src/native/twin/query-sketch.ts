import { hammingLimit } from './hamming-limit.js';
import type { Mean } from './mean.js';
import { peakOf } from './quantise.js';
import { COARSE_WORDS, FINE_WORDS } from './rotation.js';
import { quantiseRow, rowBytesOf } from './row-format.js';
import type { Sketches } from './sketches.js';

/** A query's sketch about one mean. */
export interface QuerySketch {
  readonly mean: Mean;
  /** All words, the coarse ones first. */
  readonly words: Int32Array;
  /** How far along the mean the query lies. */
  readonly along: number;
}

/** The sketches of a query about the means in use, made when first needed: a new mean may come while a search runs. */
export class QuerySketches {
  readonly #y: Int32Array;
  readonly #squares: number;
  #made: readonly QuerySketch[] = [];

  constructor(query: Float32Array, sketches: Sketches) {
    const row = new Int8Array(rowBytesOf(query.length));
    const squares = quantiseRow(query, 0, query.length, peakOf(query, 0, query.length), row, 0);
    this.#y = new Int32Array(sketches.rotation.padded);
    this.#squares = sketches.rotate(row, 0, squares, this.#y);
  }

  about(mean: Mean): QuerySketch {
    return this.#made.find((one) => one.mean === mean) ?? this.#make(mean);
  }

  /** Bits, of so many, in which a row of at least this cosine may differ, about whichever mean it is sketched. */
  limit({ mean, before }: Sketches, bits: number, z: number, cosine: number): number {
    const now = mean.limit(bits, z, cosine, this.about(mean).along);
    const then = before === undefined ? -1 : before.limit(bits, z, cosine, this.about(before).along);
    const limit = Math.max(now, then);
    return limit < 0 ? hammingLimit(bits, z, cosine) : limit;
  }

  #make(mean: Mean): QuerySketch {
    const words = new Int32Array(COARSE_WORDS + FINE_WORDS);
    mean.sketch(this.#y, this.#squares, words, 0, words, COARSE_WORDS);
    const made = { mean, words, along: mean.along(this.#y, this.#squares) };
    // No more than two means are in use at a time.
    this.#made = [...this.#made.slice(-1), made];
    return made;
  }
}
