import { hammingLimit } from './hamming-limit.js';
import { projection } from './lanes.js';
import { SKETCH_BITS } from './rotation.js';

/**
 * What sketches are taken about: a rotated mean of unit vectors, or nothing. With each comes how far along it the rows
 * lie that were sketched about it, as this decides how many bits a cosine may differ in.
 */
export class Mean {
  /** Rotated, as long as the rotation makes it; `undefined`: none. */
  readonly rotated: Float64Array | undefined;
  /** The components that make bits. */
  readonly #singles: Float32Array;
  /** Of the mean, squared. */
  readonly #length: number;
  /** Scale of the rotation, squared. */
  readonly #scale: number;
  #count = 0;
  #sum = 0;
  #squares = 0;
  /** Thresholds less outputs, whose sign bits are a sketch. */
  readonly #gaps = new Float32Array(SKETCH_BITS);
  readonly #gapWords = new Int32Array(this.#gaps.buffer);

  constructor(rotated: Float64Array | undefined, scale: number) {
    this.rotated = rotated;
    this.#scale = scale * scale;
    this.#singles = Float32Array.from(rotated?.subarray(0, SKETCH_BITS) ?? []);
    this.#length = rotated === undefined ? 0 : projection(rotated, rotated) / this.#scale;
  }

  get bytes(): number {
    return this.#gaps.byteLength + this.#singles.byteLength + (this.rotated?.byteLength ?? 0);
  }

  /** The sketch of a rotated row whose int8 components have these squares in sum: words 0 to 3, and 4 to 15. */
  sketch(y: Int32Array, squares: number, coarse: Int32Array, coarseAt: number, fine: Int32Array, fineAt: number): void {
    const gaps = this.#gaps;
    const singles = this.#singles;
    if (singles.length === 0) {
      for (let j = 0; j < SKETCH_BITS; j++) gaps[j] = 0 - (y[j] as number);
    } else {
      const norm = Math.fround(Math.sqrt(squares));
      // Adding 0 makes 0 of -0, whose sign would count.
      for (let j = 0; j < SKETCH_BITS; j++) {
        gaps[j] = Math.fround(norm * (singles[j] as number)) - Math.fround(y[j] as number) + 0;
      }
    }
    const words = this.#gapWords;
    for (let word = 0; word < SKETCH_BITS / 32; word++) {
      let bits = 0;
      for (let bit = 0; bit < 32; bit++) bits |= ((words[word * 32 + bit] as number) >>> 31) << bit;
      if (word < 4) coarse[coarseAt + word] = bits;
      else fine[fineAt + word - 4] = bits;
    }
  }

  /** How far along the mean a rotated row lies: the product of its unit vector and the mean. */
  along(y: Int32Array, squares: number): number {
    return this.rotated === undefined ? 0 : projection(y, this.rotated) / (Math.sqrt(squares) * this.#scale);
  }

  /** Takes a row that was sketched about this mean into its statistics. */
  count(y: Int32Array, squares: number): void {
    if (this.rotated === undefined) return;
    const along = this.along(y, squares);
    this.#count++;
    this.#sum += along;
    this.#squares += along * along;
  }

  /**
   * Most of `bits` in which a row may differ from a query, `along` which the mean lies so far, if their cosine is at
   * least `cosine`; missed by less than z standard deviations. -1 when no row has a sketch about this mean.
   */
  limit(bits: number, z: number, cosine: number, along: number): number {
    if (this.rotated === undefined) return hammingLimit(bits, z, cosine);
    if (this.#count === 0) return -1;
    return hammingLimit(bits, z, this.#about(cosine, along));
  }

  /** Squared distance from another rotated mean, in units of the vectors'. */
  distance(other: Float64Array): number {
    const gaps = other.slice();
    if (this.rotated !== undefined) {
      for (let j = 0; j < gaps.length; j++) gaps[j] = (gaps[j] as number) - (this.rotated[j] as number);
    }
    return projection(gaps, gaps) / this.#scale;
  }

  /**
   * The least cosine about the mean of a query that lies `along` it and of a row, if their cosine about zero is `cosine`.
   * It falls with how far along the row lies, up to `turn`, and rises from there on; what is near to an unusual query
   * is unusual, too, but no further from it than vectors of that cosine can be.
   */
  #about(cosine: number, along: number): number {
    const turn = 1 + along - cosine;
    const middle = this.#sum / this.#count;
    const spread = 2.5 * Math.sqrt(Math.max(0, this.#squares / this.#count - middle * middle));
    const farthest = along + Math.sqrt(this.#length * (cosine < 1 ? 2 - 2 * cosine : 0));
    const usual = Math.max(middle + spread, along + spread / 2);
    const part = Math.min(turn, usual, farthest);
    return (cosine - part - along + this.#length) / (this.#rest(part) * this.#rest(along));
  }

  /** The length of what is left of a unit vector that lies `along` the mean, once the mean is taken off. */
  #rest(along: number): number {
    return Math.sqrt(Math.max(1e-6, 1 - 2 * along + this.#length));
  }
}
