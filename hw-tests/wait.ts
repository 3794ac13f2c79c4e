import { systemClock } from '../dist/system/system-clock.js';

const POLL_MS = 5;
/** A pause this much longer than asked for is nothing special. */
const USUAL_DELAY_MS = 10;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/**
 * Milliseconds until it was so, without those in which the machine ran others and not this process: limits hold on a busy
 * machine, too, and time that is spent in here counts. Throws after `limitMs` of them.
 */
export async function until(what: string, isSo: () => boolean, limitMs: number): Promise<number> {
  const from = systemClock.now();
  let stolen = 0;
  for (let last = from, worked = processorMs(); !isSo(); ) {
    if (last - from - stolen > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(POLL_MS);
    const [now, work] = [systemClock.now(), processorMs()];
    const missing = now - last - POLL_MS - (work - worked);
    if (missing > USUAL_DELAY_MS) stolen += missing;
    [last, worked] = [now, work];
  }
  return systemClock.now() - from - stolen;
}

/** Times in which the machine ran others and not this process, as `performance.now()` shows them: what was measured then says nothing. */
export class StolenTime {
  readonly #gaps: { readonly from: number; readonly to: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let [last, worked] = [performance.now(), processorMs()];
    this.#timer = setInterval(() => {
      const [now, work] = [performance.now(), processorMs()];
      if (now - last - POLL_MS - (work - worked) > USUAL_DELAY_MS) this.#gaps.push({ from: last, to: now });
      [last, worked] = [now, work];
    }, POLL_MS);
  }

  touches(from: number, to: number): boolean {
    return this.#gaps.some((gap) => gap.from < to && gap.to > from);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
