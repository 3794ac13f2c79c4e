type WatchdogVerdict = 'fine' | 'restart-scan' | 'reset';

/** Restarts of the scan before the controller itself is reset. */
const RESTARTS = 2;
/** Where nobody was ever heard, silence is likelier the truth. */
const EMPTY_FIELD_FACTOR = 6;
/** Each reset in vain makes the next wait longer, up to this factor. */
const PATIENCE_MAX = 64;

/** Scans die silently after minutes to hours on many controllers. What gives them away is that adverts stop. */
export class ScanWatchdog {
  readonly #silentMs: number;
  #since: number;
  #everHeard = false;
  #restarts = 0;
  #patience = 1;

  constructor(silentMs: number, now: number) {
    this.#silentMs = silentMs;
    this.#since = now;
  }

  /** An advert, anybody's. */
  heard(now: number): void {
    this.#since = now;
    this.#everHeard = true;
    this.#restarts = 0;
    this.#patience = 1;
  }

  /** Nothing could be heard until now, and for a good reason. */
  excuse(now: number): void {
    this.#since = Math.max(this.#since, now);
  }

  check(now: number): WatchdogVerdict {
    const limit = this.#silentMs * this.#patience * (this.#everHeard ? 1 : EMPTY_FIELD_FACTOR);
    if (now - this.#since <= limit) return 'fine';
    this.#since = now;
    if (this.#restarts++ < RESTARTS) return 'restart-scan';
    this.#restarts = 0;
    this.#patience = Math.min(PATIENCE_MAX, this.#patience * 2);
    return 'reset';
  }
}
