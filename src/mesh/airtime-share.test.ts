import test from 'ava';
import fc from 'fast-check';
import { AirtimeShare } from './airtime-share.js';

test('it is open at first, closes when overdrawn, and opens again in its time', (t) => {
  const share = new AirtimeShare(80);
  t.true(share.isOpen(0));
  share.spend(4_096 + 100, 0);
  t.false(share.isOpen(0));
  t.is(share.opensAt(0), 10_100);
  t.false(share.isOpen(9_900));
  t.true(share.isOpen(10_200));
});

test('however much was asked for, it opens again', (t) => {
  const fast = new AirtimeShare(800_000);
  fast.spend(100_000_000, 5);
  t.true(fast.opensAt(5) <= 15_020);
  const slow = new AirtimeShare(80);
  slow.spend(1_000_000, 5);
  t.is(slow.opensAt(5), 5 + 102_500);
  t.true(slow.isOpen(slow.opensAt(5) + 1));
});

test('those who share a channel have a part each', (t) => {
  const share = new AirtimeShare(80);
  share.divide(4);
  share.spend(4_096 + 100, 0);
  t.is(share.opensAt(0), 40_400);
});

test('in the long run no more goes through it than its share, what it saved, and one message', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 50_000 }), fc.integer({ min: 30, max: 1_000 }), (bitsPerSecond, bytes) => {
      const share = new AirtimeShare(bitsPerSecond);
      const seconds = 3_600;
      let spent = 0;
      for (let now = 0; now < seconds * 1_000; now += 100) {
        if (!share.isOpen(now)) continue;
        share.spend(bytes, now);
        spent += bytes;
      }
      const saved = Math.max(4_096, (bitsPerSecond / 8) * 60);
      t.true(spent <= (bitsPerSecond / 8) * seconds + saved + bytes);
    }),
  );
});
