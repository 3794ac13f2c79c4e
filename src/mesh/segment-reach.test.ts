import test from 'ava';
import { firstReach, NO_REACH, reachWith } from './segment-reach.js';

const hopsUpTo = (farthest: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor((i * (farthest + 1)) / count));

test('a segment begins as far as about seven tenths of the most are, or all that are known', (t) => {
  t.is(firstReach((hops) => 1 + 2 * hops * (hops + 1), 100, 1).radius, 5);
  t.is(firstReach((hops) => Math.min(20, 5 * hops), 100, 1).radius, 4);
  t.is(firstReach(() => 1, 100, 9).radius, 9, 'as before its head restarted');
  t.is(firstReach(() => 1, 100, 63).radius, 15, 'which is what neighbours say');
});

test('it has room, then none for strangers, then sends the farthest away when the last change has settled', (t) => {
  const reach = { ...NO_REACH, radius: 10 };
  t.deepEqual(reachWith(reach, hopsUpTo(9, 40), 100, true), { radius: 10, hasRoom: true, isFull: false });
  t.deepEqual(reachWith(reach, hopsUpTo(9, 60), 100, true), { radius: 10, hasRoom: false, isFull: false });
  t.deepEqual(reachWith(reach, hopsUpTo(9, 96), 100, true), { radius: 10, hasRoom: false, isFull: true });
  t.is(reachWith(reach, hopsUpTo(9, 110), 100, true).radius, 10, 'a few more are no harm');
  t.is(reachWith(reach, hopsUpTo(9, 120), 100, false).radius, 10);
  t.true(reachWith(reach, hopsUpTo(9, 120), 100, true).radius < 5);
});

test('it reaches as far as those that came with another segment, and does not creep on', (t) => {
  let reach = reachWith({ ...NO_REACH, radius: 5 }, hopsUpTo(14, 80), 100, true);
  t.is(reach.radius, 12);
  for (let i = 0; i < 20; i++) reach = reachWith(reach, hopsUpTo(reach.radius + 3, 80), 100, true);
  t.is(reach.radius, 12);
  t.true(reachWith(reach, hopsUpTo(200, 80), 100, true).radius < 60);
});
