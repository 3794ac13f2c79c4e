/** Duty cycles are counted over an hour (ETSI EN 300 220-1, 5.4): any hour, not one of the clock. */
export const WINDOW_MS = 3_600_000;
/** Airtime is remembered by the minute, and as long as any of its minute may lie within the hour: what is used less for that is a sixtieth. */
export const BUCKET_MS = 60_000;
export const BUCKETS = WINDOW_MS / BUCKET_MS + 1;

/** Airtime spent within the last hour. */
export class AirtimeWindow {
  /** By minute of the monotonic clock, in a ring. */
  readonly #spent = new Float64Array(BUCKETS);
  /** The minute that is now. */
  #minute = 0;
  #sum = 0;

  get spentMs(): number {
    return this.#sum;
  }

  /** A frame that begins now and takes so long counts for when it ends. */
  spend(airtimeMs: number, now: number): void {
    this.advance(now + airtimeMs);
    this.#add(this.#minute, airtimeMs);
  }

  advance(now: number): void {
    const minute = Math.floor(now / BUCKET_MS);
    if (minute <= this.#minute) return;
    const steps = Math.min(BUCKETS, minute - this.#minute);
    for (let i = 1; i <= steps; i++) this.#spent[(minute - steps + i) % BUCKETS] = 0;
    this.#minute = minute;
    // Anew, so that rounding adds up to nothing.
    this.#sum = this.#spent.reduce((a, b) => a + b, 0);
  }

  /** When no more than so much of what was spent lies within the hour. */
  fallsTo(mostMs: number): number {
    let left = this.#sum;
    if (left <= mostMs) return Number.NEGATIVE_INFINITY;
    for (let age = BUCKETS - 1; age >= 0; age--) {
      left -= this.#at(age);
      if (left <= mostMs) return (this.#minute - age) * BUCKET_MS + WINDOW_MS + BUCKET_MS;
    }
    return (this.#minute + BUCKETS) * BUCKET_MS;
  }

  /** What was spent in this minute and in each before it. */
  history(now: number): readonly number[] {
    this.advance(now);
    return Array.from({ length: BUCKETS }, (_, age) => this.#at(age));
  }

  /** Takes over such a history of `restMs` ago, as younger rather than older. */
  recall(history: readonly number[], restMs: number, now: number): void {
    this.advance(now);
    const rest = Math.floor(restMs / BUCKET_MS);
    history.slice(0, BUCKETS).forEach((ms, age) => {
      const since = Math.max(0, age - 1) + rest;
      if (since < BUCKETS) this.#add(this.#minute - since, ms);
    });
  }

  #at(age: number): number {
    return this.#spent[(((this.#minute - age) % BUCKETS) + BUCKETS) % BUCKETS] as number;
  }

  #add(minute: number, ms: number): void {
    const at = ((minute % BUCKETS) + BUCKETS) % BUCKETS;
    this.#spent[at] = (this.#spent[at] as number) + ms;
    this.#sum += ms;
  }
}
