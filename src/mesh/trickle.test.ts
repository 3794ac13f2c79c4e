import test from 'ava';
import fc from 'fast-check';
import { testRandom } from '../testing/builders.js';
import { Trickle } from './trickle.js';

const CONSTANTS = { minMs: 100, maxMs: 1_600, redundancy: 2 };

/** Times at which it transmits when asked at each of its deadlines. */
function run(trickle: Trickle, untilMs: number, consistent = 0): number[] {
  const times: number[] = [];
  for (let now = trickle.nextDeadline(); now !== undefined && now <= untilMs; now = trickle.nextDeadline()) {
    for (let i = 0; i < consistent; i++) trickle.consistent();
    if (trickle.due(now)) times.push(now);
  }
  return times;
}

test('at rest nothing is pending', (t) => {
  const trickle = new Trickle(CONSTANTS, testRandom(1));
  t.is(trickle.nextDeadline(), undefined);
  t.false(trickle.due(1_000_000));
});

test('each interval is twice the one before, up to the longest, and transmits once in its second half', (t) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const trickle = new Trickle(CONSTANTS, testRandom(seed));
      trickle.reset(0);
      const times = run(trickle, 6_500);
      let start = 0;
      for (const [i, at] of times.entries()) {
        const interval = Math.min(1_600, 100 * 2 ** i);
        t.true(at >= start + interval / 2 && at < start + interval, `${at} in [${start}, ${start + interval})`);
        start += interval;
      }
      t.true(times.length >= 6);
    }),
  );
});

test('enough neighbours that say the same make transmitting unnecessary', (t) => {
  const trickle = new Trickle(CONSTANTS, testRandom(1));
  trickle.reset(0);
  t.deepEqual(run(trickle, 10_000, 2), []);
  const heardOnce = new Trickle(CONSTANTS, testRandom(1));
  heardOnce.reset(0);
  heardOnce.consistent();
  t.true(heardOnce.due(heardOnce.nextDeadline() as number));
});

test('news make it dense again at once, and stopping ends it', (t) => {
  const trickle = new Trickle(CONSTANTS, testRandom(1));
  trickle.reset(0);
  run(trickle, 4_000);
  trickle.reset(4_000);
  t.true((trickle.nextDeadline() as number) < 4_100);
  trickle.stop();
  t.is(trickle.nextDeadline(), undefined);
});

test('a deadline is never in the past after it was handled', (t) => {
  const trickle = new Trickle(CONSTANTS, testRandom(4));
  trickle.reset(0);
  for (let now = 0; now < 10_000; now += 13.7) {
    trickle.due(now);
    const deadline = trickle.nextDeadline();
    t.true(deadline === undefined || deadline > now - 14, `${deadline} at ${now}`);
  }
});
