/** What may be saved up: so much time of the share, and what a few nodes say when they meet, however slow the carrier is. */
const SAVED_MS = 60_000;
const SAVED_BYTES_MIN = 4_096;
/** What may be overdrawn: so much time, for what is told after it is what counts when many things have changed at once, and a few states. */
const DEBT_MS = 15_000;
const DEBT_BYTES_MIN = 1_024;

/**
 * A share of a carrier's airtime, in bytes: opens while something is left, and may be overdrawn, so that what is asked
 * for is never cut in the middle. The debt is bounded: it opens again however much was asked for.
 */
export class AirtimeShare {
  readonly #wholeBytesPerMs: number;
  #bytesPerMs: number;
  #balance: number;
  #at = 0;

  constructor(bitsPerSecond: number) {
    this.#wholeBytesPerMs = bitsPerSecond / 8_000;
    this.#bytesPerMs = this.#wholeBytesPerMs;
    this.#balance = this.#most;
  }

  /** So many nodes have this share together. */
  divide(nodes: number): void {
    this.#bytesPerMs = this.#wholeBytesPerMs / nodes;
  }

  isOpen(now: number): boolean {
    this.#refill(now);
    return this.#balance > 0;
  }

  /** When it opens again. */
  opensAt(now: number): number {
    this.#refill(now);
    return this.#balance > 0 ? now : now + (1 - this.#balance) / this.#bytesPerMs;
  }

  spend(bytes: number, now: number): void {
    this.#refill(now);
    const debt = Math.max(DEBT_BYTES_MIN, this.#bytesPerMs * DEBT_MS);
    this.#balance = Math.max(-debt, this.#balance - bytes);
  }

  get #most(): number {
    return Math.max(SAVED_BYTES_MIN, this.#bytesPerMs * SAVED_MS);
  }

  #refill(now: number): void {
    this.#balance = Math.min(this.#most, this.#balance + Math.max(0, now - this.#at) * this.#bytesPerMs);
    this.#at = Math.max(this.#at, now);
  }
}
