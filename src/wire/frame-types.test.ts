import test from 'ava';
import { FrameType, frameTypeName } from './frame-types.js';

test('no two types share a number, and each fits a byte', (t) => {
  const numbers = Object.values(FrameType);
  t.is(new Set(numbers).size, numbers.length);
  for (const number of numbers) t.true(number > 0 && number < 256);
});

test('a type has a name for counters, an unknown one too', (t) => {
  t.is(frameTypeName(FrameType.HopAck), 'hopack');
  t.is(frameTypeName(200), 'type-200');
});
