import { equalBytes } from '../../core/bytes.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { SendResult } from '../../ports/radio.js';
import { DELIMITER, encodeFrame } from './cobs.js';
import { MAX_QUEUED_CONTROL, MAX_QUEUED_FRAMES, SILENCE_MS, WRITE_AHEAD_MS } from './limits.js';

export interface OutletOptions {
  readonly clock: Clock;
  readonly bytesPerSecond: number;
  /** Frames waiting for the line; beyond it `full`. */
  readonly maxQueuedBytes: number;
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** The body to send a frame in, or `undefined` while the other side has no room for it. */
  readonly wrap: (frame: Uint8Array) => Uint8Array | undefined;
  /** A frame is on its way. */
  readonly sent: (frame: Uint8Array) => void;
}

/**
 * What goes out over one port, at the speed of the line: a kernel's buffer would take much more than the line carries,
 * and what is urgent would wait behind it. Bodies of the link layer go first.
 */
export class Outlet {
  readonly #options: OutletOptions;
  readonly #control: Uint8Array[] = [];
  readonly #frames: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing = false;
  #closed = false;
  /** When the line will have carried all that was written. */
  #freeAt = 0;
  #notBefore = 0;
  #timer: Timer | undefined;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  get queuedFrames(): number {
    return this.#frames.length;
  }

  /** A body of the link layer. */
  control(body: Uint8Array): void {
    if (this.#control.length >= MAX_QUEUED_CONTROL) this.#control.shift();
    this.#control.push(body);
    this.pump();
  }

  /** Copies the frame. One that waits already is not queued twice: the engine repeats what was not acknowledged in time, and on a slow line that is mostly what still waits here. */
  offer(frame: Uint8Array): SendResult {
    if (this.#frames.some((waiting) => equalBytes(waiting, frame))) return 'queued';
    const full = this.#queuedBytes + frame.length > this.#options.maxQueuedBytes;
    if (full || this.#frames.length >= MAX_QUEUED_FRAMES) return 'full';
    this.#frames.push(frame.slice());
    this.#queuedBytes += frame.length;
    this.pump();
    return 'queued';
  }

  /** Forgets the frames that wait: the link they were for is gone. */
  clear(): void {
    this.#frames.length = 0;
    this.#queuedBytes = 0;
  }

  /** Says nothing before that moment. */
  hold(until: number): void {
    this.#notBefore = Math.max(this.#notBefore, until);
  }

  /** Sends what may be sent now. To be called when the other side made room. */
  pump(): void {
    if (this.#closed || this.#writing || this.#timer !== undefined) return;
    const now = this.#options.clock.now();
    const at = Math.max(this.#notBefore, this.#freeAt - WRITE_AHEAD_MS);
    if (at > now) {
      if (this.#control.length > 0 || this.#frames.length > 0) this.#wait(at - now);
      return;
    }
    const parts = this.#take(now);
    if (parts.length > 0) void this.#write(Buffer.concat(parts));
  }

  /** Sends one last body at once, past what waits, and nothing more. */
  finish(body: Uint8Array | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.clear();
    if (body !== undefined) void this.#options.write(encodeFrame(body));
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.clock.timer('serial.pace', delayMs, () => {
      this.#timer = undefined;
      this.pump();
    });
  }

  /** As much as the line carries in the time it is written ahead, and at least one. */
  #take(now: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let freeAt = Math.max(now, this.#freeAt);
    const take = (body: Uint8Array): void => {
      const part = encodeFrame(body);
      freeAt += (part.length * 1_000) / this.#options.bytesPerSecond;
      parts.push(part);
    };
    // Noise on an idle line must not spoil the frame that ends the silence.
    const afterSilence = now - this.#freeAt > SILENCE_MS;
    for (const body of this.#control.splice(0)) take(body);
    while (freeAt - now < WRITE_AHEAD_MS || parts.length === 0) {
      const frame = this.#frames[0];
      const body = frame === undefined ? undefined : this.#options.wrap(frame);
      if (frame === undefined || body === undefined) break;
      this.#frames.shift();
      this.#queuedBytes -= frame.length;
      take(body);
      this.#options.sent(frame);
    }
    this.#freeAt = freeAt;
    return afterSilence && parts.length > 0 ? [Uint8Array.of(DELIMITER), ...parts] : parts;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#writing = true;
    await this.#options.write(bytes);
    this.#writing = false;
    this.pump();
  }
}
