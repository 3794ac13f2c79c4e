import test from 'ava';
import fc from 'fast-check';
import { FAST_TRAITS } from '../testing/builders.js';
import { beaconMaxMs, beaconMinMs, greetingMs, heartbeatIntervalMs } from './intervals.js';

const TIMING = { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 1e9 };
const AIR = { ...FAST_TRAITS, broadcast: true, mtuBytes: 256 };
const LINE = { ...FAST_TRAITS, broadcast: false, connected: true, mtuBytes: 256 };

test('on fast carriers everything is as set', (t) => {
  t.is(heartbeatIntervalMs(AIR, 30, TIMING), 5_000);
  t.is(beaconMinMs(AIR), 250);
  t.is(beaconMaxMs(AIR, 30), 15_000);
  t.is(greetingMs(AIR), 250);
  t.is(heartbeatIntervalMs({ ...LINE, bitsPerSecond: 7_680 }, 1, TIMING), 5_000);
});

test('on a slow air all who share it beat more slowly, so that together they take a small part of it', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 20_000 }), fc.integer({ min: 1, max: 8 }), (bitsPerSecond, links) => {
      const interval = heartbeatIntervalMs({ ...AIR, bitsPerSecond }, links, TIMING);
      const bitsPerMs = (links * (links + 1) * 40 * 8) / interval;
      t.true(interval === 600_000 || bitsPerMs * 1_000 <= bitsPerSecond * 0.02);
      const beaconBits = ((links + 1) * 172 * 8 * 1_000) / beaconMaxMs({ ...AIR, bitsPerSecond }, links);
      t.true(beaconMaxMs({ ...AIR, bitsPerSecond }, links) >= 600_000 || beaconBits <= bitsPerSecond * 0.005);
    }),
  );
});

test('a duty cycle counts as less speed', (t) => {
  const slow = { ...AIR, bitsPerSecond: 5_000 };
  t.true(heartbeatIntervalMs({ ...slow, dutyCycle: 0.1 }, 3, TIMING) > 5 * heartbeatIntervalMs(slow, 3, TIMING));
});

test('on a line between two a beat still comes three times before the peer counts as gone', (t) => {
  t.is(heartbeatIntervalMs({ ...LINE, bitsPerSecond: 300 }, 1, TIMING), 10_000);
  t.is(heartbeatIntervalMs({ ...LINE, bitsPerSecond: 300 }, 1, { ...TIMING, heartbeatMs: 20_000 }), 20_000);
});

test('a greeting is not repeated before its answer can have come', (t) => {
  const slow = { ...AIR, bitsPerSecond: 1_200 };
  const bothWaysMs = (2 * 172 * 8_000) / 1_200;
  t.true(greetingMs(slow) > bothWaysMs);
  t.true(greetingMs({ ...slow, latencyMs: 500 }) >= greetingMs(slow) + 1_000);
  t.true(beaconMinMs(slow) > 2 * bothWaysMs);
});
