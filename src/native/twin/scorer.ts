import type { Block } from './block.js';
import { peakOf, quantiseQuery } from './quantise.js';
import { dotFour, rowBytesOf, strideOf } from './row-format.js';
import { TopK } from './top-k.js';

const LANES = 4;

/** By how much an int8 score can be off: several times its deviation, which is 0.0003 for a typical embedding. */
const INT8_ERROR = 0.004;

/** A query in integers, and the best int8 rows it has met. */
export class Scorer {
  readonly top: TopK;
  /** The best k, where `top` holds more of them because they will be scored again. */
  readonly #best: TopK | undefined;
  readonly #query: Int16Array;
  readonly #rowBytes: number;
  readonly #factor: number;
  readonly #at = new Int32Array(LANES);
  readonly #dots = new Float64Array(LANES);

  /** `query` has a direction. The best `reach` are kept, of which k are wanted in the end. */
  constructor(query: Float32Array, k: number, reach: number | undefined) {
    const peak = peakOf(query, 0, query.length);
    this.#query = new Int16Array(strideOf(query.length));
    this.#rowBytes = rowBytesOf(query.length);
    this.#factor = 1 / Math.sqrt(quantiseQuery(query, peak, this.#query));
    this.top = new TopK(reach ?? k);
    this.#best = reach === undefined ? undefined : new TopK(k);
  }

  /** The score that a row needs to be among the k best in the end, as far as is known; -1 while there are fewer. */
  get needed(): number {
    const floor = (this.#best ?? this.top).floor;
    if (floor < -1) return -1;
    return this.#best === undefined ? floor : floor - INT8_ERROR;
  }

  clear(): void {
    this.top.clear();
    this.#best?.clear();
  }

  /** Compares the picked rows of a block with the query. */
  score(block: Block, pick: Uint16Array, count: number): void {
    const at = this.#at;
    const dots = this.#dots;
    const rowBytes = this.#rowBytes;
    for (let i = 0; i < count; i += LANES) {
      const lanes = Math.min(LANES, count - i);
      // Lanes to spare look at the last row again.
      for (let j = 0; j < LANES; j++) at[j] = (pick[Math.min(i + j, count - 1)] as number) * rowBytes;
      dotFour(this.#query, block.vectors, at, dots);
      for (let j = 0; j < lanes; j++) this.#offer(block, pick[i + j] as number, dots[j] as number);
    }
  }

  #offer(block: Block, row: number, dot: number): void {
    const cosine = dot * (block.factor[row] as number) * this.#factor;
    const score = Math.fround(Math.max(-1, Math.min(1, cosine)));
    if (score < this.top.floor) return;
    const low = block.key[row * 2] as number;
    const high = block.key[row * 2 + 1] as number;
    this.top.offer(score, low, high);
    this.#best?.offer(score, low, high);
  }
}
