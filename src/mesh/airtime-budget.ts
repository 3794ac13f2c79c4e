import { Priority } from '../wire/frame-types.js';
import { AirtimeWindow, BUCKET_MS, WINDOW_MS } from './airtime-window.js';

/**
 * Share of the hour's airtime that a node which was silent may send at once, also one of which no record says what it sent: a new one. It is lawful as long as
 * nobody wipes the records of a node that has just sent much.
 */
const BURST_SHARE = 0.25;
/** Share that comes in within an hour. With all of it, who sends as much as it may would be silent for a quarter of every hour. */
const REFILL_SHARE = 0.9;
/** Share of the hour that each class leaves to those above it: an alert finds airtime when all else has used up its own. */
const RESERVE: Readonly<Record<Priority, number>> = {
  [Priority.Critical]: 0,
  [Priority.High]: 0.05,
  [Priority.Medium]: 0.1,
  [Priority.Low]: 0.15,
};

/**
 * The airtime that a carrier's duty cycle allows, in ms, with a reserve for what is more urgent. In no hour, wherever it begins, more is spent; a token
 * bucket sees to it that little of each hour is silence for want of airtime.
 */
export class AirtimeBudget {
  readonly isBounded: boolean;
  /** Airtime of an hour, ms. */
  readonly hourMs: number;
  readonly #window = new AirtimeWindow();
  readonly #most: number;
  readonly #msPerMs: number;
  #balance: number;
  #spentMs = 0;
  #at = 0;

  constructor(dutyCycle: number) {
    this.isBounded = dutyCycle < 1;
    this.hourMs = WINDOW_MS * Math.min(1, Math.max(0, dutyCycle));
    this.#most = this.hourMs * BURST_SHARE;
    this.#msPerMs = (this.hourMs * REFILL_SHARE) / WINDOW_MS;
    this.#balance = this.#most;
  }

  /** Airtime spent through this budget, ms. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /**
   * From when on a frame of this class and airtime may go, if nothing else is sent meanwhile; `atMostMs`: where it is not known yet how long it will be.
   * One that is longer than the hour allows goes when nothing else has for an hour.
   */
  opensAt(priority: Priority, airtimeMs: number, atMostMs = airtimeMs): number {
    if (!this.isBounded) return Number.NEGATIVE_INFINITY;
    const reserve = RESERVE[priority] * this.hourMs;
    const lacking = Math.min(this.#most, reserve + airtimeMs) - this.#balance;
    const saved = lacking <= 0 ? Number.NEGATIVE_INFINITY : this.#at + lacking / this.#msPerMs;
    return Math.max(saved, this.#window.fallsTo(Math.max(0, this.hourMs - reserve - atMostMs)));
  }

  spend(airtimeMs: number, now: number): void {
    if (!this.isBounded) return;
    this.#refill(now);
    this.#balance -= airtimeMs;
    this.#spentMs += airtimeMs;
    this.#window.spend(airtimeMs, now);
  }

  /** Airtime left, in ms. */
  left(now: number): number {
    if (!this.isBounded) return Number.POSITIVE_INFINITY;
    this.#refill(now);
    return Math.min(this.#balance, this.hourMs - this.#window.spentMs);
  }

  /** What was spent in this minute and in each before it that counts, ms. */
  history(now: number): readonly number[] {
    return this.#window.history(now);
  }

  /** It was used before, as such a history of `restMs` ago says. */
  recall(history: readonly number[], restMs: number, now: number): void {
    this.#window.recall(history, restMs, now);
    const told = this.#window.history(now);
    this.#at = Math.max(this.#at, now);
    this.#balance = this.#most;
    for (let age = told.length - 1; age >= 0; age--) {
      const balance = Math.min(this.#most, this.#balance + BUCKET_MS * this.#msPerMs) - (told[age] as number);
      this.#balance = Math.max(0, balance);
    }
  }

  /** The worst that a node which kept to this may have behind it. */
  worstHistory(): readonly number[] {
    const history = [this.#most];
    for (let left = this.hourMs - this.#most; left > 0; ) {
      const ms = Math.min(left, BUCKET_MS * this.#msPerMs);
      history.push(ms);
      left -= ms;
    }
    return history;
  }

  #refill(now: number): void {
    this.#window.advance(now);
    this.#balance = Math.min(this.#most, this.#balance + Math.max(0, now - this.#at) * this.#msPerMs);
    this.#at = Math.max(this.#at, now);
  }
}
