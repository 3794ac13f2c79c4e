/** Carriers from here on are faster than a timer can pace, and their queues are short. */
const PACED_BELOW_BITS_PER_SECOND = 2_000_000;

export const isPacedAt = (bitsPerSecond: number): boolean => bitsPerSecond < PACED_BELOW_BITS_PER_SECOND;

/** Handed over ahead of the carrier, in time: less, and timers leave gaps; more, and urgent frames wait. */
export const AHEAD_MS = 30;
/** A radio that was full is left alone for a moment, longer each time it takes nothing at all. */
const FULL_MS = 5;
const FULL_MAX_MS = 500;
/** Then one frame goes alone, to see. */
const PROBE_MS = 1;

/**
 * When a transmitter takes the next frame. A slow one is given no more than it sends in a moment: what waits, waits in
 * the engine's queues, where the urgent goes first.
 */
export class Pace {
  /** Whether frames are handed over at the speed of the carrier. */
  readonly isPaced: boolean;
  readonly #msPerByte: number;
  readonly #msPerFrame: number;
  #freeAt = 0;
  #fullUntil = 0;
  #fullMs = 0;
  #isProbing = false;

  constructor(bitsPerSecond: number, frameOverheadMs = 0) {
    this.isPaced = isPacedAt(bitsPerSecond);
    this.#msPerByte = 8_000 / Math.max(1, bitsPerSecond);
    this.#msPerFrame = frameOverheadMs;
  }

  /** From when on the next frame may go. */
  readyAt(): number {
    return Math.max(this.isPaced ? this.#freeAt - AHEAD_MS : 0, this.#fullUntil);
  }

  /** Until when the radio is left alone because it was full. */
  get fullUntil(): number {
    return this.#fullUntil;
  }

  /** A frame is handed over; the time at which its last byte will have left. */
  sent(bytes: number, now: number): number {
    if (this.#fullMs > 0 && now >= this.#fullUntil) this.#probe(now);
    this.#freeAt = Math.max(now, this.#freeAt) + this.#msPerFrame + bytes * this.#msPerByte;
    return this.#freeAt;
  }

  /** The radio had no room for a frame of so many bytes. */
  full(bytes: number, now: number): void {
    // Of several frames given at once, the first that is refused speaks for all.
    if (this.#fullUntil > now && !this.#isProbing) return;
    const once = Math.max(FULL_MS, this.#msPerFrame + bytes * this.#msPerByte);
    this.#fullMs = Math.min(FULL_MAX_MS, this.#isProbing ? this.#fullMs * 2 : once);
    this.#isProbing = false;
    this.#fullUntil = now + this.#fullMs;
  }

  #probe(now: number): void {
    // A second frame goes: the first was not refused.
    if (this.#isProbing) this.#fullMs = 0;
    else this.#fullUntil = now + PROBE_MS;
    this.#isProbing = !this.#isProbing;
  }
}
