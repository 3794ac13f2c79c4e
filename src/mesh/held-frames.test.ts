import test from 'ava';
import fc from 'fast-check';
import { Limit } from '../core/limits.js';
import { nodeNamed } from '../testing/builders.js';
import { HeldFrames } from './held-frames.js';

const [A, B] = [nodeNamed(1), nodeNamed(2)];

test('what is held of a source comes back in order, once', (t) => {
  const held = new HeldFrames<number>();
  for (const n of [1, 2, 3]) held.hold(A, n, 0);
  held.hold(B, 9, 0);
  t.deepEqual(held.release(A), [1, 2, 3]);
  t.deepEqual(held.release(A), []);
  t.is(held.size, 1);
});

test('of one source so many are held, the oldest goes first', (t) => {
  const held = new HeldFrames<number>();
  for (let i = 0; i < Limit.HeldPerSource + 3; i++) held.hold(A, i, 0);
  t.is(held.size, Limit.HeldPerSource);
  t.is(held.takeDropped(), 3);
  t.is(held.takeDropped(), 0);
  t.is(held.release(A)[0], 3);
});

test('what waits too long is dropped', (t) => {
  const held = new HeldFrames<number>();
  held.hold(A, 1, 0);
  held.hold(A, 2, 5_000);
  held.expire(Limit.HeldMs);
  t.deepEqual(held.release(A), [2]);
  t.is(held.takeDropped(), 1);
});

test('what was released in vain and is held again waits no longer for it', (t) => {
  const held = new HeldFrames<number>();
  held.hold(A, 1, 0);
  held.release(A);
  held.hold(A, 1, 9_000, Limit.HeldMs);
  held.expire(Limit.HeldMs);
  t.is(held.size, 0);
  t.is(held.takeDropped(), 1);
});

test('the beat of a source is asked for twice a second at most', (t) => {
  const held = new HeldFrames<number>();
  const asked = Array.from({ length: 21 }, (_, i) => held.hold(A, i, i * 100)).filter(Boolean).length;
  t.is(asked, 5);
  t.true(held.hold(B, 1, 0), 'each source for itself');
});

test('over all sources the bound holds, whatever comes', (t) => {
  const step = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 3_000 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 900 }), (steps) => {
      const held = new HeldFrames<number>();
      let now = 0;
      let put = 0;
      let back = 0;
      for (const [source, wait, release] of steps) {
        for (let i = 0; i < 5; i++) held.hold(nodeNamed(source), put++, now);
        if (release) back += held.release(nodeNamed(source + 1)).length;
        now += wait / 10;
        held.expire(now);
        t.true(held.size <= Limit.HeldFrames);
      }
      t.is(held.size + held.takeDropped() + back, put);
    }),
  );
});
