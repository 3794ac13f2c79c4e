const WINDOW_MS = 3_600_000;
const BUCKET_MS = 60_000;
const BUCKETS = WINDOW_MS / BUCKET_MS;

/** Keeps a transmitter below its share of any hour. Counts by the minute, so it lets go up to a minute late, never early. */
export class DutyMeter {
  readonly #budgetMs: number;
  readonly #minutes = new Float64Array(BUCKETS + 1);
  #current = 0;
  #usedMs = 0;

  constructor(share: number) {
    this.#budgetMs = share >= 1 ? Number.POSITIVE_INFINITY : WINDOW_MS * share;
  }

  /** When a frame of `airtimeMs` may begin: `now` or later. Never for one that is longer than the budget of an hour. */
  readyAt(airtimeMs: number, now: number): number {
    this.#roll(now);
    let used = this.#usedMs + airtimeMs;
    if (used <= this.#budgetMs) return now;
    for (let i = this.#current - BUCKETS; i <= this.#current; i++) {
      used -= this.#minutes[this.#slot(i)] as number;
      if (used <= this.#budgetMs) return Math.max(now, (i + BUCKETS + 1) * BUCKET_MS);
    }
    return Number.POSITIVE_INFINITY;
  }

  used(airtimeMs: number, now: number): void {
    this.#roll(now);
    this.#usedMs += airtimeMs;
    const slot = this.#slot(this.#current);
    this.#minutes[slot] = (this.#minutes[slot] as number) + airtimeMs;
  }

  #roll(now: number): void {
    const minute = Math.floor(now / BUCKET_MS);
    for (let gone = 0; this.#current < minute && gone <= BUCKETS; gone++) {
      // After an hour of silence nothing is left to forget.
      if (gone === BUCKETS) this.#current = minute - 1;
      this.#current += 1;
      const slot = this.#slot(this.#current);
      this.#usedMs -= this.#minutes[slot] as number;
      this.#minutes[slot] = 0;
    }
  }

  /** Minutes before the run began share the slots of those that come. */
  #slot(minute: number): number {
    const slots = BUCKETS + 1;
    return ((minute % slots) + slots) % slots;
  }
}
