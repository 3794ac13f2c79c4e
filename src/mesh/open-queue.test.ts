import test from 'ava';
import { at } from '../testing/builders.js';
import { Priority } from '../wire/frame-types.js';
import { OPEN_QUEUE_MAX, type OpenFrame, OpenQueue } from './open-queue.js';

const { Critical, High, Medium, Low } = Priority;
const ORDER = [Critical, High, Medium, Low];
const frameOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const open = (priority: Priority, frame: Uint8Array | undefined): OpenFrame => ({ priority, take: () => frame });

/** All that goes, in order. */
function drain(queue: OpenQueue): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (const priority of ORDER)
    while (queue.mayGo(priority)) {
      const next = queue.next(priority, at(0));
      if (next) frames.push(next.frame);
    }
  return frames;
}

test('frames go in their order, the urgent first', (t) => {
  const queue = new OpenQueue();
  const frames = [frameOf(0), frameOf(1), frameOf(2), frameOf(3)] as const;
  queue.offer(open(Low, frames[3]));
  queue.offer(open(High, frames[1]));
  queue.offer(open(Critical, frames[0]));
  queue.offer(open(High, frames[2]));
  t.deepEqual(drain(queue), [frames[0], frames[1], frames[2], frames[3]]);
  t.is(queue.size, 0);
});

test('what nobody needs any more when its turn comes is left out', (t) => {
  const queue = new OpenQueue();
  queue.offer(open(Medium, undefined));
  queue.offer(open(Medium, frameOf(1)));
  t.deepEqual(queue.next(Medium, at(0))?.frame, frameOf(1));
  queue.offer(open(Medium, undefined));
  t.true(queue.mayGo(Medium));
  t.is(queue.next(Medium, at(0)), undefined);
  t.is(queue.size, 0);
});

test('a full queue loses the newest of the least urgent, and says how many', (t) => {
  const queue = new OpenQueue();
  for (let i = 0; i < OPEN_QUEUE_MAX; i++) t.is(queue.offer(open(i < 2 ? Low : Medium, frameOf(i & 255))), 0);
  t.is(queue.offer(open(Critical, frameOf(7, 7))), 1);
  t.is(queue.size, OPEN_QUEUE_MAX);
  const left = drain(queue);
  t.deepEqual(left[0], frameOf(7, 7));
  t.deepEqual(left.at(-1), frameOf(0), 'the older of the two least urgent stayed');
});

test('a frame the radio had no room for goes first next time, once', (t) => {
  const queue = new OpenQueue();
  const [first, second] = [frameOf(1), frameOf(2)];
  queue.offer(open(Medium, first));
  queue.offer(open(Medium, second));
  queue.next(Medium, at(0));
  t.false(queue.returned(frameOf(1)), 'another frame, though of the same bytes');
  t.true(queue.returned(first));
  t.false(queue.returned(first));
  t.deepEqual(drain(queue), [first, second]);
});
