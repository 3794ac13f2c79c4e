import test from 'ava';
import { Limit } from '../core/limits.js';
import {
  at,
  carrierWith,
  headerWith,
  nodeNamed,
  sequences,
  type TestContext,
  testContext,
  upLink,
} from '../testing/builders.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { Reassembler } from '../wire/fragments.js';
import { buildFrame, dedupKeyOf, payloadOf, tokenOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { MAX_PAYLOAD_BYTES, messageIdOfFrame, Offset, readHeader } from '../wire/header.js';
import { framesFor } from './cut-frames.js';
import { Egress, earlier } from './egress.js';
import { type Link, Links } from './links.js';

interface Setup {
  readonly context: TestContext;
  readonly egress: Egress;
  readonly link: Link;
  readonly undelivered: Uint8Array[];
  readonly suspected: Link[];
}

function setup(mtuBytes = 1_200): Setup {
  const context = testContext();
  const undelivered: Uint8Array[] = [];
  const suspected: Link[] = [];
  const egress = new Egress(context, {
    nextSequence: sequences(),
    undelivered: (_link, frame) => void undelivered.push(frame),
    divert: () => false,
    suspect: (link) => void suspected.push(link),
  });
  const link = upLink(new Links(), nodeNamed(2), carrierWith(), mtuBytes);
  egress.open(link);
  return { context, egress, link, undelivered, suspected };
}

let next = 0;
const message = (priority: Priority, bytes = 10) => ({
  header: headerWith({ priority, sequence: ++next }),
  payload: new Uint8Array(bytes).fill(next & 255),
});

/** Sends until nothing more is transmitted at once. */
function fillWindow({ egress, link, context }: Setup): void {
  do {
    context.transmitted();
    egress.sendMessage(link, message(Priority.Critical), at(0));
  } while (context.transmitted().length > 0);
}

const acknowledgeAll = ({ egress, link }: Setup, frames: readonly Uint8Array[], now = 1): void =>
  egress.acknowledged(link, frames.map(tokenOf), at(now));

test('what fits goes out at once, and again until the neighbour acknowledges it', (t) => {
  const world = setup();
  t.true(world.egress.sendMessage(world.link, message(Priority.Medium), at(0)));
  const [first] = world.context.transmitted();
  world.egress.tick(at(world.egress.nextDeadline() as number));
  const [again] = world.context.transmitted();
  t.deepEqual(again, first);
  acknowledgeAll(world, [first as Uint8Array], 200);
  t.is(world.egress.nextDeadline(), undefined);
  t.like(world.context.counters.hop, { sent: 1, retransmitted: 1, failed: 0 });
});

test('when the window is full frames wait, and the urgent ones go first', (t) => {
  const world = setup();
  fillWindow(world);
  for (const priority of [Priority.Low, Priority.Medium, Priority.High, Priority.Critical, Priority.Low])
    world.egress.sendMessage(world.link, message(priority), at(0));
  t.deepEqual(world.context.transmitted(), []);
  const before = world.egress.close(world.link).slice(-6);
  t.deepEqual(
    before.map((frame) => readHeader(frame).priority),
    [0, 0, 1, 2, 3, 3],
  );
});

test('a full queue gives up the newest of the lowest priority, never what is at least as urgent', (t) => {
  const world = setup();
  const { egress, link, context } = world;
  fillWindow(world);
  const waiting = egress.queued().frames;
  for (let i = waiting; i < Limit.QueuedFramesPerLink - 1; i++)
    t.true(egress.sendMessage(link, message(Priority.Medium), at(0)));
  const low = message(Priority.Low);
  t.true(egress.sendMessage(link, low, at(0)));
  t.false(egress.sendMessage(link, message(Priority.Low), at(0)), 'nothing is lower than low');
  t.is(context.counters.hop.queueDropped, 1);
  t.true(egress.sendMessage(link, message(Priority.Medium), at(0)));
  t.is(context.counters.hop.queueDropped, 2);
  t.false(egress.sendMessage(link, message(Priority.Medium), at(0)));
  const newest = message(Priority.High);
  t.true(egress.sendMessage(link, newest, at(0)));
  t.is(egress.queued().frames, Limit.QueuedFramesPerLink);
  const left = egress.close(link).map((frame) => readHeader(frame).sequence);
  t.false(left.includes(low.header.sequence));
  t.true(left.includes(newest.header.sequence));
});

test('a queue that one neighbour has filled takes frames of others in the place of its own', (t) => {
  const world = setup();
  const { egress, link, context } = world;
  fillWindow(world);
  const frame = (): Uint8Array => {
    const { header, payload } = message(Priority.Medium);
    return buildFrame(header, payload, context.tagKey);
  };
  const flooder = 7;
  while (egress.sendFrame(link, frame(), at(0), flooder));
  t.is(egress.queued().frames, Limit.QueuedFramesPerLink);
  const mine = message(Priority.Medium);
  t.true(egress.sendMessage(link, mine, at(0)));
  t.true(egress.sendFrame(link, frame(), at(0), 8));
  t.false(egress.sendFrame(link, frame(), at(0), flooder));
  t.is(egress.queued().frames, Limit.QueuedFramesPerLink);
  t.true(egress.close(link).some((left) => readHeader(left).sequence === mine.header.sequence));
});

test('under a duty cycle lesser frames wait while an alert still goes', (t) => {
  const context = testContext();
  const events = { nextSequence: sequences(), undelivered: () => {}, divert: () => false, suspect: () => {} };
  const egress = new Egress(context, events);
  // 2.4 kbit/s and 1 %: a frame of 240 bytes takes 0.8 s, the hour has 36.
  const link = upLink(new Links(), nodeNamed(2), carrierWith({ bitsPerSecond: 2_400, dutyCycle: 0.01 }), 240);
  egress.open(link);
  const sent = (): number => context.transmitted().length;
  let [count, now] = [0, 0];
  for (; now < 600_000; now += 1_000) {
    const { header, payload } = message(Priority.Low, 200);
    egress.sendMessage(link, { header, payload }, at(now));
    egress.tick(at(now));
    const frames = context.effects.filter((effect) => effect.kind === 'transmit').map((effect) => effect.frame);
    acknowledgeAll({ context, egress, link, undelivered: [], suspected: [] }, frames, now + 1);
    count += sent();
  }
  t.true(count >= 8 && count <= 14, `${count}`);
  t.true((egress.nextDeadline() as number) > now, 'it wakes when there is airtime, not before');
  egress.sendMessage(link, message(Priority.Critical, 200), at(now));
  t.is(sent(), 1);
});

test('a queue is bounded in bytes too', (t) => {
  const world = setup(4_000);
  fillWindow(world);
  let taken = 0;
  while (world.egress.sendMessage(world.link, message(Priority.Low, 60_000), at(0))) taken++;
  t.true(taken > 10 && taken * 60_000 <= Limit.QueuedBytesPerLink);
});

test('a message longer than the link takes goes in fragments that make it up again', (t) => {
  const world = setup(200);
  const long = {
    header: headerWith({ destination: nodeNamed(9) }),
    payload: Uint8Array.from({ length: 5_000 }, (_, i) => i),
  };
  t.true(world.egress.sendMessage(world.link, long, at(0)));
  const frames = world.context.transmitted();
  // The window holds so many at once; the rest follows as they are acknowledged.
  for (let acked = 0; acked < frames.length; acked++) {
    acknowledgeAll(world, [frames[acked] as Uint8Array]);
    frames.push(...world.context.transmitted());
  }
  t.is(frames.length, Math.ceil(5_000 / (200 - 40)));
  const reassembler = new Reassembler();
  let whole: Uint8Array | undefined;
  for (const frame of frames) {
    t.true(frame.length <= 200);
    const { fragment } = readHeader(frame);
    if (fragment) whole ??= reassembler.add(messageIdOfFrame(frame), fragment, payloadOf(frame), 0);
  }
  t.deepEqual(whole, long.payload);
  t.is(new Set(frames.map((frame) => dedupKeyOf(frame))).size, frames.length);
});

test('a fragment of another is cut again for a narrower link, offsets counting from the start of the message', (t) => {
  const [wide] = framesFor({ header: headerWith(), payload: new Uint8Array(3_000) }, 1_000, testContext().tagKey).slice(
    1,
  );
  const world = setup(300);
  t.true(world.egress.sendFrame(world.link, wide as Uint8Array, at(0)));
  const parts = world.context.transmitted().map((frame) => readHeader(frame).fragment);
  t.is(parts[0]?.offset, readHeader(wide as Uint8Array).fragment?.offset);
  for (const part of parts) t.is(part?.total, 3_000);
});

test('a payload no message can have is refused and counted', (t) => {
  const { egress, link, context } = setup();
  t.false(egress.sendMessage(link, message(Priority.Low, MAX_PAYLOAD_BYTES + 1), at(0)));
  t.is(context.refused('message.oversized'), 1);
});

test('an acknowledgement says again what the one before said, in case that was lost, on carriers that lose frames', (t) => {
  for (const reliable of [false, true]) {
    const context = testContext();
    const egress = new Egress(context, {
      nextSequence: sequences(),
      undelivered: () => {},
      divert: () => false,
      suspect: () => {},
    });
    const link = upLink(new Links(), nodeNamed(2), carrierWith({ reliable }));
    egress.open(link);
    const frames = [1, 2, 3].map(
      (sequence) =>
        framesFor(
          { header: headerWith({ sequence }), payload: new Uint8Array(9) },
          1_200,
          context.tagKey,
        )[0] as Uint8Array,
    );
    const tokens = frames.map(tokenOf);
    const said = (i: number, now: number): readonly number[] => {
      egress.acknowledge(link, frames[i] as Uint8Array, at(now));
      egress.tick(at(now + 200));
      return decode(Body.HopAckSchema, payloadOf(context.transmitted().at(-1) as Uint8Array))?.tokens ?? [];
    };
    t.deepEqual(said(0, 0), [tokens[0]]);
    t.deepEqual(said(1, 10), reliable ? [tokens[1]] : [tokens[1], tokens[0]]);
    t.deepEqual(said(2, 60_000), [tokens[2]], 'the other end has long sent it again, had it been lost');
  }
});

test('acknowledgements owed wait for company and then go together, in frames that fit the narrowest link', (t) => {
  for (const [mtuBytes, most] of [
    [1_200, 64],
    [192, 40],
  ] as const) {
    const { egress, link, context } = setup(mtuBytes);
    const frames = Array.from(
      { length: 100 },
      () => framesFor(message(Priority.Low), 1_200, context.tagKey)[0] as Uint8Array,
    );
    for (const frame of frames) egress.acknowledge(link, frame, at(10));
    egress.tick(at(egress.nextDeadline() as number));
    const acks = context.transmitted();
    t.is(acks.length, Math.ceil(100 / most));
    const tokens = acks.flatMap((ack) => decode(Body.HopAckSchema, payloadOf(ack))?.tokens ?? []);
    t.deepEqual(new Set(tokens), new Set(frames.map(tokenOf)));
    t.true(tokens.length <= 100 + 8 * acks.length);
    for (const ack of acks) {
      t.true(ack.length <= mtuBytes, `${ack.length} over ${mtuBytes}`);
      t.is(ack[Offset.Type], FrameType.HopAck);
    }
    t.is(egress.nextDeadline(), undefined);
  }
});

test('what a neighbour never took is handed back, and it is looked at before', (t) => {
  const { egress, link, undelivered, suspected, context } = setup();
  egress.sendMessage(link, message(Priority.Medium), at(0));
  const [frame] = context.transmitted();
  for (let i = 0; i < 20 && undelivered.length === 0; i++) egress.tick(at(egress.nextDeadline() as number));
  t.deepEqual(undelivered, [frame]);
  t.true(suspected.length > 0);
  t.is(context.counters.hop.failed, 1);
});

test('when a neighbour acknowledges nothing what is directed takes another way, and the link is known to stall until it answers', (t) => {
  const context = testContext();
  const diverted: Uint8Array[] = [];
  const suspected: Link[] = [];
  const egress = new Egress(context, {
    nextSequence: sequences(),
    undelivered: () => {},
    divert: (_link, frame) => diverted.push(frame) > 0,
    suspect: (link) => void suspected.push(link),
  });
  const link = upLink(new Links(), nodeNamed(2));
  egress.open(link);
  const payload = new Uint8Array(10);
  const directed = { header: headerWith({ sequence: 1, destination: nodeNamed(9) }), payload };
  egress.sendMessage(link, directed, at(0));
  egress.sendMessage(link, { header: headerWith({ sequence: 2 }), payload }, at(0));
  let now = 0;
  while (diverted.length === 0 && now < 5_000) {
    now = egress.nextDeadline() as number;
    egress.tick(at(now));
  }
  t.true(now < 1_500, `${now}`);
  t.true(link.stalled);
  t.true(suspected.includes(link), 'it is asked at once');
  t.is(diverted.length, 1, 'what is for everybody stays');
  t.is(context.counters.hop.diverted, 1);
  const [, other] = context.transmitted();
  t.is(egress.queued().inFlight, 1);
  egress.acknowledged(link, [tokenOf(other as Uint8Array)], at(now + 1));
  t.false(link.stalled);
});

test('one frame that gets lost again and again is no standstill while others are acknowledged', (t) => {
  const set = setup();
  const { egress, link, context } = set;
  const directed = { header: headerWith({ sequence: 1, destination: nodeNamed(9) }), payload: new Uint8Array(10) };
  egress.sendMessage(link, directed, at(0));
  const [lost] = context.transmitted();
  for (let now = 0; now < 5_000; now += 20) {
    egress.tick(at(now));
    egress.sendMessage(link, message(Priority.Medium), at(now));
    const others = context.transmitted().filter((frame) => frame !== lost);
    acknowledgeAll(set, others, now + 1);
    t.false(link.stalled);
  }
});

test('a closed lane hands back what it carried, and takes nothing more', (t) => {
  const { egress, link, context } = setup();
  egress.sendMessage(link, message(Priority.Medium), at(0));
  const [frame] = context.transmitted();
  t.deepEqual(egress.close(link), [frame]);
  t.false(egress.sendMessage(link, message(Priority.Medium), at(0)));
  t.deepEqual(egress.close(link), []);
  egress.acknowledge(link, frame as Uint8Array, at(0));
  t.is(egress.nextDeadline(), undefined);
});

test('heartbeats and acknowledgements go once and are not waited for', (t) => {
  const { egress, link, context } = setup();
  const header = headerWith({ type: FrameType.Heartbeat });
  egress.sendUnacknowledged(link, { header, payload: encode(Body.HeartbeatSchema, { echo: 1 }) }, at(0));
  t.is(context.transmitted().length, 1);
  t.is(egress.nextDeadline(), undefined);
  t.true((context.counters.bytesOut.get(0) ?? 0) > 28);
});

test('the earlier of two deadlines is the one there is, or the smaller', (t) => {
  t.is(earlier(undefined, undefined), undefined);
  t.is(earlier(3, undefined), 3);
  t.is(earlier(undefined, 4), 4);
  t.is(earlier(5, 4), 4);
});
