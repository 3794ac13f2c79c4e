import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { airNode, at, carrierWith, headerWith, selfNamed, TEST_TAG_KEY, testContext } from '../testing/builders.js';
import { aliasOf, isCompact } from '../wire/compact.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { NodeAliases } from './node-aliases.js';
import { ShortFrames, UNREAD_MAX } from './short-frames.js';

const SLOW = carrierWith({ bitsPerSecond: 1_000, mtuBytes: 255 });
const FAST = carrierWith({}, 1);
const [ME, SENDER, SOURCE] = [airNode(1), airNode(2), airNode(3)];
const HOUR = 3_600_000;

function setup(self: NodeId) {
  const context = testContext({ self: { ...selfNamed(1), id: self } });
  const asked: number[][] = [];
  const short = new ShortFrames(context, new NodeAliases(self), {
    lacks: (_carrier, aliases) => void asked.push([...aliases]),
  });
  return { context, short, asked };
}

const frameOf = (source: NodeId, sequence = 1, type: number = FrameType.Message, more = {}): Uint8Array =>
  buildFrame(headerWith({ source, type, ttl: 48, sequence, ...more }), Uint8Array.of(1, 2, 3), TEST_TAG_KEY);

/** As `SENDER` says it that has often named the source. */
function said(source: NodeId, sequence = 1): Uint8Array {
  const { short } = setup(SENDER);
  short.learned(source, at(0));
  for (let before = 1; before <= 10; before++) short.outgoing(SLOW, frameOf(source, sequence + before));
  return short.outgoing(SLOW, frameOf(source, sequence));
}

const heard = (bytes: Uint8Array) => ({ from: 'n2', snrDb: 3, bytes });

test('a frame goes over slow air in its short form, and over others as it is', (t) => {
  const { short } = setup(ME);
  const frame = frameOf(ME);
  t.is(short.outgoing(FAST, frame), frame);
  const form = short.outgoing(SLOW, frame);
  t.true(isCompact(form));
  t.is(frame.length - form.length, 8);
  t.is(short.handedOver(form), frame);
  t.is(short.handedOver(frame), frame);
});

test('what says who a node is stays as it is', (t) => {
  const { short } = setup(ME);
  for (const type of [FrameType.Beacon, FrameType.Hearing]) {
    const frame = frameOf(ME, 1, type);
    t.is(short.outgoing(SLOW, frame), frame);
  }
});

test('who hears it and knows both has the frame, and who transmitted it', (t) => {
  const { short } = setup(ME);
  short.learned(SENDER, at(0));
  short.learned(SOURCE, at(0));
  const [read, ...more] = short.incoming(SLOW, [heard(said(SOURCE)), heard(frameOf(SENDER))], at(0));
  t.like(read, { from: 'n2', snrDb: 3, transmitter: SENDER });
  t.deepEqual(read?.bytes, frameOf(SOURCE));
  t.deepEqual(more, [heard(frameOf(SENDER))]);
});

test('who says something urgent on behalf of another names that one whole: who does not know it need not ask', (t) => {
  const { short } = setup(SENDER);
  short.learned(SOURCE, at(0));
  for (let i = 0; i < 8; i++) short.outgoing(SLOW, frameOf(SOURCE, 100 + i));
  const receiver = setup(ME);
  receiver.short.learned(SENDER, at(0));
  for (const [source, priority, isRead] of [
    [SOURCE, Priority.Critical, true],
    [SOURCE, Priority.Medium, false],
    [SENDER, Priority.Critical, true],
  ] as const) {
    const frame = frameOf(source, 1, FrameType.Alert, { priority });
    const form = short.outgoing(SLOW, frame);
    const read = receiver.short.incoming(SLOW, [heard(form)], at(HOUR));
    t.deepEqual(read[0]?.bytes, isRead ? frame : undefined);
    if (source === SENDER) t.is(frame.length - form.length, 8, 'neighbours know the one that speaks');
  }
});

test('a source is named whole at first, so that nobody needs to ask, and later by its alias', (t) => {
  const { short } = setup(SENDER);
  short.learned(SOURCE, at(0));
  const receiver = setup(ME);
  receiver.short.learned(SENDER, at(0));
  const forms = Array.from({ length: 8 }, (_, i) => short.outgoing(SLOW, frameOf(SOURCE, i)));
  t.deepEqual(receiver.short.incoming(SLOW, [heard(forms[0] as Uint8Array)], at(0))[0]?.bytes, frameOf(SOURCE, 0));
  t.deepEqual(receiver.asked, []);
  const [first, last] = [forms[0], forms.at(-1)].map((form) => form?.length ?? 0);
  t.is((first as number) - (last as number), 6);
  t.false(short.outgoing(SLOW, frameOf(airNode(7), 9)).length < (first as number), 'of another one nothing follows');
});

test('what was kept is read when another frame is from its source', (t) => {
  const { short } = setup(ME);
  short.learned(SENDER, at(0));
  t.deepEqual(short.incoming(SLOW, [heard(said(SOURCE))], at(0)), []);
  short.met(SOURCE, at(10));
  t.deepEqual(
    short.takeReady().map(({ frame }) => frame.bytes),
    [frameOf(SOURCE)],
  );
});

test('what cannot be read is kept, its aliases are asked for, and it is read once they are known', (t) => {
  const { short, asked } = setup(ME);
  short.learned(SENDER, at(0));
  t.deepEqual(short.incoming(SLOW, [heard(said(SOURCE))], at(0)), []);
  t.deepEqual(asked, [[aliasOf(SOURCE), aliasOf(SENDER)]]);
  t.is(short.unread, 1);
  short.learned(airNode(9), at(10));
  t.deepEqual(short.takeReady(), []);
  short.learned(SOURCE, at(20));
  t.true(short.isReady);
  t.deepEqual(
    short.takeReady().map(({ frame }) => frame.bytes),
    [frameOf(SOURCE)],
  );
  t.is(short.unread, 0);
});

test('a node that somebody names is known once a frame proves it, and not before', (t) => {
  const { short } = setup(ME);
  short.learned(SENDER, at(0));
  short.incoming(SLOW, [heard(said(SOURCE))], at(0));
  const twin = `${SOURCE.slice(0, 4)}ffffffffffff` as NodeId;
  short.hinted([twin], at(10));
  t.is(short.unread, 1);
  short.hinted([SOURCE], at(20));
  t.is(short.takeReady().length, 1);
  t.is(short.incoming(SLOW, [heard(said(SOURCE, 2))], at(30)).length, 1, 'from now on it is known');
});

test('unread frames are bounded in number and time, and those lost are counted', (t) => {
  const { context, short } = setup(ME);
  for (let i = 0; i < UNREAD_MAX + 3; i++) short.incoming(SLOW, [heard(said(SOURCE, i))], at(i));
  t.is(short.unread, UNREAD_MAX);
  t.is(context.refused('frame.unknown-alias'), 3);
  short.tick(at(HOUR));
  t.is(short.unread, 0);
  t.is(context.refused('frame.unknown-alias'), UNREAD_MAX + 3);
});

test('what is malformed or of another mesh is counted and asks for nothing', (t) => {
  const { context, short, asked } = setup(ME);
  t.deepEqual(short.incoming(SLOW, [heard(Uint8Array.of(0xc0, 24)), heard(new Uint8Array(0))], at(0)).length, 1);
  t.is(context.refused('frame.malformed'), 1);
  const foreign = short.outgoing(SLOW, frameOf(ME)).slice();
  foreign[foreign.length - 1] = (foreign.at(-1) as number) ^ 1;
  short.incoming(SLOW, [heard(foreign)], at(0));
  t.is(asked.length, 1, 'an alias may be of a node not known yet');
});
