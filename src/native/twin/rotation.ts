/** Bits of a sketch; every dimension has as many. */
export const SKETCH_BITS = 512;
/** Of which a search compares so many with every row. */
export const COARSE_BITS = 128;
/** The first words of a sketch, which a search reads of every row; the others it reads of few. */
export const COARSE_WORDS = 4;
export const FINE_WORDS = 12;
/** Shorter vectors are compared in full: their sketches would tell little and cost as much. */
export const SKETCH_DIMENSION = 128;

const WORD = 0xffff_ffff_ffff_ffffn;

/** The stream of 64-bit words from a seed that native/core/rotation.cpp draws too. */
function* splitMix(seed: number): Generator<bigint, never> {
  let state = BigInt(seed);
  for (;;) {
    state = (state + 0x9e37_79b9_7f4a_7c15n) & WORD;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & WORD;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & WORD;
    yield z ^ (z >> 31n);
  }
}

function drawSigns(words: Generator<bigint, never>, signs: Int8Array): void {
  for (let i = 0; i < signs.length; i += 64) {
    const word = words.next().value;
    for (let j = 0; j < 64; j++) signs[i + j] = (word >> BigInt(j)) & 1n ? -1 : 1;
  }
}

/**
 * The rotation whose signs make a sketch: two rounds of random sign flips, each followed by a Hadamard transform. It
 * works on int8 rows and stays in integers, so that every machine makes the same sketch. See native/core/rotation.hpp.
 */
export class Rotation {
  /** Outputs: a power of two, at least `SKETCH_BITS` and the dimension. Rows are taken as followed by zeros. */
  readonly padded: number;
  /** A vector's length after the rotation, as a multiple of its length before. */
  readonly scale: number;
  readonly #dimension: number;
  /** Bits dropped between the rounds, so that 32 bits hold every output: the bound is 2^30. */
  readonly #shift: number;
  readonly #first: Int8Array;
  readonly #second: Int8Array;

  constructor(dimension: number, seed: number) {
    let bits = Math.log2(SKETCH_BITS);
    while (2 ** bits < dimension) bits++;
    this.padded = 2 ** bits;
    this.#dimension = dimension;
    this.#shift = Math.max(0, 2 * bits - 23);
    this.scale = 2 ** (bits - this.#shift);
    this.#first = new Int8Array(this.padded);
    this.#second = new Int8Array(this.padded);
    const words = splitMix(seed);
    drawSigns(words, this.#first);
    drawSigns(words, this.#second);
  }

  get bytes(): number {
    return this.padded * 2;
  }

  /** Rotates the row that starts at `from`; `out` takes `padded` numbers. */
  apply(rows: Int8Array, from: number, out: Int32Array): void {
    const dimension = this.#dimension;
    const first = this.#first;
    for (let i = 0; i < dimension; i++) out[i] = (rows[from + i] as number) * (first[i] as number);
    out.fill(0, dimension);
    hadamard(out);
    const second = this.#second;
    const shift = this.#shift;
    for (let i = 0; i < out.length; i++) out[i] = ((out[i] as number) >> shift) * (second[i] as number);
    hadamard(out);
  }

  /** The same rotation in doubles. */
  applyToMean(mean: Float32Array): Float64Array {
    const x = new Float64Array(this.padded);
    for (let i = 0; i < mean.length; i++) x[i] = (mean[i] as number) * (this.#first[i] as number);
    hadamardOfDoubles(x);
    const part = 2 ** -this.#shift;
    for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) * (part * (this.#second[i] as number));
    hadamardOfDoubles(x);
    return x;
  }
}

/** The unnormalised Hadamard transform in Sylvester's order, in place; three rounds in one pass spare loads and stores. */
function hadamard(x: Int32Array): void {
  const count = x.length;
  let width = 1;
  while (Math.log2(count / width) % 3 !== 0) {
    twos(x, width);
    width *= 2;
  }
  for (; width < count; width *= 8) eights(x, width);
}

function twos(x: Int32Array, width: number): void {
  for (let from = 0; from < x.length; from += 2 * width) {
    for (let i = from; i < from + width; i++) {
      const a = x[i] as number;
      const b = x[i + width] as number;
      x[i] = (a + b) | 0;
      x[i + width] = (a - b) | 0;
    }
  }
}

function eights(x: Int32Array, width: number): void {
  for (let from = 0; from < x.length; from += 8 * width) {
    for (let i = from; i < from + width; i++) {
      const a = x[i] as number;
      const b = x[i + width] as number;
      const c = x[i + 2 * width] as number;
      const d = x[i + 3 * width] as number;
      const e = x[i + 4 * width] as number;
      const f = x[i + 5 * width] as number;
      const g = x[i + 6 * width] as number;
      const h = x[i + 7 * width] as number;
      const ab = (a + b) | 0;
      const cd = (c + d) | 0;
      const ef = (e + f) | 0;
      const gh = (g + h) | 0;
      const abcd = (ab + cd) | 0;
      const efgh = (ef + gh) | 0;
      const abLessCd = (ab - cd) | 0;
      const efLessGh = (ef - gh) | 0;
      x[i] = (abcd + efgh) | 0;
      x[i + 4 * width] = (abcd - efgh) | 0;
      x[i + 2 * width] = (abLessCd + efLessGh) | 0;
      x[i + 6 * width] = (abLessCd - efLessGh) | 0;
      const aLessB = (a - b) | 0;
      const cLessD = (c - d) | 0;
      const eLessF = (e - f) | 0;
      const gLessH = (g - h) | 0;
      const sum = (aLessB + cLessD) | 0;
      const rest = (aLessB - cLessD) | 0;
      const sumAfter = (eLessF + gLessH) | 0;
      const restAfter = (eLessF - gLessH) | 0;
      x[i + width] = (sum + sumAfter) | 0;
      x[i + 5 * width] = (sum - sumAfter) | 0;
      x[i + 3 * width] = (rest + restAfter) | 0;
      x[i + 7 * width] = (rest - restAfter) | 0;
    }
  }
}

/** The same in doubles, the widest round first as the addon has it: in doubles the order shows. */
function hadamardOfDoubles(x: Float64Array): void {
  for (let width = x.length / 2; width >= 1; width /= 2) {
    for (let from = 0; from < x.length; from += 2 * width) {
      for (let i = from; i < from + width; i++) {
        const a = x[i] as number;
        const b = x[i + width] as number;
        x[i] = a + b;
        x[i + width] = a - b;
      }
    }
  }
}
