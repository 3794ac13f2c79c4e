import test from 'ava';
import type { RadioTraits } from '../ports/radio.js';
import { carrierWith, headerWith, nodeNamed, TEST_TAG_KEY, upLink } from '../testing/builders.js';
import { buildFrame, tokenOf } from '../wire/frame.js';
import { Priority } from '../wire/frame-types.js';
import { HopArq } from './hop-arq.js';
import { linkTiming } from './link-timing.js';
import { type Link, Links } from './links.js';

const newLink = (traits: Partial<RadioTraits> = {}): Link => upLink(new Links(), nodeNamed(2), carrierWith(traits));
const frame = (sequence: number, bytes = 1): Uint8Array =>
  buildFrame(headerWith({ sequence }), new Uint8Array(bytes), TEST_TAG_KEY);

/** Times of the transmissions of one frame that nobody acknowledges, and when it is given up. */
function unanswered(arq: HopArq): { times: number[]; failedAt: number; suspiciousAt: number } {
  arq.sent(frame(1), 0);
  const times = [0];
  let suspiciousAt = Number.POSITIVE_INFINITY;
  for (;;) {
    const now = arq.nextDeadline() as number;
    const { again, failed, suspicious } = arq.due(now);
    if (suspicious) suspiciousAt = Math.min(suspiciousAt, now);
    if (failed.length > 0) return { times, failedAt: now, suspiciousAt };
    for (const one of again) arq.sentAgain(one, now);
    if (again.length > 0) times.push(now);
  }
}

/** The wait for an acknowledgement of the next frame. */
function waitOf(arq: HopArq, sequence: number, now: number): number {
  arq.sent(frame(sequence), now);
  const wait = (arq.nextDeadline() as number) - now;
  arq.acknowledged(tokenOf(frame(sequence)), now);
  return wait;
}

test('without an answer a frame is sent again after ever longer waits, and given up after eight tries', (t) => {
  const arq = new HopArq(newLink());
  const { times, failedAt } = unanswered(arq);
  t.is(times.length, 8);
  const waits = times.map((at, i) => (times[i + 1] ?? failedAt) - at);
  t.deepEqual(waits, [150, 300, 600, 1_200, 1_500, 1_500, 1_500, 1_500]);
  t.is(arq.inFlight, 0);
  t.is(arq.nextDeadline(), undefined);
});

test('after a few unanswered tries the neighbour is looked at, long before the frame is given up', (t) => {
  const { times, suspiciousAt, failedAt } = unanswered(new HopArq(newLink()));
  t.is(suspiciousAt, times[4] as number);
  t.true(suspiciousAt < failedAt / 2);
});

test('the wait follows the round trips measured, and retransmitted frames measure nothing', (t) => {
  const arq = new HopArq(newLink());
  let now = 0;
  for (let i = 0; i < 50; i++, now += 100) {
    arq.sent(frame(i), now);
    arq.acknowledged(tokenOf(frame(i)), now + 20);
  }
  arq.sent(frame(99), now);
  const wait = (arq.nextDeadline() as number) - now;
  t.true(wait >= 40 && wait < 60, `${wait} ms`);
  // Karn: this one is acknowledged 900 ms after its first transmission, which says nothing.
  const [late] = arq.due(arq.nextDeadline() as number).again;
  arq.sentAgain(late as Uint8Array, now + wait);
  arq.acknowledged(tokenOf(frame(99)), now + 900);
  arq.sent(frame(100), now + 1_000);
  t.is((arq.nextDeadline() as number) - (now + 1_000), 2 * wait, 'doubled until a round trip is timed again');
  arq.acknowledged(tokenOf(frame(100)), now + 1_020);
  arq.sent(frame(101), now + 2_000);
  const after = (arq.nextDeadline() as number) - (now + 2_000);
  t.true(after < 60, `${after} ms`);
});

test('a carrier slower than it says is found out: late frames teach those after them', (t) => {
  const arq = new HopArq(newLink());
  const roundTripMs = 700;
  let now = 0;
  let late = 0;
  for (let i = 0; i < 10; i++, now += roundTripMs) {
    arq.sent(frame(i), now);
    for (;;) {
      const at = arq.nextDeadline() as number;
      if (at >= now + roundTripMs) break;
      late++;
      for (const one of arq.due(at).again) arq.sentAgain(one, at);
    }
    arq.acknowledged(tokenOf(frame(i)), now + roundTripMs);
  }
  t.true(late <= 5, `${late} sent in vain`);
  t.true(waitOf(arq, 99, now) > roundTripMs);
});

test('the wait counts from when a frame has left, not from when it was handed over', (t) => {
  const arq = new HopArq(newLink());
  arq.sent(frame(1), 5_000);
  t.is(arq.nextDeadline(), 5_150);
  arq.acknowledged(tokenOf(frame(1)), 5_020);
  t.true(waitOf(arq, 2, 6_000) < 100);
});

test('what the carrier says decides the first wait and its bounds', (t) => {
  const waits = [1_200, 9_600, 115_200, 100_000_000].map((bitsPerSecond) => {
    const { firstTimeoutMs, minTimeoutMs, maxTimeoutMs, frameMs } = linkTiming(
      newLink({ bitsPerSecond, mtuBytes: 256 }),
    );
    t.true(minTimeoutMs <= firstTimeoutMs && firstTimeoutMs < maxTimeoutMs);
    t.true(minTimeoutMs > frameMs, 'the acknowledgement may wait for a whole frame of the other end');
    return firstTimeoutMs;
  });
  t.deepEqual(
    waits,
    [...waits].sort((a, b) => b - a),
  );
  t.is(waits.at(-1), 150);
  const slow = { bitsPerSecond: 9_600, mtuBytes: 256 };
  t.true(
    linkTiming(newLink({ ...slow, latencyMs: 800 })).minTimeoutMs >= linkTiming(newLink(slow)).minTimeoutMs + 1_600,
  );
});

test('a reliable carrier is not sent anything twice while it may still be working on it', (t) => {
  const arq = new HopArq(newLink({ reliable: true }));
  for (let i = 0; i < 20; i++) waitOf(arq, i, i * 100);
  t.true(waitOf(arq, 99, 5_000) >= 3_000);
});

test('a frame that the radio had no room for goes again, and counts as never sent', (t) => {
  const link = newLink();
  const arq = new HopArq(link);
  arq.sent(frame(1), 0);
  t.true(arq.returned(frame(1)));
  t.false(arq.returned(frame(1)), 'once');
  t.is(arq.nextDeadline(), undefined);
  t.true(arq.isAwaited(frame(1)));
  arq.sentAgain(frame(1), 400);
  t.is(arq.nextDeadline(), 550);
  arq.acknowledged(tokenOf(frame(1)), 420);
  t.is(link.quality, 1);
  t.false(arq.returned(frame(2)), 'never sent');
});

test('an acknowledgement that comes while a frame waits to be sent again spares that', (t) => {
  const arq = new HopArq(newLink());
  arq.sent(frame(1), 0);
  const [again] = arq.due(200).again;
  t.true(arq.isAwaited(again as Uint8Array));
  arq.acknowledged(tokenOf(frame(1)), 210);
  t.false(arq.isAwaited(again as Uint8Array));
  arq.sentAgain(again as Uint8Array, 220);
  t.is(arq.nextDeadline(), undefined);
});

test('urgent frames find room beyond the window', (t) => {
  const arq = new HopArq(newLink({ mtuBytes: 200 }));
  const longest = 200;
  let ordinary = 0;
  while (arq.hasRoom(Priority.Low, longest)) arq.sent(frame(ordinary++, 200 - 28), 0);
  let urgent = 0;
  while (arq.hasRoom(Priority.Critical, longest)) arq.sent(frame(1_000 + urgent++, 200 - 28), 0);
  t.is(ordinary, 28);
  t.is(urgent, 4);
});

test('the quality of a link falls with retransmissions and recovers', (t) => {
  const link = newLink();
  const arq = new HopArq(link);
  for (let i = 0; i < 40; i++) {
    arq.sent(frame(i), 0);
    arq.due(10_000);
    arq.acknowledged(tokenOf(frame(i)), 10_001);
  }
  t.true(link.quality < 0.6, `${link.quality}`);
  for (let i = 0; i < 100; i++) {
    arq.sent(frame(i), 20_000);
    arq.acknowledged(tokenOf(frame(i)), 20_001);
  }
  t.true(link.quality > 0.98);
});

test('an acknowledgement of what was never sent changes nothing', (t) => {
  const link = newLink();
  const arq = new HopArq(link);
  arq.sent(frame(1), 0);
  arq.acknowledged(12_345, 1);
  t.is(arq.inFlight, 1);
  t.is(link.quality, 1);
  t.deepEqual(arq.unacknowledged(), [frame(1)]);
});
