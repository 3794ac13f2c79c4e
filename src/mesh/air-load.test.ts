import test from 'ava';
import { AirLoad, Use } from './air-load.js';

const HOUR = 3_600_000;

/** What all say unasked in so long when each says it as soon as it may, in frames of a second. */
function backgroundMs(load: AirLoad, from: number, to: number): number {
  let said = 0;
  for (let now = from; now < to; ) {
    const at = load.opensAt(now);
    if (at > to) break;
    load.used(1_000, Use.Background, at);
    said += 1_000;
    now = at + 1_000;
  }
  return said;
}

test('what nobody waits for has its share of the channel and no more, in the long run', (t) => {
  const load = new AirLoad();
  backgroundMs(load, 0, 10 * HOUR);
  const share = backgroundMs(load, 10 * HOUR, 20 * HOUR) / (10 * HOUR);
  t.true(share > 0.012 && share < 0.018, `${share}`);
});

test('where the law leaves each node a hundredth of the time, the share is one of what a few have together', (t) => {
  const load = new AirLoad(0.01);
  backgroundMs(load, 0, 20 * HOUR);
  const share = backgroundMs(load, 20 * HOUR, 60 * HOUR) / (40 * HOUR);
  t.true(share > 0.001 && share < 0.002, `${share}`);
});

test('a mesh that begins may say more, until its nodes find that they agree', (t) => {
  const eager = new AirLoad();
  const agreeing = new AirLoad();
  for (let i = 0; i < 20; i++) agreeing.agreed();
  const [first, later] = [backgroundMs(eager, 0, HOUR), backgroundMs(agreeing, 0, HOUR)];
  t.true(first > 3 * later, `${first} ${later}`);
});

test('a busy channel is left to what people wait for, and opens again soon after', (t) => {
  const load = new AirLoad();
  t.is(load.opensAt(0), 0);
  for (let now = 0; now < 300_000; now += 1_000) load.used(800, Use.Message, now);
  t.true(load.busy(300_000) > 0.7);
  const at = load.opensAt(300_000);
  t.true(at > 310_000 && at < 420_000, `${at}`);
  t.is(load.quietAt(300_000), at);
  t.true(load.busy(at) < 0.51);
  t.is(load.opensAt(at + 1_000), at + 1_000);
});

test('even while a mesh begins most of the channel is left to what people wait for', (t) => {
  const load = new AirLoad();
  backgroundMs(load, 0, 60_000);
  const said = backgroundMs(load, 60_000, 660_000);
  t.true(said > 40_000 && said < 90_000, `${said}`);
});

test('debts have a bound: however much was said, the channel opens again', (t) => {
  const load = new AirLoad();
  for (let i = 0; i < 5_000; i++) load.used(1_000, Use.Background, 0);
  const at = load.opensAt(0);
  t.true(at > 0 && at < HOUR, `${at}`);
});
