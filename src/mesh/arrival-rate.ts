import type { Carrier } from './carrier.js';
import type { Link } from './links.js';

/** What an arrival came over: a link, or slow air where who speaks needs none. */
export type Way = Link | Carrier;

/** So many arrivals a second by each way they came, which a sender cannot choose; some can be saved up. */
export class ArrivalRate {
  readonly #perSecond: number;
  readonly #burst: number;
  /** Gone with the link. */
  readonly #left = new WeakMap<Way, { tokens: number; at: number }>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  take(way: Way, now: number): boolean {
    const left = this.#left.get(way) ?? { tokens: this.#burst, at: now };
    const tokens = Math.min(this.#burst, left.tokens + ((now - left.at) * this.#perSecond) / 1_000);
    this.#left.set(way, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }
}
