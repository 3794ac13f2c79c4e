import { systemClock } from '../dist/system/system-clock.js';

const POLL_MS = 5;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds until it was so. Throws after `limitMs`. */
export async function until(what: string, isSo: () => boolean, limitMs: number): Promise<number> {
  const from = systemClock.now();
  while (!isSo()) {
    if (systemClock.now() - from > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(POLL_MS);
  }
  return systemClock.now() - from;
}
