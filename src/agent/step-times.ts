/** Steps remembered for the percentiles. */
const KEPT = 1_024;

/** How long the engine's steps take: its own share of every latency. */
export class StepTimes {
  readonly #ring = new Float64Array(KEPT);
  #count = 0;

  get steps(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#ring[this.#count % KEPT] = ms;
    this.#count++;
  }

  /** Of the last steps; 0 before the first. */
  percentile(share: number): number {
    const held = Math.min(this.#count, KEPT);
    if (held === 0) return 0;
    const sorted = this.#ring.slice(0, held).sort();
    return sorted[Math.min(held - 1, Math.floor(held * share))] as number;
  }
}
