import { Priority } from '../wire/frame-types.js';

/** Duty cycles are counted over an hour (ETSI EN 300 220). */
export const WINDOW_MS = 3_600_000;
/** A node of which no record says what it sent begins with so much of its hour. */
const START_SHARE = 0.25;
/** Share of the hour that each class leaves to those above it: an alert finds airtime when all else has used up its own. */
const RESERVE: Readonly<Record<Priority, number>> = {
  [Priority.Critical]: 0,
  [Priority.High]: 0.05,
  [Priority.Medium]: 0.1,
  [Priority.Low]: 0.15,
};

/** The airtime that a carrier's duty cycle allows, in ms, with a reserve for what is more urgent. */
export class AirtimeBudget {
  readonly #msPerMs: number;
  readonly #most: number;
  #balance: number;
  #spentMs = 0;
  #at = 0;

  constructor(dutyCycle: number) {
    this.#msPerMs = dutyCycle >= 1 ? Number.POSITIVE_INFINITY : Math.max(0, dutyCycle);
    this.#most = WINDOW_MS * Math.min(1, Math.max(0, dutyCycle));
    this.#balance = this.#most * START_SHARE;
  }

  get isBounded(): boolean {
    return Number.isFinite(this.#msPerMs);
  }

  /** Airtime of an hour, ms. */
  get hourMs(): number {
    return this.#most;
  }

  /** Airtime spent through this budget, ms. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** Airtime that must come in again before the hour's is whole, ms. */
  owed(now: number): number {
    return this.#most - this.left(now);
  }

  /** It was used before: so much is to come in again first. */
  owe(ms: number, now: number): void {
    this.#balance = this.#most - Math.max(0, ms);
    this.#at = Math.max(this.#at, now);
  }

  /** From when on a frame of this class and airtime may go, if nothing else is sent meanwhile. */
  opensAt(priority: Priority, airtimeMs: number): number {
    if (!this.isBounded) return Number.NEGATIVE_INFINITY;
    const lacking = RESERVE[priority] * this.#most + airtimeMs - this.#balance;
    return lacking <= 0 ? Number.NEGATIVE_INFINITY : this.#at + lacking / this.#msPerMs;
  }

  spend(airtimeMs: number, now: number): void {
    if (!this.isBounded) return;
    this.#refill(now);
    this.#balance -= airtimeMs;
    this.#spentMs += airtimeMs;
  }

  /** Airtime left, in ms: less than nothing where what cannot wait was sent all the same. */
  left(now: number): number {
    this.#refill(now);
    return this.isBounded ? this.#balance : Number.POSITIVE_INFINITY;
  }

  #refill(now: number): void {
    this.#balance = Math.min(this.#most, this.#balance + Math.max(0, now - this.#at) * this.#msPerMs);
    this.#at = Math.max(this.#at, now);
  }
}
