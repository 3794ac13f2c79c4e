import type { Clock, Timer } from '../../dist/ports/clock.js';

/** When things happen on the air. */
export interface AirTime {
  /** Milliseconds from any beginning. */
  now(): number;
  after(delayMs: number, fn: () => void): Timer;
  /** In order, and not within what goes on now. */
  soon(fn: () => void): void;
}

/** The machine's time, as fast as its event loop turns. */
export const realAirTime: AirTime = {
  now: () => performance.now(),
  after(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (fn) => void setImmediate(fn),
};

/** A clock's time: with a virtual one, minutes of a crowd pass in seconds. */
export const airTimeOf = (clock: Clock): AirTime => ({
  now: () => clock.now(),
  after: (delayMs, fn) => clock.timer('air', delayMs, fn),
  soon: (fn) => void clock.timer('air.soon', 0, fn),
});
