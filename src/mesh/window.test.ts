import test from 'ava';
import { Limit } from '../core/limits.js';
import type { RadioTraits } from '../ports/radio.js';
import { carrierWith } from '../testing/builders.js';
import { Window } from './window.js';

const windowOf = (traits: Partial<RadioTraits>): Window => {
  const carrier = carrierWith(traits);
  return new Window({ carrier, mtuBytes: carrier.traits.mtuBytes });
};
const SERIAL = { bitsPerSecond: 9_600, mtuBytes: 256 };

/** Acknowledges frames of a window that is used up, each after so long. */
function acknowledge(window: Window, frames: number, roundTripMs: number | undefined, from = 0): number {
  let now = from;
  for (let i = 0; i < frames; i++, now += 100) window.acknowledged(256, window.bytes, roundTripMs, now);
  return now;
}

test('a fast carrier begins with many frames, grows with acknowledgements, and halves at a loss once a round trip', (t) => {
  const window = windowOf({ mtuBytes: 1_000 });
  t.is(window.bytes, 28_000);
  let now = 0;
  for (let i = 0; i < 40_000; i++, now += 1) window.acknowledged(1_000, window.bytes, 5, now);
  t.is(window.bytes, 1_000 * Limit.InFlightPerLink);
  for (let i = 0; i < 10; i++) window.lost(40, now + i);
  t.is(window.bytes, (1_000 * Limit.InFlightPerLink) / 2, 'ten losses together are one');
  for (let i = 0; i < 20; i++) window.lost(40, now + 1_000 * i + 1_000);
  t.is(window.bytes, 4_000);
});

test('a window that is not used up does not grow', (t) => {
  const window = windowOf({ mtuBytes: 1_000 });
  for (let i = 0; i < 1_000; i++) window.acknowledged(100, 100, 5, i);
  t.is(window.bytes, 28_000);
});

test('a slow line begins with what keeps it busy, and never has more than seconds under way', (t) => {
  t.is(windowOf({ ...SERIAL, bitsPerSecond: 1_200 }).bytes, 512);
  t.is(windowOf(SERIAL).bytes, 512);
  t.is(windowOf({ bitsPerSecond: 200_000, mtuBytes: 1_024 }).bytes, 3_750);
  const window = windowOf(SERIAL);
  acknowledge(window, 5_000, 300);
  t.true(window.bytes <= 2_400, `${window.bytes}`);
});

test('frames that queue beneath the engine shrink the window of a slow carrier, down to two frames', (t) => {
  const window = windowOf({ bitsPerSecond: 200_000, mtuBytes: 500 });
  const now = acknowledge(window, 20, 60);
  const before = window.bytes;
  t.true(before > 3_750);
  acknowledge(window, 1, 400, now);
  t.true(window.bytes < before);
  acknowledge(window, 200, 400, now + 1_000);
  t.is(window.bytes, 1_000);
});

test('a path that became longer is the best there is after a while', (t) => {
  const window = windowOf({ bitsPerSecond: 200_000, mtuBytes: 500 });
  const now = acknowledge(window, 20, 60);
  acknowledge(window, 3_000, 400, now);
  t.true(window.bytes > 1_000, `${window.bytes}`);
});

test('fast carriers pay no heed to round trips that vary', (t) => {
  const window = windowOf({ mtuBytes: 1_000 });
  acknowledge(window, 10, 1);
  acknowledge(window, 10, 500, 10_000);
  t.true(window.bytes > 28_000);
});

test('one frame always has room, whatever its length', (t) => {
  const window = windowOf(SERIAL);
  t.true(window.hasRoom(0, 4_096, false));
  t.false(window.hasRoom(1, 4_096, true));
});
