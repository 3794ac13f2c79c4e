// A made-up vision model: a few identities, and noisy looks at them. The same seed gives the same looks.
export const EMBEDDING_VALUES = 512;
/** Length of the noise beside an identity of length 1: two looks at one identity then have a cosine of about 0.8. */
const NOISE = 0.5;

/** xorshift32, from 0 to 1. */
function uniform(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

function unit(values) {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

export class Identities {
  #uniform;
  #people;

  constructor(count, seed) {
    this.#uniform = uniform(seed);
    this.#people = Array.from({ length: count }, () => this.#noisy(undefined, 1));
  }

  get count() {
    return this.#people.length;
  }

  /** One more look at identity `index`: a unit vector. */
  look(index) {
    return this.#noisy(this.#people[index], NOISE);
  }

  pick() {
    return Math.floor(this.#uniform() * this.#people.length);
  }

  /** A detection of somebody, as a pipeline pushes it. */
  detection(camera) {
    const identity = this.pick();
    const hash = Array.from({ length: 4 }, () => this.#hex32()).join('');
    return {
      hash,
      type: 'person',
      embedding: this.look(identity),
      metadata: { identity, camera },
      observedAt: Date.now(),
    };
  }

  #hex32() {
    return Math.floor(this.#uniform() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }

  #gauss() {
    return Math.sqrt(-2 * Math.log(1 - this.#uniform())) * Math.cos(2 * Math.PI * this.#uniform());
  }

  #noisy(of, noise) {
    const scale = noise / Math.sqrt(EMBEDDING_VALUES);
    return unit(Array.from({ length: EMBEDDING_VALUES }, (_, i) => (of ? of[i] : 0) + scale * this.#gauss()));
  }
}
