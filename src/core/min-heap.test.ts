import test from 'ava';
import fc from 'fast-check';
import { MinHeap } from './min-heap.js';

test('what goes in comes out, the least first', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new MinHeap<number>((a, b) => a < b);
      for (const number of numbers) heap.push(number);
      t.is(heap.size, numbers.length);
      t.deepEqual(
        numbers.map(() => heap.pop()),
        [...numbers].sort((a, b) => a - b),
      );
      t.is(heap.pop(), undefined);
    }),
  );
});

test('pushing and popping in turns gives the least of what is inside', (t) => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined })), (steps) => {
      const heap = new MinHeap<number>((a, b) => a < b);
      const inside: number[] = [];
      for (const step of steps) {
        if (step === undefined) t.is(heap.pop(), inside.sort((a, b) => a - b).shift());
        else {
          heap.push(step);
          inside.push(step);
        }
      }
    }),
  );
});
