import type { Random } from '../ports/random.js';

/**
 * A repeatable stream of random numbers: sfc32 (128 bits of state, passes PractRand), for simulation, tests and
 * protocol jitter; never for keys. The same seed gives the same stream on every machine.
 */
export function seededRandom(seed: number | string): Random {
  return new Sfc32(hashOf(typeof seed === 'number' ? `n${seed}` : `s${seed}`));
}

type State = readonly [number, number, number, number];

const WARM_UP_STEPS = 15;
const TWO_32 = 0x1_0000_0000;

class Sfc32 implements Random {
  readonly #seed: State;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: State) {
    this.#seed = seed;
    [this.#a, this.#b, this.#c, this.#counter] = seed;
    for (let i = 0; i < WARM_UP_STEPS; i++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  below(bound: number): number {
    return drawBelow(bound, () => this.u32());
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) {
      const word = this.u32();
      for (let j = i; j < Math.min(i + 4, length); j++) bytes[j] = word >>> (8 * (j - i));
    }
    return bytes;
  }

  chance(probability: number): boolean {
    return this.u32() / TWO_32 < probability;
  }

  fork(label: string): Random {
    // From the seed, not from the position: forks do not depend on how much the parent has drawn.
    return new Sfc32(hashOf(`${this.#seed.join(',')}/${label}`));
  }
}

/** An unbiased integer in [0, bound) for bounds up to 2^53; 0 for a bound of 1 or less. */
export function drawBelow(bound: number, u32: () => number): number {
  if (!(bound > 1)) return 0;
  if (bound <= TWO_32) {
    // Draws from the last, incomplete run of `bound` numbers would favour the small ones.
    const usable = TWO_32 - (TWO_32 % bound);
    for (;;) {
      const draw = u32();
      if (draw < usable) return draw % bound;
    }
  }
  for (;;) {
    const draw = (u32() & 0x1f_ffff) * TWO_32 + u32();
    if (draw < bound * Math.floor(Number.MAX_SAFE_INTEGER / bound)) return draw % bound;
  }
}

/** 128 bits of a text (cyrb128): four multiplicative hashes that mix each other. */
function hashOf(text: string): State {
  let [a, b, c, d] = [1_779_033_703, 3_144_134_277, 1_013_904_242, 2_773_480_762];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ unit, 597_399_067);
    b = c ^ Math.imul(b ^ unit, 2_869_860_233);
    c = d ^ Math.imul(c ^ unit, 951_274_213);
    d = a ^ Math.imul(d ^ unit, 2_716_044_179);
  }
  a = Math.imul(c ^ (a >>> 18), 597_399_067);
  b = Math.imul(d ^ (b >>> 22), 2_869_860_233);
  c = Math.imul(a ^ (c >>> 17), 951_274_213);
  d = Math.imul(b ^ (d >>> 19), 2_716_044_179);
  a ^= b ^ c ^ d;
  return [a, b ^ a, c ^ a, d ^ a];
}
