import test from 'ava';
import { Limit } from '../core/limits.js';
import { ChunkWindow } from './chunk-window.js';

/** Chunks that all take so long, one window after the other. */
function rounds(window: ChunkWindow, roundTripMs: number, count: number, from = 0): number {
  let now = from;
  for (let i = 0; i < count; i++) {
    now += roundTripMs;
    for (let chunk = window.size; chunk > 0; chunk--) window.arrived(roundTripMs, now);
  }
  return now;
}

test('it doubles with each round trip up to its bound', (t) => {
  const window = new ChunkWindow();
  t.is(window.size, 2);
  rounds(window, 20, 3);
  t.is(window.size, 16);
  rounds(window, 20, 5);
  t.is(window.size, Limit.ChunksAsked);
});

test('a loss halves it, once for one event, and from there it grows by a chunk a round trip', (t) => {
  const window = new ChunkWindow();
  const now = rounds(window, 20, 4);
  t.is(window.size, 32);
  const before = window.timeoutMs;
  window.lost(now + 1_000);
  window.lost(now + 1_001);
  t.is(window.size, 16);
  t.true(window.timeoutMs > before);
  rounds(window, 20, 2, now + 1_000);
  t.is(window.size, 17);
});

test('it gives way when round trips grow, before anything is lost', (t) => {
  const window = new ChunkWindow();
  const now = rounds(window, 20, 4);
  rounds(window, 400, 3, now);
  t.true(window.size < 20, `${window.size}`);
  t.true(window.size >= 1);
});

test('however much is lost one chunk may go, and a new path is tried afresh', (t) => {
  const window = new ChunkWindow();
  for (let i = 1; i < 40; i++) window.lost(i * 100_000);
  t.is(window.size, 1);
  t.true(window.timeoutMs <= 60_000);
  window.restart();
  t.is(window.size, 2);
});
