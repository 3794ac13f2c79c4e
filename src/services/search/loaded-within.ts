import type { Clock } from '../../ports/clock.js';
import type { FillingSource } from '../candidate-source.js';

/** Waits for an index that loads, at most so long. @returns the share of the vectors held here that can be found then */
export async function loadedWithin(
  source: Pick<FillingSource, 'loaded' | 'whenLoaded'>,
  clock: Clock,
  ms: number,
): Promise<number> {
  await new Promise<void>((done) => {
    const timer = clock.timer('index loads', ms, done);
    void source.whenLoaded().then(() => {
      timer.cancel();
      done();
    });
  });
  // Three digits, never rounded up to all.
  return Math.floor(source.loaded * 1_000) / 1_000;
}
