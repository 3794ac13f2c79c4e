import type { SearchHits } from '../../ports/hot-path.js';

/** The best k of a stream of (score, key): higher scores first, on a tie the lower key. A heap with the worst on top. */
export class TopK {
  readonly #scores: Float32Array;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  #size = 0;

  constructor(k: number) {
    this.#scores = new Float32Array(k);
    this.#low = new Uint32Array(k);
    this.#high = new Uint32Array(k);
  }

  /** No hit below this score can get in any more. */
  get floor(): number {
    return this.#size < this.#scores.length || this.#size === 0 ? -2 : (this.#scores[0] as number);
  }

  clear(): void {
    this.#size = 0;
  }

  /** `score` is a float32 already. */
  offer(score: number, low: number, high: number): void {
    if (this.#size < this.#scores.length) {
      this.#siftUp(this.#size++, score, low, high);
    } else if (this.#size > 0 && this.#isWorse(0, score, low, high)) {
      this.#siftDown(score, low, high);
    }
  }

  /** Empties the heap into a list, best first; scores are int8 ones so far. */
  finish(): SearchHits {
    const count = this.#size;
    const keys = new BigUint64Array(count);
    const words = new Uint32Array(keys.buffer);
    const scores = new Float32Array(count);
    for (let i = count - 1; i >= 0; i--) {
      scores[i] = this.#scores[0] as number;
      words[i * 2] = this.#low[0] as number;
      words[i * 2 + 1] = this.#high[0] as number;
      this.#size = i;
      this.#siftDown(this.#scores[i] as number, this.#low[i] as number, this.#high[i] as number);
    }
    return { keys, scores, exact: new Uint8Array(count) };
  }

  /** Whether the element at `at` is worse than the given one. */
  #isWorse(at: number, score: number, low: number, high: number): boolean {
    const mine = this.#scores[at] as number;
    if (mine !== score) return mine < score;
    const myHigh = this.#high[at] as number;
    return myHigh !== high ? myHigh > high : (this.#low[at] as number) > low;
  }

  #siftUp(from: number, score: number, low: number, high: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#isWorse(parent, score, low, high)) break;
      this.#copy(parent, at);
      at = parent;
    }
    this.#set(at, score, low, high);
  }

  /** Puts an element in place of the top. */
  #siftDown(score: number, low: number, high: number): void {
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isWorseThan(child + 1, child)) child++;
      if (!this.#isWorse(child, score, low, high)) break;
      this.#copy(child, at);
      at = child;
    }
    this.#set(at, score, low, high);
  }

  #isWorseThan(a: number, b: number): boolean {
    return this.#isWorse(a, this.#scores[b] as number, this.#low[b] as number, this.#high[b] as number);
  }

  #copy(from: number, to: number): void {
    this.#set(to, this.#scores[from] as number, this.#low[from] as number, this.#high[from] as number);
  }

  #set(at: number, score: number, low: number, high: number): void {
    this.#scores[at] = score;
    this.#low[at] = low;
    this.#high[at] = high;
  }
}
