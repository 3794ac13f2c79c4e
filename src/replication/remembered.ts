/**
 * Keys seen lately with a 32-bit value each, in two generations: when the young one is full or its time is over it
 * becomes the old one and the former old one is forgotten. At most twice `limit` entries.
 */
export class Remembered {
  readonly #limit: number;
  readonly #generationMs: number;
  #young = new Map<bigint, number>();
  #old = new Map<bigint, number>();
  #since = 0;

  constructor(limit: number, generationMs: number) {
    this.#limit = limit;
    this.#generationMs = generationMs;
  }

  set(key: bigint, value: number, now: number): void {
    this.#rotate(now);
    this.#young.set(key, value);
  }

  get(key: bigint, now: number): number | undefined {
    this.#rotate(now);
    return this.#young.get(key) ?? this.#old.get(key);
  }

  #rotate(now: number): void {
    const elapsed = now - this.#since;
    if (elapsed < this.#generationMs && this.#young.size < this.#limit) return;
    this.#old = elapsed < 2 * this.#generationMs ? this.#young : new Map();
    this.#young = new Map();
    this.#since = now;
  }
}
