import test from 'ava';
import {
  airNode,
  at,
  carrierWith,
  headerWith,
  sequences,
  TEST_TAG_KEY,
  testContext,
  upLink,
} from '../testing/builders.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { buildFrame, payloadOf, relayCopy, tokenOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, Offset } from '../wire/header.js';
import { Egress } from './egress.js';
import { Links } from './links.js';
import { PASSIVE_MAX } from './passive-acks.js';

const [SOURCE, BEFORE, NEXT, END] = [airNode(1), airNode(2), airNode(3), airNode(4)];
const AIR = { bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255, broadcast: true } as const;

const frameOf = (sequence: number, bytes = 20): Uint8Array => {
  const header = headerWith({ source: SOURCE, destination: END, type: FrameType.Message, ttl: 9, hops: 1, sequence });
  return buildFrame(header, new Uint8Array(bytes), TEST_TAG_KEY);
};

/** A node between two neighbours on one air. */
function setup(overhears = true) {
  const context = testContext();
  const failed: number[] = [];
  const egress = new Egress(context, {
    undelivered: (_, frame) => void failed.push(tokenOf(frame)),
    divert: () => false,
    suspect: () => {},
    nextSequence: sequences(),
  });
  const carrier = carrierWith({ ...AIR, ...(overhears && { overhears }) });
  const links = new Links();
  const [before, next] = [upLink(links, BEFORE, carrier), upLink(links, NEXT, carrier)];
  egress.open(before);
  egress.open(next);
  let now = 0;
  const copyOf = (frame: Uint8Array): Uint8Array => relayCopy(frame, TEST_TAG_KEY);
  return {
    ...{ context, egress, carrier, before, next, copyOf, failed },
    now: () => at(now),
    /** It came, and goes on. */
    pass: (frame: Uint8Array) => {
      egress.acknowledge(before, frame, at(now));
      const copy = copyOf(frame);
      egress.passesOn(before, frame, next, copy, at(now));
      egress.sendFrame(next, copy, at(now));
    },
    runTo: (until: number) => {
      const sent: { at: number; type: number; frame: Uint8Array }[] = [];
      for (; now < until; now += 50) {
        egress.tick(at(now));
        for (const frame of context.transmitted()) sent.push({ at: now, type: frame[Offset.Type] as number, frame });
      }
      return sent;
    },
  };
}

const acks = (sent: readonly { type: number }[]): number => sent.filter(({ type }) => type === FrameType.HopAck).length;

test('what is passed on over the air it came over is not acknowledged in words', (t) => {
  const { pass, runTo } = setup();
  pass(frameOf(1));
  const sent = runTo(1_500);
  t.deepEqual(
    sent.map(({ type }) => type),
    [FrameType.Message],
  );
});

test('where radios do not overhear it is', (t) => {
  const { pass, runTo } = setup(false);
  pass(frameOf(1));
  t.is(acks(runTo(1_500)), 1);
});

test('what waits too long for its turn is acknowledged in words after all', (t) => {
  const { pass, runTo, carrier, now, before } = setup();
  carrier.pace.full(250, now().mono);
  carrier.pace.sent(3_000, now().mono);
  pass(frameOf(1));
  const sent = runTo(20_000);
  const [ack] = sent.filter(({ type }) => type === FrameType.HopAck);
  t.deepEqual(decode(Body.HopAckSchema, payloadOf(ack?.frame as Uint8Array))?.tokens, [tokenOf(frameOf(1))]);
  t.true((ack?.at ?? 0) < 7_000, `${ack?.at} on ${before.mtuBytes}`);
});

test('a frame that comes again was not overheard: it is acknowledged in words, and after some of them so is all', (t) => {
  const { pass, runTo, egress, before, next, copyOf, now } = setup();
  let until = 0;
  const passed = (sequence: number): number => {
    pass(frameOf(sequence));
    until += 2_000;
    const said = acks(runTo(until));
    egress.acknowledged(next, [tokenOf(copyOf(frameOf(sequence)))], now(), true);
    return said;
  };
  t.is(passed(1), 0);
  egress.acknowledge(before, frameOf(1), now());
  until += 2_000;
  t.is(acks(runTo(until)), 1);
  t.is(passed(2), 0);
  egress.acknowledge(before, frameOf(2), now());
  until += 2_000;
  runTo(until);
  t.is(passed(3), 0, 'of two one fades');
  egress.acknowledge(before, frameOf(3), now());
  until += 2_000;
  runTo(until);
  t.is(passed(4), 1, 'in words');
});

test('who overhears the very copy of its frame that the neighbour was to pass on takes it for acknowledged', (t) => {
  const { egress, next, runTo, now, carrier, copyOf, failed } = setup();
  egress.sendFrame(next, frameOf(1), now());
  runTo(500);
  t.is(egress.queued().inFlight, 1);
  egress.overheard(carrier, NEXT, copyOf(frameOf(1)), now());
  t.is(egress.queued().inFlight, 0);
  t.deepEqual(runTo(60_000), []);
  t.deepEqual(failed, []);
});

test('another transmitter, another message, another part, another hop and another tag acknowledge nothing', (t) => {
  const { egress, next, runTo, now, carrier, copyOf } = setup();
  const header = headerWith({
    source: SOURCE,
    destination: END,
    type: FrameType.Message,
    ttl: 9,
    hops: 1,
    sequence: 5,
  });
  const part = (offset: number): Uint8Array =>
    buildFrame({ ...header, fragment: { offset, total: 400 } }, new Uint8Array(50), TEST_TAG_KEY);
  egress.sendFrame(next, part(0), now());
  runTo(1_000);
  const forged = copyOf(part(0));
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  const changed = buildFrame(
    { ...header, ttl: 8, hops: 2, fragment: { offset: 0, total: 400 } },
    new Uint8Array(50).fill(1),
    TEST_TAG_KEY,
  );
  for (const [transmitter, frame] of [
    [BEFORE, copyOf(part(0))],
    [NEXT, part(0)],
    [NEXT, copyOf(part(50))],
    [NEXT, copyOf(copyOf(part(0)))],
    [NEXT, copyOf(frameOf(5))],
    [NEXT, forged],
    [NEXT, changed],
    [NEXT, new Uint8Array(3)],
  ] as const) {
    egress.overheard(carrier, transmitter, frame, now());
    t.is(egress.queued().inFlight, 1);
  }
  egress.overheard(carrier, NEXT, copyOf(part(0)), now());
  t.is(egress.queued().inFlight, 0);
});

test('an acknowledgement from end to end acknowledges the hop that it comes back over', (t) => {
  const message = buildFrame(
    headerWith({ source: SOURCE, destination: END, type: FrameType.Message, flags: Flag.AckWanted, sequence: 7 }),
    Uint8Array.of(0, 0, 0, 7, 1, 2, 3),
    TEST_TAG_KEY,
  );
  const of = (bytes: Uint8Array): Uint8Array => encode(Body.AckSchema, { message: bytes, refusal: '' });
  const id = message.slice(Offset.Source, Offset.Source + 14);
  const ackHeader = headerWith({
    source: END,
    destination: SOURCE,
    type: FrameType.Ack,
    priority: Priority.High,
    sequence: 9,
  });
  const end = setup();
  end.egress.acknowledge(end.before, message, end.now());
  end.egress.sendMessage(end.before, { header: ackHeader, payload: of(id) }, end.now());
  t.deepEqual(
    end.runTo(1_500).map(({ type }) => type),
    [FrameType.Ack],
  );

  const before = setup();
  before.egress.sendFrame(before.next, message, before.now());
  before.runTo(1_000);
  const other = id.slice();
  other[13] = 8;
  before.egress.answered(before.next, buildFrame(ackHeader, of(other), TEST_TAG_KEY), before.now());
  before.egress.answered(before.before, buildFrame(ackHeader, of(id), TEST_TAG_KEY), before.now());
  t.is(before.egress.queued().inFlight, 1, 'of another message, or over another link');
  before.egress.answered(before.next, buildFrame(ackHeader, of(id), TEST_TAG_KEY), before.now());
  t.is(before.egress.queued().inFlight, 0);
});

test('of many frames that wait to be passed on the oldest are acknowledged in words', (t) => {
  const { egress, before, next, copyOf, now, carrier, runTo } = setup();
  carrier.pace.full(250, 0);
  for (let sequence = 0; sequence < PASSIVE_MAX + 3; sequence++) {
    const frame = frameOf(sequence);
    egress.acknowledge(before, frame, now());
    egress.passesOn(before, frame, next, copyOf(frame), now());
  }
  const [ack] = runTo(5_000).filter(({ type }) => type === FrameType.HopAck);
  t.is(decode(Body.HopAckSchema, payloadOf(ack?.frame as Uint8Array))?.tokens.length, 3);
});
