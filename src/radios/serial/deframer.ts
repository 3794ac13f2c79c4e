import { DELIMITER, decodeFrame, encodedBound } from './cobs.js';

/**
 * Cuts the bytes of a line into frames. Holds one frame at most; what is longer is dropped up to the next delimiter.
 * Up to the first delimiter nothing counts as damaged: the line was entered in the middle of something.
 */
export class Deframer {
  readonly #held: Uint8Array;
  #length = 0;
  #overlong = false;
  #entered = false;
  #damaged = 0;
  #noise = 0;

  constructor(maxBodyBytes: number) {
    this.#held = new Uint8Array(encodedBound(maxBodyBytes));
  }

  /** Frames that were damaged or too long. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Bytes since `forgive` that belonged to no good frame, the unfinished last one included. */
  get noiseBytes(): number {
    return this.#noise + this.#length;
  }

  /** The noise so far is explained. */
  forgive(): void {
    this.#noise = 0;
  }

  /** Calls `body` with each whole, undamaged body in `chunk`; it may keep the bytes. */
  push(chunk: Uint8Array, body: (bytes: Uint8Array) => void): void {
    let from = 0;
    while (from < chunk.length) {
      const zero = chunk.indexOf(DELIMITER, from);
      const end = zero < 0 ? chunk.length : zero;
      this.#hold(chunk, from, end);
      if (zero >= 0) this.#finish(body);
      from = end + 1;
    }
  }

  #hold(chunk: Uint8Array, from: number, end: number): void {
    const room = this.#held.length - this.#length;
    if (end - from > room) {
      this.#noise += end - from - room;
      this.#overlong = true;
    }
    const part = chunk.subarray(from, Math.min(end, from + room));
    this.#held.set(part, this.#length);
    this.#length += part.length;
  }

  #finish(body: (bytes: Uint8Array) => void): void {
    const length = this.#length;
    const whole = this.#overlong || length === 0 ? undefined : decodeFrame(this.#held.subarray(0, length));
    const entered = this.#entered;
    this.#length = 0;
    this.#entered = true;
    const overlong = this.#overlong;
    this.#overlong = false;
    if (whole !== undefined) {
      body(whole);
      return;
    }
    this.#noise += length;
    if ((length > 0 || overlong) && entered) this.#damaged++;
  }
}
