/** Lets `ratePerSecond` through on average and `burst` at once. Time is passed in. */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number | undefined;

  constructor(ratePerSecond: number, burst: number) {
    this.#ratePerMs = ratePerSecond / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** All of them or none. More than `burst` at once are never let through: see `takeUpTo`. */
  take(nowMs: number, tokens = 1): boolean {
    this.#refill(nowMs);
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** From when on there is a token, if none is taken meanwhile. */
  opensAt(): number {
    const lacking = 1 - this.#tokens;
    if (lacking <= 0 || this.#at === undefined) return Number.NEGATIVE_INFINITY;
    return Math.floor(this.#at + lacking / this.#ratePerMs) + 1;
  }

  /** Whether there are so many, all of them left in place. */
  has(nowMs: number, tokens: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= tokens;
  }

  /** As many whole portions as there are tokens for, at most `portions`; answers how many. */
  takeUpTo(nowMs: number, portions: number, tokensEach: number): number {
    this.#refill(nowMs);
    const taken = Math.max(0, Math.min(portions, Math.floor(this.#tokens / tokensEach)));
    this.#tokens -= taken * tokensEach;
    return taken;
  }

  #refill(nowMs: number): void {
    if (this.#at !== undefined) {
      this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#at) * this.#ratePerMs);
    }
    this.#at = nowMs;
  }
}
