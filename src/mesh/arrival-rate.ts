import type { Link } from './links.js';

/** So many arrivals a second by each link, which a sender cannot choose; some can be saved up. */
export class ArrivalRate {
  readonly #perSecond: number;
  readonly #burst: number;
  /** Gone with the link. */
  readonly #left = new WeakMap<Link, { tokens: number; at: number }>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  take(link: Link, now: number): boolean {
    const left = this.#left.get(link) ?? { tokens: this.#burst, at: now };
    const tokens = Math.min(this.#burst, left.tokens + ((now - left.at) * this.#perSecond) / 1_000);
    this.#left.set(link, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }
}
