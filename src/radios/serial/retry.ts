import type { Clock, Timer } from '../../ports/clock.js';
import { FIRST_RETRY_MS, MAX_ABSENT_RETRY_MS, MAX_RETRY_MS } from './limits.js';

/**
 * When to open again. The wait doubles while the reason stays the same and begins afresh when it changes: a device that
 * was plugged in is first absent, then not yet permitted, and open a moment later.
 */
export class Retry {
  readonly #clock: Clock;
  readonly #attempt: () => void;
  #why = '';
  #waitMs = FIRST_RETRY_MS;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, attempt: () => void) {
    this.#clock = clock;
    this.#attempt = attempt;
  }

  after(why: string): void {
    const longest = why === 'absent' ? MAX_ABSENT_RETRY_MS : MAX_RETRY_MS;
    this.#waitMs = why === this.#why ? Math.min(longest, this.#waitMs * 2) : FIRST_RETRY_MS;
    this.#why = why;
    this.in(this.#waitMs);
  }

  in(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#clock.timer('serial.open', delayMs, () => {
      this.#timer = undefined;
      this.#attempt();
    });
  }

  reset(): void {
    this.#why = '';
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
