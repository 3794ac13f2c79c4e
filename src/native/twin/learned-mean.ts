import type { Mean } from './mean.js';

/** Rows after which what they had in common so far is looked at; after the last no more is learned. */
const LOOKS = [1_024, 8_192, 65_536] as const;
/** Squared distance from the mean in use that makes a new one worth a new sketch of every row. */
const WORTH = 0.01;

/** The mean of the unit vectors that came, rotated. What was replaced or erased stays in it: it is an estimate. */
export class LearnedMean {
  readonly #sums: Float64Array;
  #count = 0;

  constructor(padded: number) {
    this.#sums = new Float64Array(padded);
  }

  get bytes(): number {
    return this.#sums.byteLength;
  }

  get isDone(): boolean {
    return this.#count === LOOKS[LOOKS.length - 1];
  }

  /** Takes a rotated row in. */
  add(y: Int32Array, squares: number): void {
    const sums = this.#sums;
    const inverse = 1 / Math.sqrt(squares);
    for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + (y[j] as number) * inverse;
    this.#count++;
  }

  /** The mean to be used instead of `present`, when it is time to look and the difference matters. */
  betterThan(present: Mean): Float64Array | undefined {
    if (!(LOOKS as readonly number[]).includes(this.#count)) return undefined;
    const mean = this.#sums.map((sum) => sum / this.#count);
    return present.distance(mean) >= WORTH ? mean : undefined;
  }
}
