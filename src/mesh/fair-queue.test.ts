import test from 'ava';
import fc from 'fast-check';
import { nodeNamed } from '../testing/builders.js';
import { FairQueue, QUANTUM_BYTES } from './fair-queue.js';

const frame = (bytes: number, mark = 0): Uint8Array => new Uint8Array(bytes).fill(mark);

/** Bytes that left by mark, once so many bytes left in all. */
function taken(queue: FairQueue, bytes: number): Map<number, number> {
  const byMark = new Map<number, number>();
  for (let left = bytes; left > 0; ) {
    const next = queue.shift();
    if (!next) break;
    byMark.set(next[0] as number, (byMark.get(next[0] as number) ?? 0) + next.length);
    left -= next.length;
  }
  return byMark;
}

test('a neighbour that floods under twenty names has the share of one neighbour', (t) => {
  const queue = new FairQueue();
  for (let i = 0; i < 400; i++) queue.push(frame(100, 1), { ingress: 1, origin: nodeNamed(i % 20) });
  for (let i = 0; i < 40; i++) queue.push(frame(100, 2), { ingress: 2, origin: nodeNamed(50) });
  const shares = taken(queue, 8_000);
  t.true(Math.abs((shares.get(2) as number) - 4_000) <= 2 * QUANTUM_BYTES, `${shares.get(2)}`);
});

test('origins that came over one link take turns', (t) => {
  const queue = new FairQueue();
  for (let i = 0; i < 100; i++) queue.push(frame(100, 1), { ingress: 1, origin: nodeNamed(1) });
  for (let i = 0; i < 5; i++) queue.push(frame(100, 2), { ingress: 1, origin: nodeNamed(2) });
  t.is(taken(queue, 2_500).get(2), 500);
});

test('a frame taken out of the middle is gone, and all others come in their order', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 40 }), fc.nat(), (origins, at) => {
      const queue = new FairQueue();
      const frames = origins.map((origin, i) => frame(10 + i, origin));
      frames.forEach((one, i) => {
        queue.push(one, { ingress: (origins[i] as number) % 2, origin: nodeNamed(origins[i] as number) });
      });
      const gone = frames[at % frames.length] as Uint8Array;
      t.true(queue.remove(gone));
      t.false(queue.remove(gone));
      t.is(queue.length, frames.length - 1);
      t.is(queue.bytes, frames.reduce((sum, { length }) => sum + length, 0) - gone.length);
      const left: Uint8Array[] = [];
      for (let next = queue.shift(); next; next = queue.shift()) left.push(next);
      t.is(left.length, frames.length - 1);
      t.true(frames.every((one) => left.includes(one) === (one !== gone)));
      t.is(queue.bytes, 0);
    }),
  );
});

test('shares count bytes, not frames', (t) => {
  const queue = new FairQueue();
  for (let i = 0; i < 100; i++) queue.push(frame(1_200, 1), { ingress: 1, origin: nodeNamed(1) });
  for (let i = 0; i < 2_000; i++) queue.push(frame(60, 2), { ingress: 2, origin: nodeNamed(2) });
  const shares = taken(queue, 60_000);
  t.true(Math.abs((shares.get(1) as number) - 30_000) <= 3 * 1_200, `${shares.get(1)}`);
});

test('one flow alone keeps its order', (t) => {
  const queue = new FairQueue();
  for (let i = 0; i < 50; i++) queue.push(frame(1 + i * 40, i), { ingress: 3, origin: nodeNamed(1) });
  t.deepEqual(
    Array.from({ length: 50 }, () => queue.shift()?.[0]),
    [...Array(50).keys()],
  );
  t.is(queue.shift(), undefined);
});

test('what is dropped is the newest of who has most waiting', (t) => {
  const queue = new FairQueue();
  queue.push(frame(100, 1), { ingress: 1, origin: nodeNamed(1) });
  for (const mark of [2, 3, 4]) queue.push(frame(100, mark), { ingress: 2, origin: nodeNamed(mark === 4 ? 3 : 2) });
  t.is(queue.pop()?.[0], 3);
  t.true(queue.isExceededBy(1, 99));
  t.false(queue.isExceededBy(1, 100));
});

test('every frame comes out once, and the next is the one that was shown', (t) => {
  const action = fc.record({
    what: fc.constantFrom('push', 'push', 'shift', 'pop'),
    ingress: fc.integer({ min: 0, max: 3 }),
    origin: fc.integer({ min: 1, max: 4 }),
    bytes: fc.integer({ min: 1, max: 4_096 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const queue = new FairQueue();
      const inside = new Set<Uint8Array>();
      for (const { what, ingress, origin, bytes } of actions) {
        if (what === 'push') {
          const pushed = frame(bytes);
          inside.add(pushed);
          queue.push(pushed, { ingress, origin: nodeNamed(origin) });
          continue;
        }
        const shown = queue.peek();
        const out = what === 'shift' ? queue.shift() : queue.pop();
        if (what === 'shift') t.is(out, shown);
        t.is(out === undefined, inside.size === 0);
        if (out) t.true(inside.delete(out));
      }
      t.is(queue.length, inside.size);
      t.is(queue.all().length, inside.size);
      t.true(queue.all().every((each) => inside.has(each)));
    }),
  );
});
