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
  let handle: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, LONGEST_DELAY_MS);
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
    handle.unref();
  };
  arm(Number.isNaN(delayMs) ? 0 : Math.max(0, delayMs));
  return { cancel: () => clearTimeout(handle) };
}
