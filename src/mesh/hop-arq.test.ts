import test from 'ava';
import { Limit } from '../core/limits.js';
import { headerWith, nodeNamed, TEST_TAG_KEY, upLink } from '../testing/builders.js';
import { buildFrame, tokenOf } from '../wire/frame.js';
import { Priority } from '../wire/frame-types.js';
import { HopArq } from './hop-arq.js';
import { type Link, Links } from './links.js';

const newLink = (): Link => upLink(new Links(), nodeNamed(2));
const frame = (sequence: number): Uint8Array => buildFrame(headerWith({ sequence }), Uint8Array.of(1), TEST_TAG_KEY);

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
    if (again.length > 0) times.push(now);
  }
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
  arq.due(arq.nextDeadline() as number);
  arq.acknowledged(tokenOf(frame(99)), now + 900);
  arq.sent(frame(100), now + 1_000);
  t.is((arq.nextDeadline() as number) - (now + 1_000), wait);
});

test('the window grows with acknowledgements, halves at a loss once a round trip, and keeps within its bounds', (t) => {
  const arq = new HopArq(newLink());
  const start = arq.window;
  let now = 0;
  for (let i = 0; i < 300_000 && arq.window < Limit.InFlightPerLink; i++, now += 1) {
    arq.sent(frame(1), now);
    arq.acknowledged(tokenOf(frame(1)), now);
  }
  t.is(arq.window, Limit.InFlightPerLink);
  for (let i = 0; i < 10; i++) arq.sent(frame(i), now);
  arq.due(now + 2_000);
  t.is(arq.window, Limit.InFlightPerLink / 2, 'ten losses together are one');
  for (let i = 0; i < 20; i++) {
    now += 10_000;
    arq.sent(frame(1_000 + i), now);
    arq.due(now + 5_000);
  }
  t.is(arq.window, 4);
  t.true(start > 4);
});

test('the last places of the window are kept for urgent frames', (t) => {
  const arq = new HopArq(newLink());
  let ordinary = 0;
  while (arq.hasRoom(Priority.Low)) arq.sent(frame(ordinary++), 0);
  let urgent = 0;
  while (arq.hasRoom(Priority.Critical)) arq.sent(frame(1_000 + urgent++), 0);
  t.is(urgent, 4);
  t.is(ordinary + urgent, arq.window);
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
