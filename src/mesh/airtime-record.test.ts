import test from 'ava';
import type { Instant } from '../core/machine.js';
import { at, FAST_TRAITS } from '../testing/builders.js';
import { AIRTIME_SPACE, AirtimeRecords, UNWRITTEN_SHARE } from './airtime-record.js';
import { type Carrier, makeCarrier } from './carrier.js';
import type { MeshEffect } from './types.js';

const HOUR_MS = 3_600_000;
const DUTY = 0.01;
const HOUR_OF_AIR_MS = HOUR_MS * DUTY;
const SLACK_MS = HOUR_OF_AIR_MS * UNWRITTEN_SHARE;

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

test('a device that starts again in a loop spends no more than one that runs on', (t) => {
  const { start } = device();
  let spent = 0;
  for (let i = 0; i < 50; i++) {
    const { carrier, send } = start(at(i * 1_000));
    const ms = Math.max(0, Math.min(1_000, carrier.budget.left(i * 1_000)));
    send(ms, at(i * 1_000));
    spent += ms;
  }
  t.true(spent <= HOUR_OF_AIR_MS / 4 + 50_000 * DUTY, `${spent}`);
  t.true(spent > 0);
});

test('what an unclean end may have left unwritten counts as spent; a goodbye leaves nothing out', (t) => {
  const { start } = device();
  const first = start(at(0));
  const before = first.carrier.budget.left(0);
  first.send(SLACK_MS / 2, at(0));
  const second = start(at(0));
  t.is(Math.round(second.carrier.budget.left(0)), Math.round(before - SLACK_MS));
  second.send(SLACK_MS / 2, at(0));
  second.records.leaving([second.carrier], at(0));
  second.send(10, at(0));
  const third = start(at(0));
  t.is(Math.round(third.carrier.budget.left(0)), Math.round(before - 1.5 * SLACK_MS - 10));
});

test('time away counts where a clock knows of it', (t) => {
  const { start } = device();
  const first = start(at(0));
  first.send(first.carrier.budget.left(0), at(0));
  first.records.leaving([first.carrier], at(0));
  const blind = start({ mono: 0, wall: at(HOUR_MS).wall }, false);
  t.is(blind.carrier.budget.left(0), 0);
  blind.records.leaving([blind.carrier], { mono: 0, wall: at(HOUR_MS).wall });
  t.is(start({ mono: 0, wall: at(HOUR_MS).wall }).carrier.budget.left(0), 0, 'since when nobody knows');

  const other = device();
  const early = other.start(at(0));
  early.send(early.carrier.budget.left(0), at(0));
  early.records.leaving([early.carrier], at(0));
  const later = other.start({ mono: 0, wall: at(HOUR_MS / 10).wall });
  t.is(Math.round(later.carrier.budget.left(0)), HOUR_OF_AIR_MS / 10);
});

test('a radio that is unplugged and comes back goes on where it stood, in another region too', (t) => {
  const { start } = device();
  const { records, carrier, send, up } = start(at(0));
  send(carrier.budget.left(0), at(0));
  records.carrierDown(carrier, at(0));
  t.is(up(at(0)).budget.left(0), 0);
  const again = up(at(0), 'other');
  t.true(again.budget.left(0) > 0);
  const stricter = device().start(at(0));
  stricter.send(1_000, at(0));
  stricter.records.carrierDown(stricter.carrier, at(0));
  t.true(stricter.up(at(0), 'lora', DUTY / 10).budget.left(0) < 0);
});

test('a spoilt record counts as an hour spent, and a carrier without a duty cycle writes nothing', (t) => {
  const { start, disk, writes } = device();
  disk.set('lora', Uint8Array.of(1, 2, 3));
  const { budget } = start(at(0)).carrier;
  t.is(budget.left(0), 0);
  t.is(Math.round(budget.left(HOUR_MS)), HOUR_OF_AIR_MS, 'and not as a hundred');
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
  t.true(budget.left(0) < 0);
  t.true(budget.left(HOUR_MS) >= 0, `${budget.left(HOUR_MS)}`);
});

test('the disk is written a few dozen times an hour at most', (t) => {
  const { start, writes } = device();
  const { send } = start(at(0));
  for (let ms = 0; ms < HOUR_OF_AIR_MS; ms += 20) send(20, at(ms));
  t.true(writes() <= 1 + Math.ceil(1 / UNWRITTEN_SHARE), `${writes()}`);
});
