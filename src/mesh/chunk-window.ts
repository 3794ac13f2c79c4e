import { Limit } from '../core/limits.js';

const START = 2;
/** Slower than the best round trip by this much and by half as much again: chunks wait in queues on the way. */
const QUEUE_MS = 60;
const QUEUE_SHARE = 1.5;
const DELAY_CUT = 0.7;
const LOSS_CUT = 0.5;
const TIMEOUT_MIN_MS = 600;
const TIMEOUT_START_MS = 3_000;
const TIMEOUT_MAX_MS = 60_000;
/** The best round trip is that of the last one to two of these: paths change. */
const BEST_MS = 30_000;

/**
 * How many chunks of a transfer may be on their way, end to end: doubles with each round trip at first, then grows by one
 * chunk; gives way when round trips grow (after RFC 6817), and halves at a loss (RFC 5681).
 */
export class ChunkWindow {
  #size = START;
  #threshold: number = Limit.ChunksAsked;
  #smoothedMs: number | undefined;
  #varianceMs = 0;
  #backoff = 1;
  #cutAt = Number.NEGATIVE_INFINITY;
  #best = Number.POSITIVE_INFINITY;
  #bestBefore = Number.POSITIVE_INFINITY;
  #bestSince = 0;

  get size(): number {
    return Math.floor(this.#size);
  }

  /** After which a chunk that was asked for counts as lost: never while those before it in the window may be on their way. */
  get timeoutMs(): number {
    const once = this.#smoothedMs === undefined ? TIMEOUT_START_MS : 2 * this.#smoothedMs + 4 * this.#varianceMs;
    return Math.min(TIMEOUT_MAX_MS, Math.max(TIMEOUT_MIN_MS, once) * this.#backoff);
  }

  /** A chunk came that was asked for once, so long ago. */
  arrived(roundTripMs: number, now: number): void {
    this.#backoff = 1;
    this.#sample(roundTripMs);
    if (now - this.#bestSince >= BEST_MS) {
      this.#bestBefore = this.#best;
      this.#best = Number.POSITIVE_INFINITY;
      this.#bestSince = now;
    }
    this.#best = Math.min(this.#best, roundTripMs);
    const best = Math.min(this.#best, this.#bestBefore);
    if (roundTripMs > best * QUEUE_SHARE + QUEUE_MS) {
      this.#cut(DELAY_CUT, now);
      return;
    }
    const growth = this.#size < this.#threshold ? 1 : 1 / this.#size;
    this.#size = Math.min(Limit.ChunksAsked, this.#size + growth);
  }

  /** A chunk did not come in time. One event, one cut. */
  lost(now: number): void {
    if (this.#cut(LOSS_CUT, now)) this.#backoff = Math.min(16, this.#backoff * 2);
  }

  /** Another path, another life of the other end: what was learned of the way does not hold. */
  restart(): void {
    this.#size = START;
    this.#threshold = Limit.ChunksAsked;
    this.#smoothedMs = undefined;
    this.#backoff = 1;
    this.#best = Number.POSITIVE_INFINITY;
    this.#bestBefore = Number.POSITIVE_INFINITY;
  }

  #cut(factor: number, now: number): boolean {
    if (now - this.#cutAt < (this.#smoothedMs ?? TIMEOUT_MIN_MS)) return false;
    this.#cutAt = now;
    this.#size = Math.max(1, this.#size * factor);
    this.#threshold = this.#size;
    return true;
  }

  #sample(ms: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms;
      this.#varianceMs = ms / 2;
      return;
    }
    this.#varianceMs = 0.75 * this.#varianceMs + 0.25 * Math.abs(this.#smoothedMs - ms);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms;
  }
}
