import test from 'ava';
import fc from 'fast-check';
import { TokenBucket } from './token-bucket.js';

test('a burst passes at once and then the rate holds', (t) => {
  const bucket = new TokenBucket(20, 5);
  const passed = (now: number): number => Array.from({ length: 50 }, () => bucket.take(now)).filter(Boolean).length;
  t.is(passed(0), 5);
  t.is(passed(10), 0);
  t.is(passed(100), 2);
  t.is(passed(10_000), 5, 'it never holds more than the burst');
});

test('over any run no more passes than burst and rate allow', (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 30 }), gaps, (rate, burst, steps) => {
      const bucket = new TokenBucket(rate, burst);
      let now = 0;
      let passed = 0;
      for (const gap of steps) {
        now += gap;
        if (bucket.take(now)) passed++;
      }
      t.true(passed <= burst + (now * rate) / 1_000 + 1e-6);
    }),
  );
});

test('time that steps back gives nothing and takes nothing', (t) => {
  const bucket = new TokenBucket(1, 1);
  t.true(bucket.take(1_000));
  t.false(bucket.take(500));
  t.true(bucket.take(1_600));
});

test('more than one token can be taken at a time, all or nothing', (t) => {
  const bucket = new TokenBucket(10, 10);
  t.true(bucket.take(0, 7));
  t.false(bucket.take(0, 7));
  t.true(bucket.take(0, 3));
});

test('as many whole portions are taken as there are tokens for, and the rest stays', (t) => {
  const bucket = new TokenBucket(10, 10);
  t.is(bucket.takeUpTo(0, 2, 3), 2);
  t.is(bucket.takeUpTo(0, 2, 3), 1);
  t.true(bucket.has(0, 1));
  t.false(bucket.has(0, 1.5));
  t.is(bucket.takeUpTo(0, 5, 3), 0);
  t.is(bucket.takeUpTo(10_000, 100, 3), 3, 'more than the burst is asked for in vain');
  t.is(bucket.takeUpTo(10_000, 0, 3), 0);
});

test('it says when there is a token again, and then there is', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(100_000),
      (rate, burst, start) => {
        const bucket = new TokenBucket(rate, burst);
        let now = start;
        for (let i = 0; i < 50; i++) {
          while (bucket.take(now));
          const at = bucket.opensAt();
          t.true(at > now && at <= now + 1_000 / rate + 1);
          now = at;
          t.true(bucket.has(now, 1));
        }
        t.true(bucket.opensAt() <= now);
      },
    ),
  );
});
