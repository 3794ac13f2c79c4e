import test from 'ava';
import { clockContract } from '../testing/contracts/clock.js';
import { SimClock } from './sim-clock.js';

clockContract('simulated clock', () => {
  const clock = new SimClock();
  return { clock, advance: async (ms) => clock.advance(ms) };
});

test('timers due together run in the order in which they were set', (t) => {
  const clock = new SimClock();
  const ran: number[] = [];
  for (let i = 0; i < 50; i++) clock.timer('same', 10, () => ran.push(i));
  clock.advance(10);
  t.deepEqual(ran, [...ran.keys()]);
});

test('time jumps from timer to timer and stops where it was told to', (t) => {
  const clock = new SimClock();
  const seen: number[] = [];
  for (const at of [7, 3, 900, 3.5]) clock.timer('at', at, () => seen.push(clock.now()));
  t.is(clock.next(), 3);
  clock.advance(100);
  t.deepEqual(seen, [3, 3.5, 7]);
  t.is(clock.now(), 100);
});

test('cancelled timers leave nothing behind', (t) => {
  const clock = new SimClock();
  const timers = Array.from({ length: 100 }, (_, i) => clock.timer(`t${i}`, i, () => t.fail()));
  for (const timer of timers) timer.cancel();
  t.is(clock.pending, 0);
  t.deepEqual(clock.names(), []);
  t.is(clock.next(), undefined);
  clock.advance(1_000);
});
