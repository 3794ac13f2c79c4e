import type { Clock, Timer } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Random } from '../ports/random.js';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Time that only moves when told. */
export interface HandClock extends Clock {
  /** Runs all timers due within the next `ms`, in order. */
  advance(ms: number): void;
  readonly pending: number;
}

export function handClock(): HandClock {
  let now = 0;
  let order = 0;
  const timers = new Set<Pending>();
  const earliest = (): Pending | undefined => {
    let first: Pending | undefined;
    for (const timer of timers) {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  };
  return {
    now: () => now,
    wall: () => 1_700_000_000_000 + now,
    timer(_name, delayMs, fn): Timer {
      const entry = { at: now + Math.max(0, delayMs), order: order++, fn };
      timers.add(entry);
      return { cancel: () => void timers.delete(entry) };
    },
    advance(ms) {
      const end = now + ms;
      for (let next = earliest(); next !== undefined && next.at <= end; next = earliest()) {
        timers.delete(next);
        now = Math.max(now, next.at);
        next.fn();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Real time, for tests that wait for the kernel. */
export function realClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    timer(_name, delayMs, fn) {
      const handle = setTimeout(fn, delayMs).unref();
      return { cancel: () => clearTimeout(handle) };
    },
  };
}

/** mulberry32: small, and good enough to decide which simulated frame is lost. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const u32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    u32,
    below: (bound) => Math.floor((u32() / 2 ** 32) * bound),
    bytes: (length) => Uint8Array.from({ length }, () => u32() & 255),
    chance: (probability) => probability > 0 && u32() < probability * 2 ** 32,
    fork(label) {
      let hash = seed ^ 0x811c9dc5;
      for (const letter of label) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
      return seededRandom(hash);
    },
  };
}

export function silentLog(): Log {
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => log };
  return log;
}
