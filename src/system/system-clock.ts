import type { Clock, Timer } from '../ports/clock.js';

// Node turns a longer delay into one millisecond.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's clock: `now` counts from the start of the process and stands still while the device is suspended. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  timer: (_name, delayMs, fn) => startTimer(delayMs, fn),
};

function startTimer(delayMs: number, fn: () => void): Timer {
  // What only makes room for others (no delay) waits for them, not for the millisecond that is a timer's least. It comes
  // so soon that it need not let the process end; and one that may is not run before something else wakes the loop.
  if (!(delayMs > 0)) {
    const next = setImmediate(fn);
    return { cancel: () => clearImmediate(next) };
  }
  let handle: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, LONGEST_DELAY_MS);
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
    handle.unref();
  };
  arm(delayMs);
  return { cancel: () => clearTimeout(handle) };
}
