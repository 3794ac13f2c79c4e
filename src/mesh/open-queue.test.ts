import test from 'ava';
import fc from 'fast-check';
import { at, nodeNamed } from '../testing/builders.js';
import { Priority } from '../wire/frame-types.js';
import type { Flow } from './fair-queue.js';
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

const flowOf = (ingress: Flow['ingress'], origin = 1): Flow => ({ ingress, origin: nodeNamed(origin) });
const from = (flow: Flow, mark: number, bytes = 60, priority: Priority = Medium): OpenFrame => ({
  priority,
  bytes,
  flow,
  take: () => frameOf(mark),
});
const marks = (queue: OpenQueue): number[] => drain(queue).map((frame) => frame[0] as number);

test('a neighbour that makes this node say much waits for itself, not others for it', (t) => {
  const queue = new OpenQueue();
  for (let i = 0; i < 100; i++) queue.offer(from(flowOf(nodeNamed(9), i), 9));
  queue.offer(from(flowOf(nodeNamed(2)), 2));
  queue.offer({ priority: Medium, take: () => frameOf(1) });
  const order = marks(queue);
  t.true(order.indexOf(2) < 12, `${order.indexOf(2)}`);
  t.true(order.indexOf(1) < 22, `${order.indexOf(1)}: under however many names it speaks`);
  t.is(order.length, 102);
});

test('of what came over one neighbour the authors take turns', (t) => {
  const queue = new OpenQueue();
  for (let i = 0; i < 100; i++) queue.offer(from(flowOf(nodeNamed(9), 8), 8));
  queue.offer(from(flowOf(nodeNamed(9), 7), 7));
  t.true(marks(queue).indexOf(7) < 12);
});

test('a full queue loses what the one with most waiting said last, and tells who waited for its turn', (t) => {
  const queue = new OpenQueue();
  const lost: number[] = [];
  const losable = (flow: Flow, mark: number): OpenFrame => ({ ...from(flow, mark), lost: () => lost.push(mark) });
  queue.offer(losable(flowOf(nodeNamed(2)), 2));
  for (let i = 0; i < OPEN_QUEUE_MAX + 50; i++) queue.offer(losable(flowOf(nodeNamed(9), i), 9));
  queue.offer(losable(flowOf(nodeNamed(3)), 3));
  t.deepEqual(lost, new Array(52).fill(9));
  t.is(queue.size, OPEN_QUEUE_MAX);
});

test('whoever says how much: each frame goes once or is told to be lost, the queue keeps its bound, and of equals nobody waits for ever', (t) => {
  const frame = fc.record({
    priority: fc.constantFrom(...ORDER),
    ingress: fc.integer({ min: 0, max: 4 }),
    origin: fc.integer({ min: 0, max: 3 }),
    bytes: fc.integer({ min: 1, max: 255 }),
    goes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 600 }), (frames) => {
      const queue = new OpenQueue();
      const fates = new Map<number, string[]>();
      let dropped = 0;
      for (const [i, { priority, ingress, origin, bytes, goes }] of frames.entries()) {
        const fate: string[] = [];
        fates.set(i, fate);
        const take = (): Uint8Array => {
          fate.push('gone');
          return frameOf(i & 255);
        };
        dropped += queue.offer({
          priority,
          bytes,
          flow: flowOf(ingress, origin),
          take,
          lost: () => fate.push('lost'),
        });
        t.true(queue.size <= OPEN_QUEUE_MAX);
        if (goes) queue.next(priority, at(i));
      }
      drain(queue);
      t.is(queue.size, 0);
      for (const fate of fates.values()) t.is(fate.length, 1);
      t.is([...fates.values()].filter(([fate]) => fate === 'lost').length, dropped);
    }),
  );
});
