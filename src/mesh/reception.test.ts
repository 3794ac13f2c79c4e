import test from 'ava';
import fc from 'fast-check';
import { utf8 } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { createHotPath } from '../native/hot-path.js';
import {
  at,
  carrierWith,
  headerWith,
  nodeNamed,
  selfNamed,
  TEST_TAG_KEY,
  testContext,
  upLink,
} from '../testing/builders.js';
import { saltHintOf } from '../trust/identity.js';
import { KnownNodes } from '../trust/known-nodes.js';
import { Body, encode } from '../wire/bodies.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import type { Header } from '../wire/header.js';
import { messageIdFor } from './delivery.js';
import { FrameSlab } from './frame-slab.js';
import { type Link, Links } from './links.js';
import { Reception } from './reception.js';

const peer = selfNamed(2);
const far = selfNamed(3);

function setup() {
  const context = testContext();
  const links = new Links();
  const known = new KnownNodes();
  const carrier = carrierWith();
  const link = upLink(links, peer.id, carrier);
  const hotPath = createHotPath({ kind: 'js' });
  const seen: string[] = [];
  const reception = new Reception(
    context,
    hotPath,
    hotPath.routes({ capacity: 16, ttlMs: 1_000 }),
    links,
    known,
    1_000,
    {
      stranger: (_carrier, from, source) => void seen.push(`stranger ${from} ${source}`),
      beacon: (_carrier, from) => void seen.push(`beacon ${from}`),
      hearing: (_carrier, from) => void seen.push(`hearing ${from}`),
      noticed: (_carrier, node) => void seen.push(`noticed ${node}`),
      alive: () => void seen.push('alive'),
      present: () => true,
      acknowledge: () => void seen.push('ack'),
      pass: (key) => void seen.push(`pass ${key.slice(-12)}`),
      passedAgain: (key) => void seen.push(`again ${key.slice(-12)}`),
      message: (_link, header, payload) => void seen.push(`message ${header.sequence} ${payload.length}`),
      overheard: (key, header, _frame, payload) =>
        void seen.push(`overheard ${key.slice(-12)} ${header.sequence} ${payload.length}`),
      unknownBoot: (source) => void seen.push(`unknown ${source}`),
    },
  );
  for (const self of [peer, far]) known.learn(self.id, self.keys.publicKey, self.boot);
  const hear = (frame: Uint8Array, from = link.address, now = 0): string[] => {
    reception.heard(carrier, { kind: 'heard', frames: [{ from, bytes: frame }] }, at(now));
    return seen.splice(0);
  };
  const overhear = (bytes: Uint8Array): string[] => {
    reception.heard(carrier, { kind: 'heard', frames: [{ from: 'shout:x', bytes, shouted: true }] }, at(0));
    return seen.splice(0);
  };
  return { context, links, known, link, carrier, reception, hear, overhear, seen };
}

const of = (self: typeof far, more: Partial<Header> = {}): Uint8Array =>
  buildFrame(
    headerWith({ source: self.id, saltHint: saltHintOf(self.boot.salt), sequence: 7, ...more }),
    utf8('abc'),
    TEST_TAG_KEY,
  );

test('a flooded message is acknowledged, passed on and handed over, in this order and once', (t) => {
  const { hear } = setup();
  t.deepEqual(hear(of(far)), ['alive', 'ack', 'pass 000000070000', 'message 7 3']);
  t.deepEqual(hear(of(far, { ttl: 2, hops: 3 })), ['ack', 'again 000000070000']);
});

test('what is meant for another is passed on and goes no further here', (t) => {
  const { hear } = setup();
  t.deepEqual(hear(of(far, { destination: nodeNamed(99) })), ['alive', 'ack', 'pass 000000070000']);
});

test('what is meant for us is handed over', (t) => {
  const { context, hear } = setup();
  t.deepEqual(hear(of(far, { destination: context.self.id })), ['alive', 'ack', 'pass 000000070000', 'message 7 3']);
});

test('a heartbeat needs no acknowledgement and goes no further', (t) => {
  const { hear } = setup();
  t.deepEqual(hear(of(peer, { type: FrameType.Heartbeat })), ['message 7 3']);
});

test('our own frame coming back is acknowledged, or its bearer would send it for ever', (t) => {
  const { context, hear } = setup();
  const own = buildFrame(headerWith({ source: context.self.id, sequence: 9 }), utf8('x'), TEST_TAG_KEY);
  t.deepEqual(hear(own), ['ack', 'again 000000090000']);
});

test('once acted on a message is refused when it comes again after the dedup cache forgot it', (t) => {
  const { context, hear } = setup();
  hear(of(far));
  t.deepEqual(hear(of(far), undefined, 601_000), ['alive', 'ack']);
  t.is(context.refused('frame.replayed'), 1);
});

test('link-local frames in another’s name are counted, and take nothing from the genuine one', (t) => {
  const { context, hear } = setup();
  t.deepEqual(hear(of(far, { type: FrameType.Heartbeat })), []);
  t.is(context.refused('frame.not-from-neighbour'), 1);
  const { hear: elsewhere, links, carrier } = setup();
  const bad = of(far, { type: FrameType.Drip });
  t.deepEqual(elsewhere(bad), []);
  const genuine = links.add(carrier, 'far', 1_000, at(0)) as Link;
  genuine.peer = far.id;
  links.markUp(genuine);
  t.deepEqual(elsewhere(bad, 'far'), ['alive', 'ack', 'message 7 3']);
});

test('from an address without a link only beacons are heard', (t) => {
  const { context, hear } = setup();
  t.deepEqual(hear(of(far), 'elsewhere'), []);
  t.is(context.refused('link.unknown'), 1);
  const local = of(far, { type: FrameType.Heartbeat, sequence: 8 });
  t.deepEqual(hear(local, 'elsewhere'), [`stranger elsewhere ${far.id}`], 'its neighbour may have given it up');
  t.is(context.refused('link.unknown'), 1, 'a heartbeat may have been for everybody');
  t.deepEqual(hear(of(far, { type: FrameType.Beacon, sequence: 9 }), 'elsewhere'), ['beacon elsewhere']);
  t.deepEqual(
    hear(of(peer, { type: FrameType.Beacon, sequence: 10 })),
    [`beacon to ${peer.id}`],
    'from a neighbour too',
  );
});

test('a frame of a boot nobody vouched for is passed on, held, and handed over once somebody does', (t) => {
  const { known, reception, hear, seen } = setup();
  const stranger = selfNamed(4);
  t.deepEqual(hear(of(stranger)), ['alive', 'ack', 'pass 000000070000', `unknown ${stranger.id}`]);
  t.deepEqual(hear(of(stranger, { sequence: 8 })), ['alive', 'ack', 'pass 000000080000'], 'asked already');
  t.is(reception.heldFrames, 2);
  known.learn(stranger.id, stranger.keys.publicKey, stranger.boot);
  reception.learned(stranger.id, at(100));
  t.deepEqual(seen, ['message 7 3', 'message 8 3']);
  t.is(reception.heldFrames, 0);
});

test('held frames nobody vouches for are dropped and counted', (t) => {
  const { context, reception, hear } = setup();
  hear(of(selfNamed(4)));
  reception.tick(at(10_001));
  t.is(context.refused('frame.unknown-boot'), 1);
});

test('fragments are passed on each for itself, and the message is handed over when it is whole', (t) => {
  const { context, hear, reception } = setup();
  const destination: NodeId = context.self.id;
  t.deepEqual(hear(of(far, { destination, fragment: { offset: 3, total: 6 } })), ['alive', 'ack', 'pass 000000070003']);
  t.is(reception.assemblies, 1);
  t.deepEqual(hear(of(far, { destination, fragment: { offset: 0, total: 6 } })), [
    'alive',
    'ack',
    'pass 000000070000',
    'message 7 6',
  ]);
  t.is(reception.assemblies, 0);
});

test('a piece sent again makes a message whole that came in fragments, and one that nobody began is counted', (t) => {
  const { context, hear, link, reception, seen } = setup();
  const arrival = { carrier: link.carrier, link, from: link.peer };
  const destination: NodeId = context.self.id;
  const header = headerWith({ source: far.id, saltHint: saltHintOf(far.boot.salt), sequence: 90, destination });
  const piece = (attempt: number, offset: number, total = 6): Uint8Array =>
    encode(Body.PartSchema, { attempt, total, offset, bytes: utf8('xyz') });
  reception.part(arrival, header, piece(7, 3), at(0));
  t.is(context.refused('part.unknown'), 1);
  hear(of(far, { destination, fragment: { offset: 0, total: 6 } }));
  const id = messageIdFor(far.id, saltHintOf(far.boot.salt), 7);
  t.deepEqual(reception.missing(id, 6), [3, 6]);
  reception.part(arrival, header, piece(7, 4), at(0));
  reception.part(arrival, header, Uint8Array.of(255), at(0));
  t.is(context.refused('part.malformed'), 1);
  t.deepEqual(seen, []);
  reception.part(arrival, header, piece(7, 3), at(0));
  t.deepEqual(seen.splice(0), ['message 7 6']);
  t.is(reception.assemblies, 0);
  // What is left of it on the way is known.
  t.deepEqual(hear(of(far, { destination, fragment: { offset: 3, total: 6 } })), ['alive', 'ack']);
  reception.tick(at(1_000));
  t.is(context.refused('fragment.misfit'), 1);
});

test('many frames at once are judged each for itself', (t) => {
  const { carrier, link, reception, seen } = setup();
  const frames = Array.from({ length: 300 }, (_, i) => ({ from: link.address, bytes: of(far, { sequence: i + 1 }) }));
  const bad = { from: link.address, bytes: Uint8Array.of(1, 2, 3) };
  reception.heard(carrier, { kind: 'heard', frames: [bad, ...frames, bad] }, at(0));
  t.is(seen.filter((each) => each.startsWith('message')).length, 300);
});

test('a batch lying in the memory of a radio is judged as its frames one by one are, and nothing of it is kept', (t) => {
  const kinds = [
    (i: number) => ({ from: 'peer', bytes: of(far, { sequence: i }) }),
    (i: number) => ({ from: 'stranger', bytes: of(far, { sequence: i }) }),
    (i: number) => ({ from: 'peer', bytes: of(peer, { type: FrameType.Beacon, sequence: i }) }),
    (i: number) => ({ from: 'peer', bytes: of(far, { type: FrameType.Heartbeat, sequence: i }) }),
    () => ({ from: 'peer', bytes: of(far, { sequence: 1 }) }),
    () => ({ from: 'stranger', bytes: Uint8Array.of(1, 2) }),
    () => ({ from: 'peer', bytes: new Uint8Array(0) }),
  ] as const;
  const pattern = [0, 0, 0, 1, 1, 0, 2, 2, 0, 3, 4, 4, 5, 0, 6, 6, 1, 2, 0, 5];
  const make = (address: string) =>
    pattern.map((kind, i) => {
      const { from, bytes } = (kinds[kind] as (i: number) => { from: string; bytes: Uint8Array })(i + 1);
      return { from: from === 'peer' ? address : from, bytes };
    });

  const singly = setup();
  const frames = make(singly.link.address);
  for (const frame of frames) singly.reception.heard(singly.carrier, { kind: 'heard', frames: [frame] }, at(0));

  const together = setup();
  const batch = new FrameSlab().lay(make(together.link.address));
  together.reception.heard(together.carrier, { kind: 'heard-batch', batch }, at(0));
  batch.slab.fill(0xff);

  t.deepEqual(together.seen, singly.seen);
  t.true(together.seen.some((each) => each.startsWith('beacon')));
  t.deepEqual(together.context.counters, singly.context.counters);
});

const urgent = { type: FrameType.Alert, priority: Priority.High };

test('an urgent message heard without a link is taken once, and its copies over links are duplicates', (t) => {
  const { context, hear, overhear } = setup();
  t.deepEqual(overhear(of(far, urgent)), ['overheard 000000070000 7 3']);
  t.deepEqual(overhear(of(far, { ...urgent, ttl: 2, hops: 3 })), []);
  t.deepEqual(hear(of(far, urgent)), ['ack', 'again 000000070000']);
  t.deepEqual(hear(of(far, { ...urgent, sequence: 8 })), ['alive', 'ack', 'pass 000000080000', 'message 8 3']);
  t.deepEqual(overhear(of(far, { ...urgent, sequence: 8 })), []);
  t.is(context.counters.flood.overheard, 1);
});

test('nothing else is taken without a link, and what is refused leaves its place to copies over links', (t) => {
  const { context, hear, overhear } = setup();
  const beacon = of(peer, { type: FrameType.Beacon });
  const directed = of(far, { ...urgent, destination: context.self.id });
  const part = of(far, { ...urgent, fragment: { offset: 0, total: 9 } });
  for (const frame of [
    beacon,
    of(peer, { type: FrameType.Heartbeat, priority: Priority.Critical }),
    of(far),
    directed,
    part,
  ])
    t.deepEqual(overhear(frame), []);
  t.is(context.refused('shout.unfit'), 5);
  const stranger = of(selfNamed(9), urgent);
  t.deepEqual(overhear(stranger), []);
  t.is(context.refused('shout.unknown-boot'), 1);
  const forged = of(far, urgent).slice();
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  t.deepEqual(overhear(forged), []);
  t.is(context.refused('frame.tag'), 1);
  t.deepEqual(hear(of(far, urgent)), ['alive', 'ack', 'pass 000000070000', 'message 7 3']);
});

test('any bytes at all are survived without a link', (t) => {
  const { overhear } = setup();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 160 }), (bytes) => {
      t.deepEqual(overhear(bytes), []);
    }),
  );
});
