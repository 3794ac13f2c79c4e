// Made-up embeddings: unit vectors that a seed gives again, row by row, so that a million of them are never held at once.
import { gaussTable, Stream } from './random.mjs';

export const DataKind = { Clustered: 'clustered', Random: 'random', Spectrum: 'spectrum' };

/** Chunks a set is made and inserted in. */
export const CHUNK_ROWS = 4_096;
const IDENTITIES = 2_000;
/** Squared length of the noise beside an identity of length 1: two looks at one have a cosine of about 1 ÷ (1 + this). */
const NOISE = 0.418;
/** The share of the shared mean in a vector's squared length: two strangers have a cosine of about this. */
const SHARED = 0.17;
/** Component j of a spectrum has a variance of (j + 1)^-this: half of it lies in the first twenty of 512. */
const DECAY = 0.9;

/** Apart from the rows', so that no query is a row. */
const Origin = { Row: 1, Query: 2, Identity: 3, Mean: 4, Signs: 5 };

export class DataSet {
  #gauss = gaussTable();
  #stream = new Stream();
  #centres;
  #mean;
  #deviations;
  #signs;
  #noise;
  #held;

  /**
   * `clustered`: looks at 2,000 identities, unit centres and isotropic noise. `random`: no structure at all. `spectrum`:
   * clustered, with a mean all share and few directions that hold most of the variance, as real models have it.
   * @param {{kind: string, count: number, dimension?: number, seed?: number}} options
   */
  constructor({ kind, count, dimension = 512, seed = 1 }) {
    if (!Object.values(DataKind).includes(kind)) throw new RangeError(`there is no data set ${kind}`);
    Object.assign(this, { kind, count, dimension, seed });
    this.#noise = new Float64Array(dimension);
    if (kind === DataKind.Random) return;
    if (kind === DataKind.Spectrum) this.#shape();
    this.#centres = new Float32Array(IDENTITIES * dimension);
    for (let i = 0; i < IDENTITIES; i++) {
      const centre = this.#centres.subarray(i * dimension, (i + 1) * dimension);
      this.#draw(Origin.Identity, i, 1, centre);
    }
  }

  get name() {
    return `${this.kind}-${this.count}-${this.dimension}-s${this.seed}`;
  }

  identityOf(row) {
    return this.#stream.start(this.seed, Origin.Row, row) % IDENTITIES;
  }

  /** Rows `from` to `to` (not included) into `out`, which has room for them. */
  fill(from, to, out) {
    for (let row = from; row < to; row++) this.#look(Origin.Row, row, out, (row - from) * this.dimension);
  }

  row(index) {
    const out = new Float32Array(this.dimension);
    this.fill(index, index + 1, out);
    return out;
  }

  /** Another look at somebody who is in the set; in a set without structure just another vector. */
  query(index) {
    const out = new Float32Array(this.dimension);
    this.#look(Origin.Query, index, out, 0);
    return out;
  }

  /** The rows in chunks, to be read only; the array may be the same each time. @returns {Generator<{from: number, to: number, vectors: Float32Array}>} */
  *chunks(rows = CHUNK_ROWS, from = 0, to = this.count) {
    if (this.#held !== undefined) return yield* this.#heldChunks(rows, from, to);
    const room = new Float32Array(rows * this.dimension);
    for (let start = from; start < to; start += rows) {
      const end = Math.min(to, start + rows);
      this.fill(start, end, room);
      yield { from: start, to: end, vectors: room.subarray(0, (end - start) * this.dimension) };
    }
  }

  /** All rows, made once and held from then on: for a set that many rows read. */
  hold() {
    if (this.#held === undefined) {
      const held = new Float32Array(this.count * this.dimension);
      this.fill(0, this.count, held);
      this.#held = held;
    }
    return this.#held;
  }

  *#heldChunks(rows, from, to) {
    for (let start = from; start < to; start += rows) {
      const end = Math.min(to, start + rows);
      yield { from: start, to: end, vectors: this.#held.subarray(start * this.dimension, end * this.dimension) };
    }
  }

  /** Gaussian noise of about this squared length. Returns the first word of its stream. */
  #draw(origin, index, power, out) {
    const [stream, gauss, dimension, deviations] = [this.#stream, this.#gauss, this.dimension, this.#deviations];
    const first = stream.start(this.seed, origin, index);
    const scale = Math.sqrt(power / dimension);
    for (let j = 0; j < dimension; j += 2) {
      const word = stream.next();
      out[j] = gauss[word & 0xffff] * scale;
      if (j + 1 < dimension) out[j + 1] = gauss[word >>> 16] * scale;
    }
    if (deviations !== undefined) for (let j = 0; j < dimension; j++) out[j] *= deviations[j];
    return first;
  }

  #look(origin, index, out, at) {
    const [noise, dimension, centres, mean] = [this.#noise, this.dimension, this.#centres, this.#mean];
    const first = this.#draw(origin, index, centres === undefined ? 1 : NOISE, noise);
    if (centres !== undefined) {
      const centre = (first % IDENTITIES) * dimension;
      for (let j = 0; j < dimension; j++) noise[j] += centres[centre + j];
    }
    if (mean !== undefined) {
      for (let j = 0; j < dimension; j++) noise[j] += mean[j];
      this.#turn(noise);
    }
    let power = 0;
    for (let j = 0; j < dimension; j++) power += noise[j] * noise[j];
    const scale = 1 / Math.sqrt(power);
    for (let j = 0; j < dimension; j++) out[at + j] = noise[j] * scale;
  }

  #shape() {
    const { dimension } = this;
    if ((dimension & (dimension - 1)) !== 0) throw new RangeError('a spectrum needs a power of two as its dimension');
    const variances = Float64Array.from({ length: dimension }, (_, j) => (j + 1) ** -DECAY);
    const mean = variances.reduce((sum, value) => sum + value, 0) / dimension;
    const deviations = variances.map((value) => Math.sqrt(value / mean));
    this.#mean = new Float64Array(dimension);
    const power = ((1 + NOISE) * SHARED) / (1 - SHARED);
    this.#draw(Origin.Mean, 0, power, this.#mean);
    const signs = new Float64Array(dimension);
    this.#draw(Origin.Signs, 0, 1, signs);
    this.#signs = signs.map((value) => (value < 0 ? -1 : 1));
    this.#deviations = deviations;
  }

  /** A fixed rotation, signs and a Hadamard transform, so that the strong directions are not the axes. */
  #turn(values) {
    const [length, signs] = [values.length, this.#signs];
    for (let j = 0; j < length; j++) values[j] *= signs[j];
    for (let half = 1; half < length; half *= 2) {
      for (let start = 0; start < length; start += 2 * half) {
        for (let j = start; j < start + half; j++) {
          const [a, b] = [values[j], values[j + half]];
          values[j] = a + b;
          values[j + half] = a - b;
        }
      }
    }
  }
}
