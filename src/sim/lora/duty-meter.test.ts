import test from 'ava';
import fc from 'fast-check';
import { DutyMeter } from './duty-meter.js';

const HOUR = 3_600_000;

test('who sends as soon as it may never sends more than its share of any hour, and nearly as much', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(0.001, 0.01, 0.1),
      fc.array(fc.tuple(fc.integer({ min: 20, max: 2_000 }), fc.nat(600_000)), { minLength: 200, maxLength: 400 }),
      (share, frames) => {
        const meter = new DutyMeter(share);
        const sent: { at: number; ms: number }[] = [];
        let now = 0;
        for (const [ms, pause] of frames) {
          now = meter.readyAt(ms, now + pause * share);
          meter.used(ms, now);
          sent.push({ at: now, ms });
        }
        for (const { at } of sent) {
          const within = sent.filter((one) => one.at >= at && one.at < at + HOUR);
          t.true(within.reduce((sum, { ms }) => sum + ms, 0) <= share * HOUR + 1e-6);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('after an hour all is allowed again; without a limit always; what never fits never is', (t) => {
  const meter = new DutyMeter(0.01);
  meter.used(36_000, 0);
  t.is(meter.readyAt(1, 10), 61 * 60_000);
  t.is(meter.readyAt(36_000, 61 * 60_000), 61 * 60_000);
  t.is(meter.readyAt(36_001, 5 * HOUR), Number.POSITIVE_INFINITY);
  const free = new DutyMeter(1);
  free.used(1e9, 0);
  t.is(free.readyAt(1e9, 5), 5);
});
