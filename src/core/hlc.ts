/**
 * Hybrid logical clock (Kulkarni et al. 2014): 48 bits of Unix milliseconds, 16 bits of logical counter, in one
 * 64-bit integer that orders by time and then by causality.
 */
export type Hlc = bigint;

/** Stamps further ahead of our clock than this are held back, never merged (docs/protocol.md). */
export const HLC_MAX_AHEAD_MS = 120_000;

const LOGICAL_BITS = 16n;
const MAX_MS = 2 ** 48 - 1;

export const hlcOf = (ms: number, logical = 0): Hlc =>
  (BigInt(Math.min(Math.max(0, Math.floor(ms)), MAX_MS)) << LOGICAL_BITS) | BigInt(logical);

export const hlcMs = (hlc: Hlc): number => Number(hlc >> LOGICAL_BITS);

export const isAhead = (hlc: Hlc, wallMs: number, limitMs = HLC_MAX_AHEAD_MS): boolean => hlcMs(hlc) > wallMs + limitMs;

/** Never repeats and never steps back, even when the wall clock does. Start it from the newest stamp on disk. */
export class HybridClock {
  /** How far ahead of the wall clock a stamp may be. */
  aheadMs = HLC_MAX_AHEAD_MS;
  #last: Hlc;

  constructor(last: Hlc = 0n) {
    this.#last = last;
  }

  get last(): Hlc {
    return this.#last;
  }

  /** A stamp for a local event. */
  tick(wallMs: number): Hlc {
    const physical = hlcOf(wallMs);
    this.#last = physical > this.#last ? physical : this.#last + 1n;
    return this.#last;
  }

  /** Takes note of a stamp from elsewhere; false (and no change) when it is too far ahead. */
  observe(stamp: Hlc, wallMs: number, limitMs = this.aheadMs): boolean {
    if (isAhead(stamp, wallMs, limitMs)) return false;
    if (stamp > this.#last) this.#last = stamp;
    return true;
  }
}
