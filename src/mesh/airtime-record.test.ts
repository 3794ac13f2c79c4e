import test from 'ava';
import fc from 'fast-check';
import type { Instant } from '../core/machine.js';
import { at, FAST_TRAITS } from '../testing/builders.js';
import { AIRTIME_SPACE, AirtimeRecords, UNWRITTEN_SHARE } from './airtime-record.js';
import { type Carrier, makeCarrier } from './carrier.js';
import type { MeshEffect } from './types.js';

const HOUR_MS = 3_600_000;
const DUTY = 0.01;
const HOUR_OF_AIR_MS = HOUR_MS * DUTY;
const SLACK_MS = HOUR_OF_AIR_MS * UNWRITTEN_SHARE;
/** What comes in within a minute, by which a restart does not know when things were sent. */
const REFILLED_MS = HOUR_OF_AIR_MS / 60;

/** A disk, and the node that starts on it again and again. */
function device() {
  const disk = new Map<string, Uint8Array>();
  let writes = 0;
  const start = (now: Instant, isKnown = true) => {
    const emit = (effect: MeshEffect): void => {
      if (effect.kind !== 'keep') return;
      writes++;
      for (const op of effect.ops) if (op.op === 'put') disk.set(op.key, op.value);
    };
    const get = (space: string, key: string) => (space === AIRTIME_SPACE ? disk.get(key) : undefined);
    const records = new AirtimeRecords({ pulse: { isKnown }, emit }, { get });
    const up = (when: Instant, name = 'lora', dutyCycle = DUTY): Carrier => {
      const carrier = makeCarrier(0, name, { ...FAST_TRAITS, dutyCycle });
      records.carrierUp(carrier, when);
      return carrier;
    };
    const carrier = up(now);
    const send = (ms: number, when: Instant): void => {
      carrier.budget.spend(ms, when.mono);
      records.spent(carrier, when);
    };
    return { records, carrier, send, up };
  };
  return { start, disk, writes: () => writes };
}

const BURST_MS = HOUR_OF_AIR_MS / 4;

test('a device that starts again in a loop spends no more than one that runs on', (t) => {
  const { start } = device();
  let spent = 0;
  for (let i = 0; i < 3_600; i++) {
    const { carrier, send } = start(at(i * 1_000));
    const ms = Math.max(0, Math.min(1_000, carrier.budget.left(i * 1_000)));
    send(ms, at(i * 1_000));
    spent += ms;
  }
  t.true(spent <= HOUR_OF_AIR_MS, `${spent}`);
  t.true(spent > 0);
});

test('in no hour more is spent than the duty cycle allows, however often the device starts, with a clock or without', (t) => {
  const life = fc.record({
    clean: fc.boolean(),
    knows: fc.boolean(),
    awayMs: fc.integer({ min: 0, max: HOUR_MS }),
    sends: fc.array(fc.record({ pauseMs: fc.nat(1_200_000), ms: fc.integer({ min: 50, max: 9_000 }) }), {
      maxLength: 12,
    }),
  });
  fc.assert(
    fc.property(fc.array(life, { minLength: 1, maxLength: 6 }), (lives) => {
      const { start } = device();
      const sent: { at: number; ms: number }[] = [];
      let now = 0;
      for (const { clean, knows, awayMs, sends } of lives) {
        // The monotonic clock begins anew with each life.
        now += awayMs;
        const born = now;
        const when = (): Instant => ({ mono: now - born, wall: at(now).wall });
        const { records, carrier, send } = start(when(), knows);
        for (const { pauseMs, ms } of sends) {
          now += pauseMs;
          if (carrier.budget.left(now - born) < ms) continue;
          send(ms, when());
          sent.push({ at: now, ms });
          now += ms;
        }
        if (clean) records.leaving([carrier], when());
      }
      for (const { at: from } of sent) {
        const inHour = sent.filter((one) => one.at >= from && one.at < from + HOUR_MS);
        t.true(inHour.reduce((sum, { ms }) => sum + ms, 0) <= HOUR_OF_AIR_MS + 1);
      }
    }),
  );
});

test('what an unclean end may have left unwritten counts as spent; a goodbye leaves nothing out', (t) => {
  const { start } = device();
  const first = start(at(0));
  const before = first.carrier.budget.left(0);
  first.send(SLACK_MS / 2, at(0));
  const second = start(at(0));
  const left = before - SLACK_MS;
  t.true(Math.abs(second.carrier.budget.left(0) - left) < REFILLED_MS);
  second.send(SLACK_MS / 2, at(0));
  second.records.leaving([second.carrier], at(0));
  second.send(10, at(0));
  const third = start(at(0));
  t.true(Math.abs(third.carrier.budget.left(0) - (left - SLACK_MS / 2 - 10)) < REFILLED_MS);
});

test('time away counts where a clock knows of it', (t) => {
  const { start } = device();
  const first = start(at(0));
  first.send(first.carrier.budget.left(0), at(0));
  first.records.leaving([first.carrier], at(0));
  const later = { mono: 0, wall: at(HOUR_MS / 2).wall };
  t.true(start(later, false).carrier.budget.left(0) < 2 * REFILLED_MS, 'since when nobody knows');

  const other = device();
  const early = other.start(at(0));
  early.send(early.carrier.budget.left(0), at(0));
  early.records.leaving([early.carrier], at(0));
  const away = other.start(later).carrier;
  t.is(away.budget.left(0), BURST_MS);
  away.budget.spend(BURST_MS, 0);
  t.true(Math.abs(away.budget.left(0.3 * HOUR_MS) - BURST_MS) < 1, 'two quarters are left of the hour');
  away.budget.spend(BURST_MS, 0.3 * HOUR_MS);
  t.true(Math.abs(away.budget.left(0.45 * HOUR_MS) - 0.45 * 0.9 * HOUR_OF_AIR_MS + 0.3 * 0.9 * HOUR_OF_AIR_MS) < 1);
});

test('a radio that is unplugged and comes back goes on where it stood, in another region too', (t) => {
  const { start } = device();
  const { records, carrier, send, up } = start(at(0));
  send(carrier.budget.left(0), at(0));
  records.carrierDown(carrier, at(0));
  t.true(up(at(0)).budget.left(0) < REFILLED_MS);
  const again = up(at(0), 'other');
  t.true(again.budget.left(0) > 0);
  const stricter = device().start(at(0));
  stricter.send(HOUR_OF_AIR_MS / 5, at(0));
  stricter.records.carrierDown(stricter.carrier, at(0));
  const { budget } = stricter.up(at(0), 'lora', DUTY / 10);
  t.true(budget.left(0) < 0);
  t.true(budget.left(HOUR_MS + 60_000) > 0);
});

test('a spoilt record counts as an hour spent, and a carrier without a duty cycle writes nothing', (t) => {
  const { start, disk, writes } = device();
  disk.set('lora', Uint8Array.of(1, 2, 3));
  const { budget } = start(at(0)).carrier;
  t.true(budget.left(0) <= 0);
  t.true(budget.left(HOUR_MS / 4) > 0, 'the oldest of it is over');
  t.is(Math.round(budget.left(HOUR_MS + 60_000)), BURST_MS, 'and not as a hundred');
  const free = device();
  const { up } = free.start(at(0));
  const written = free.writes();
  up(at(0), 'udp', 1);
  t.is(free.writes(), written);
  t.true(writes() > 0);
});

test('a device that is cut off from power again and again, and has no clock, is silent for an hour at most', (t) => {
  const { start } = device();
  for (let i = 0; i < 100; i++) start(at(0), false);
  const { budget } = start(at(0), false).carrier;
  t.true(budget.left(0) <= 0);
  t.true(budget.left(HOUR_MS + 60_000) > 0, `${budget.left(HOUR_MS + 60_000)}`);
});

test('the disk is written a few dozen times an hour at most', (t) => {
  const { start, writes } = device();
  const { send } = start(at(0));
  for (let ms = 0; ms < HOUR_OF_AIR_MS; ms += 20) send(20, at(ms));
  t.true(writes() <= 1 + Math.ceil(1 / UNWRITTEN_SHARE), `${writes()}`);
});
