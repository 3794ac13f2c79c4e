import type { Clock, Timer } from '../ports/clock.js';

/** A clock that moves when a test says so; timers fire in order on the way. */
export class SteppedClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly name: string; readonly fn: () => void }>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return 1_790_000_000_000 + this.#now;
  }

  timer(name: string, delayMs: number, fn: () => void): Timer {
    const entry = { at: this.#now + delayMs, name, fn };
    this.#timers.add(entry);
    return { cancel: () => this.#timers.delete(entry) };
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.fn();
    }
    this.#now = end;
  }
}
