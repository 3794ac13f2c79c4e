import type { Random } from '../ports/random.js';

export interface TrickleConstants {
  readonly minMs: number;
  readonly maxMs: number;
  /** Consistent messages within an interval that make our own unnecessary. */
  readonly redundancy: number;
}

/** The Trickle timer of RFC 6206: dense after news, ever rarer while all agree. Time is passed in. */
export class Trickle {
  readonly #constants: TrickleConstants;
  readonly #random: Random;
  #intervalMs = 0;
  #minMs: number;
  #endsAt = Number.POSITIVE_INFINITY;
  #fireAt: number | undefined;
  #heard = 0;

  constructor(constants: TrickleConstants, random: Random) {
    this.#constants = constants;
    this.#random = random;
    this.#minMs = constants.minMs;
  }

  /** News, or a sign that a neighbour lacks it: the interval shrinks to its least, or `stretch` times that. */
  reset(now: number, stretch = 1): void {
    if (this.#intervalMs === this.#minMs && now < this.#endsAt) return;
    this.#minMs = this.#constants.minMs * stretch;
    this.#begin(this.#minMs, now);
  }

  /** A neighbour said the same. */
  consistent(): void {
    this.#heard++;
  }

  stop(): void {
    this.#fireAt = undefined;
    this.#endsAt = Number.POSITIVE_INFINITY;
    this.#intervalMs = 0;
  }

  /** True when it is time to transmit. */
  due(now: number): boolean {
    let transmit = false;
    if (this.#fireAt !== undefined && now >= this.#fireAt) {
      this.#fireAt = undefined;
      transmit = this.#heard < this.#constants.redundancy;
    }
    if (now >= this.#endsAt) this.#begin(Math.min(this.#constants.maxMs, this.#intervalMs * 2), now);
    return transmit;
  }

  nextDeadline(): number | undefined {
    const at = this.#fireAt ?? this.#endsAt;
    return Number.isFinite(at) ? at : undefined;
  }

  #begin(intervalMs: number, now: number): void {
    this.#intervalMs = intervalMs;
    this.#endsAt = now + intervalMs;
    this.#fireAt = now + intervalMs / 2 + this.#random.below(Math.max(1, Math.floor(intervalMs / 2)));
    this.#heard = 0;
  }
}
