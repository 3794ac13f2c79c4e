import test from 'ava';
import fc from 'fast-check';
import { Pace } from './pace.js';

test('a slow transmitter gets the next frame when the last has nearly left', (t) => {
  const pace = new Pace(8_000);
  t.true(pace.isPaced);
  t.true(pace.readyAt() <= 0);
  t.is(pace.sent(200, 1_000), 1_200);
  t.is(pace.readyAt(), 1_170);
  t.is(pace.sent(50, 1_170), 1_250);
  t.is(pace.sent(50, 9_000), 9_050, 'what was not used is not saved up');
});

test('what a frame takes besides its bytes counts', (t) => {
  const pace = new Pace(8_000, 90);
  t.is(pace.sent(200, 1_000), 1_290);
  t.is(pace.sent(10, 1_000), 1_390);
  pace.full(10, 2_000);
  t.is(pace.fullUntil, 2_100);
});

test('a fast one is not paced', (t) => {
  const pace = new Pace(100_000_000);
  for (let i = 0; i < 1_000; i++) pace.sent(1_200, 5);
  t.true(pace.readyAt() <= 5);
});

test('a full radio is left alone, longer each time, and as briefly as at first once it took something', (t) => {
  const pace = new Pace(100_000_000);
  const waits: number[] = [];
  let now = 100;
  pace.sent(1_200, now);
  for (let i = 0; i < 10; i++) {
    pace.full(1_200, now);
    pace.full(1_200, now);
    waits.push(pace.fullUntil - now);
    now = pace.fullUntil;
    pace.sent(1_200, now);
    t.true(pace.readyAt() > now, 'one frame goes alone, to see');
  }
  t.deepEqual(waits, [5, 10, 20, 40, 80, 160, 320, 500, 500, 500]);
  now = pace.readyAt();
  for (let i = 0; i < 10; i++) pace.sent(1_200, now);
  t.true(pace.readyAt() <= now);
  pace.full(1_200, now);
  t.is(pace.fullUntil - now, 5);
});

test('whatever is sent, never more than a moment and one frame are ahead of the line', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 300, max: 1_900_000 }),
      fc.array(fc.tuple(fc.integer({ min: 20, max: 1_000 }), fc.integer({ min: 0, max: 500 })), { maxLength: 60 }),
      (bitsPerSecond, frames) => {
        const pace = new Pace(bitsPerSecond);
        let now = 0;
        for (const [bytes, idleMs] of frames) {
          now = Math.max(now + idleMs, pace.readyAt());
          const leavesAt = pace.sent(bytes, now);
          t.true(leavesAt - now <= 30.001 + (bytes * 8_000) / bitsPerSecond);
        }
      },
    ),
  );
});
