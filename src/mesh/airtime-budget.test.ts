import test from 'ava';
import fc from 'fast-check';
import { Priority } from '../wire/frame-types.js';
import { AirtimeBudget } from './airtime-budget.js';

const HOUR_MS = 3_600_000;

test('a carrier without a duty cycle is always open', (t) => {
  const budget = new AirtimeBudget(1);
  budget.spend(HOUR_MS, 0);
  t.is(budget.opensAt(Priority.Low, 1_000), Number.NEGATIVE_INFINITY);
});

/** Sends frames of this airtime as soon as they may go; when each went. */
function sendAll(budget: AirtimeBudget, priority: Priority, airtimeMs: number, until: number): number[] {
  const sentAt: number[] = [];
  for (let now = 0; ; ) {
    now = Math.max(now, budget.opensAt(priority, airtimeMs));
    if (now >= until) return sentAt;
    budget.spend(airtimeMs, now);
    sentAt.push(now);
    now += airtimeMs;
  }
}

test('in no hour more is sent than the duty cycle allows, once the first is over', (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 0.1, noNaN: true }),
      fc.integer({ min: 20, max: 2_000 }),
      (duty, airtime) => {
        if (airtime > duty * HOUR_MS) return;
        const sentAt = sendAll(new AirtimeBudget(duty), Priority.Critical, airtime, 4 * HOUR_MS);
        const inHour = (from: number): number =>
          sentAt.filter((at) => at >= from && at < from + HOUR_MS).length * airtime;
        // What was saved up, and what comes in meanwhile.
        t.true(inHour(0) <= 1.25 * duty * HOUR_MS + airtime);
        t.true(inHour(2 * HOUR_MS) <= duty * HOUR_MS + airtime);
      },
    ),
    { numRuns: 30 },
  );
});

test('an alert finds airtime when lesser things have used up theirs', (t) => {
  const budget = new AirtimeBudget(0.01);
  const sentAt = sendAll(budget, Priority.Low, 400, HOUR_MS);
  const last = sentAt.at(-1) as number;
  t.true(budget.opensAt(Priority.Low, 400) > last);
  t.is(budget.opensAt(Priority.Critical, 400), Number.NEGATIVE_INFINITY);
  for (const [above, below] of [
    [Priority.Critical, Priority.High],
    [Priority.High, Priority.Medium],
    [Priority.Medium, Priority.Low],
  ] as const)
    t.true(budget.opensAt(above, 5_000) < budget.opensAt(below, 5_000));
});

test('what is left says how far it was overdrawn', (t) => {
  const budget = new AirtimeBudget(0.1);
  budget.spend(HOUR_MS, 0);
  t.true(budget.left(0) < 0);
  t.true(budget.left(20 * HOUR_MS) > 0);
});
