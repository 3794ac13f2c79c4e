import test from 'ava';
import { handClock } from '../../testing/radio-world.js';
import { Deframer } from './deframer.js';
import { MAX_QUEUED_CONTROL, MAX_QUEUED_FRAMES, WRITE_AHEAD_MS } from './limits.js';
import { Outlet } from './outlet.js';

/** Lets what was promised be done. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function outletAt(bytesPerSecond: number, room: () => boolean = () => true) {
  const clock = handClock();
  const bodies: { at: number; body: Uint8Array }[] = [];
  const sent: Uint8Array[] = [];
  const deframer = new Deframer(2_000);
  let bytes = 0;
  const outlet = new Outlet({
    clock,
    bytesPerSecond,
    maxQueuedBytes: 10_000,
    write: async (chunk) => {
      bytes += chunk.length;
      deframer.push(chunk, (body) => bodies.push({ at: clock.now(), body }));
    },
    wrap: (frame) => (room() ? frame : undefined),
    sent: (frame) => void sent.push(frame),
  });
  const run = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i++) {
      clock.advance(1);
      await turn();
    }
  };
  return { clock, outlet, bodies, sent, run, bytes: () => bytes };
}

const frame = (n: number, bytes = 100): Uint8Array => new Uint8Array(bytes).fill(n);

test('frames leave at the speed of the line, hardly ahead of it', async (t) => {
  const { outlet, run, bytes, bodies } = outletAt(10_000);
  for (let i = 1; i <= 50; i++) t.is(outlet.offer(frame(i)), 'queued');
  await turn();
  for (let ms = 0; ms < 400; ms += 20) {
    const ahead = bytes() - ms * 10;
    t.true(ahead <= 10 * (WRITE_AHEAD_MS + 25) && ahead >= 0, `${ahead} bytes ahead after ${ms} ms`);
    await run(20);
  }
  await run(200);
  t.deepEqual(
    bodies.map(({ body }) => body[0]),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
});

test('what the link layer says goes before what waits', async (t) => {
  const { outlet, run, bodies } = outletAt(1_000);
  for (let i = 1; i <= 5; i++) outlet.offer(frame(i));
  outlet.control(Uint8Array.of(99));
  await run(2_000);
  t.deepEqual(
    bodies.map(({ body }) => body[0]),
    [1, 99, 2, 3, 4, 5],
  );
});

test('a full queue says so, by bytes and by frames, and takes more once it drains', async (t) => {
  const { outlet, run } = outletAt(100_000, () => open);
  let open = false;
  for (let i = 0; i < 10; i++) t.is(outlet.offer(frame(i, 1_000)), 'queued');
  t.is(outlet.offer(frame(10, 1)), 'full');
  open = true;
  outlet.pump();
  await run(200);
  t.is(outlet.queuedFrames, 0);
  open = false;
  for (let i = 0; i < MAX_QUEUED_FRAMES; i++) t.is(outlet.offer(Uint8Array.of(i & 255, i >> 8)), 'queued');
  t.is(outlet.offer(Uint8Array.of(1, 2, 3)), 'full');
});

test('a frame that waits is not queued twice, one that left may come again', async (t) => {
  const { outlet, run, sent } = outletAt(10_000, () => open);
  let open = false;
  t.is(outlet.offer(frame(1)), 'queued');
  t.is(outlet.offer(frame(1)), 'queued');
  t.is(outlet.queuedFrames, 1);
  open = true;
  outlet.pump();
  await run(50);
  t.is(outlet.offer(frame(1)), 'queued');
  await run(50);
  t.is(sent.length, 2);
});

test('while the other side has no room only the link layer speaks, and its queue is bounded too', async (t) => {
  const { outlet, run, bodies } = outletAt(1_000, () => false);
  outlet.offer(frame(1));
  for (let i = 0; i < 100; i++) outlet.control(Uint8Array.of(i));
  await run(1_000);
  t.true(bodies.length <= MAX_QUEUED_CONTROL + 1);
  t.is(bodies.at(-1)?.body[0], 99);
  t.is(outlet.queuedFrames, 1);
});

test('a held outlet waits, and one that finished says its last word and no more', async (t) => {
  const { outlet, run, bodies, clock } = outletAt(10_000);
  outlet.hold(clock.now() + 100);
  outlet.offer(frame(1));
  await run(90);
  t.is(bodies.length, 0);
  await run(20);
  t.is(bodies.length, 1);
  outlet.offer(frame(2, 1_000));
  outlet.offer(frame(3, 1_000));
  outlet.finish(Uint8Array.of(7));
  outlet.control(Uint8Array.of(8));
  await run(1_000);
  t.is(bodies.at(-1)?.body[0], 7);
  t.is(clock.pending, 0);
});
