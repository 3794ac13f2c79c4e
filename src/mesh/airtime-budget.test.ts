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

interface Sent {
  readonly at: number;
  readonly ms: number;
}

/** Sends frames of this airtime as soon as they may go. */
function sendAll(budget: AirtimeBudget, priority: Priority, ms: number, from: number, until: number): Sent[] {
  const sent: Sent[] = [];
  for (let now = from; ; ) {
    now = Math.max(now, budget.opensAt(priority, ms));
    if (now >= until) return sent;
    budget.spend(ms, now);
    sent.push({ at: now, ms });
    now += ms;
  }
}

/** The most airtime within any hour: it begins when a frame does, or ends when one does. */
function mostInAnHour(sent: readonly Sent[]): number {
  const within = (from: number): number =>
    sent.reduce((sum, { at, ms }) => sum + Math.max(0, Math.min(at + ms, from + HOUR_MS) - Math.max(at, from)), 0);
  return Math.max(0, ...sent.flatMap(({ at, ms }) => [within(at), within(at + ms - HOUR_MS)]));
}

const duties = fc.double({ min: 0.001, max: 0.1, noNaN: true });
const priorities = fc.constantFrom(Priority.Critical, Priority.High, Priority.Medium, Priority.Low);

test('in no hour, wherever it begins, more is sent than the duty cycle allows', (t) => {
  const phase = fc.record({
    priority: priorities,
    airtime: fc.integer({ min: 20, max: 2_000 }),
    silentMs: fc.integer({ min: 0, max: 1.5 * HOUR_MS }),
    sendMs: fc.integer({ min: 0, max: HOUR_MS }),
  });
  fc.assert(
    fc.property(duties, fc.nat(HOUR_MS), fc.array(phase, { minLength: 1, maxLength: 5 }), (duty, start, phases) => {
      const budget = new AirtimeBudget(duty);
      const sent: Sent[] = [];
      let now = start;
      for (const { priority, silentMs, sendMs, airtime } of phases) {
        now += silentMs;
        const ms = Math.max(airtime, (duty * HOUR_MS) / 100);
        sent.push(...sendAll(budget, priority, ms, now, now + sendMs));
        now = Math.max(now + sendMs, (sent.at(-1)?.at ?? 0) + ms);
      }
      if (sent.every(({ ms }) => ms <= duty * HOUR_MS)) t.true(mostInAnHour(sent) <= duty * HOUR_MS + 1e-6);
    }),
    { numRuns: 60 },
  );
});

test('what may be sent is used but for a tenth by who sends as much as it may, with few silences', (t) => {
  const ms = 400;
  const sent = sendAll(new AirtimeBudget(0.01), Priority.Critical, ms, 0, 6 * HOUR_MS);
  t.true(sent.length * ms > 0.88 * 0.01 * 6 * HOUR_MS, `${sent.length}`);
  const gaps = sent.slice(1).map(({ at }, i) => at - (sent[i] as Sent).at);
  t.true(Math.max(...gaps) < HOUR_MS / 5, `${Math.max(...gaps)}`);
  t.true(Math.max(...gaps.slice(-100)) < HOUR_MS / 15, `${Math.max(...gaps.slice(-100))}`);
});

test('who was silent may send a quarter of its hour at once, and who is new, too', (t) => {
  const [budget, hour] = [new AirtimeBudget(0.01), 0.01 * HOUR_MS];
  for (const from of [0, 3 * HOUR_MS]) {
    const burst = sendAll(budget, Priority.Critical, 100, from, from + hour / 2);
    t.true(burst.length * 100 > 0.24 * hour && burst.length * 100 < 0.27 * hour, `${burst.length}`);
  }
});

test('an alert finds airtime when lesser things have used up theirs', (t) => {
  const budget = new AirtimeBudget(0.01);
  const { at: last } = sendAll(budget, Priority.Low, 400, 0, HOUR_MS / 2).at(-1) as Sent;
  t.true(budget.opensAt(Priority.Low, 400) > last);
  t.true(budget.opensAt(Priority.Critical, 400) <= last + 400);
  for (const [above, below] of [
    [Priority.Critical, Priority.High],
    [Priority.High, Priority.Medium],
    [Priority.Medium, Priority.Low],
  ] as const)
    t.true(budget.opensAt(above, 4_500) < budget.opensAt(below, 4_500));
});

test('a frame longer than all that may be sent at once goes all the same, when enough has come in', (t) => {
  const budget = new AirtimeBudget(0.001);
  const ms = 2_000;
  const sent = sendAll(budget, Priority.Low, ms, 0, 10 * HOUR_MS);
  t.true(sent.length >= 8, `${sent.length}`);
  t.true(mostInAnHour(sent) <= 0.001 * HOUR_MS);
});

test('what is left is nothing when the hour is used up, and all of the burst when it is over', (t) => {
  const budget = new AirtimeBudget(0.1);
  budget.spend(0.1 * HOUR_MS, 0);
  t.true(budget.left(0) <= 0);
  t.true(budget.left(2 * HOUR_MS) > 0.02 * HOUR_MS);
});
