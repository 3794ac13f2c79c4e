import test from 'ava';
import { restedMs } from './rested.js';

const THEN = 1_750_000_000_000;

test('what lay on disk has aged by the wall clock', (t) => {
  t.is(restedMs(BigInt(THEN), { wall: THEN + 5_000 }), 5_000);
});

test('a clock that was set back makes nothing young, and one that was not set when it was written makes nothing old', (t) => {
  t.is(restedMs(BigInt(THEN), { wall: THEN - 5_000 }), 0);
  t.is(restedMs(50_000n, { wall: THEN }), 0);
});
