import test from 'ava';
import { utf8 } from '../core/bytes.js';
import { createHotPath } from '../native/hot-path.js';
import { at, carrierWith, headerWith, selfNamed, TEST_TAG_KEY, testContext, upLink } from '../testing/builders.js';
import { saltHintOf } from '../trust/identity.js';
import { KnownNodes } from '../trust/known-nodes.js';
import { Body, encode } from '../wire/bodies.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag } from '../wire/header.js';
import { type Link, Links } from './links.js';
import { InPassing, ShortWay } from './short-way.js';

const DIGEST = 0x8001_02f3;
const IP = { broadcast: true, bitsPerSecond: 100_000_000 };

function setup(waitedFor = false) {
  const context = testContext();
  const peer = selfNamed(2);
  const links = new Links();
  const known = new KnownNodes();
  known.learn(peer.id, peer.keys.publicKey, peer.boot);
  const carrier = carrierWith(IP);
  const link = upLink(links, peer.id, carrier);
  const hotPath = createHotPath({ kind: 'js' });
  const dedup = hotPath.dedup({ capacity: 64, ttlMs: 60_000 });
  const routes = hotPath.routes({ capacity: 4, ttlMs: 1_000 });
  const self = BigInt(`0x${context.self.id}`);
  const ingest = hotPath.ingest({ dedup, routes, self, maxFrameBytes: 1_500 });
  ingest.setKey(0, TEST_TAG_KEY);
  const present: Link[] = [];
  const way = new ShortWay(context.counters, links, known, ingest, (heard) => {
    present.push(heard);
    return !waitedFor;
  });
  let sequence = 0;
  const beat = (payload: Uint8Array, more: Parameters<typeof headerWith>[0] = {}, key = TEST_TAG_KEY): Uint8Array =>
    buildFrame(
      headerWith({
        type: FrameType.Heartbeat,
        source: peer.id,
        saltHint: saltHintOf(peer.boot.salt),
        sequence: ++sequence,
        ttl: 0,
        ...more,
      }),
      payload,
      key,
    );
  const hear = (bytes: Uint8Array, from = link.address): InPassing =>
    way.heard(carrier, { from, bytes }, () => DIGEST, at(5));
  return { context, known, link, links, carrier, present, way, beat, hear, peer };
}

const digest = (value: number): Uint8Array => encode(Body.HeartbeatSchema, { digest: value });
const NONE = new Uint8Array(0);

test('a heartbeat that says nothing new is done with: bare, or with the digest of what this node holds', (t) => {
  const { context, present, beat, hear, link } = setup();
  t.is(hear(beat(NONE)), InPassing.Quiet);
  t.is(hear(beat(digest(DIGEST))), InPassing.Quiet);
  t.deepEqual(present, [link, link]);
  t.is(context.counters.received.get('heartbeat'), 2);
});

test('what comes the short way counts as the traffic of its link, as what comes the long way does', (t) => {
  const { beat, hear, link } = setup();
  const frames = [beat(NONE), beat(digest(DIGEST)), beat(NONE, {}, new Uint8Array(16))];
  for (const frame of frames) t.is(hear(frame), InPassing.Quiet);
  hear(beat(NONE, { flags: Flag.AckWanted }));
  t.is(link.traffic.framesIn, 3, 'what goes on to the long way is counted there');
  t.is(
    link.traffic.bytesIn,
    frames.reduce((sum, { length }) => sum + length, 0),
  );
});

test('a neighbour that was waited for changes what is next', (t) => {
  const { beat, hear } = setup(true);
  t.is(hear(beat(NONE)), InPassing.Done);
});

test('everything else goes the long way, untouched', (t) => {
  const { present, beat, hear, way, peer, known } = setup();
  const long = [
    beat(digest(DIGEST + 1)),
    beat(NONE, { flags: Flag.AckWanted }),
    beat(NONE, { type: FrameType.Drip }),
    beat(NONE, { source: selfNamed(3).id }),
    beat(NONE, { saltHint: 1 }),
    beat(utf8('hello')),
    Uint8Array.of(16, FrameType.Heartbeat),
  ];
  for (const [i, bytes] of long.entries()) t.is(hear(bytes), InPassing.No, `${i}`);
  t.is(hear(beat(NONE), 'elsewhere'), InPassing.No);
  const line = carrierWith({ broadcast: false });
  t.is(
    way.heard(line, { from: 'a', bytes: beat(NONE) }, () => DIGEST, at(0)),
    InPassing.No,
  );
  t.deepEqual(present, []);
  t.is(known.freshness(peer.id, saltHintOf(peer.boot.salt), 1), 'fresh', 'and may still be acted on');
});

test('a forged heartbeat is counted and a repeated one is nothing', (t) => {
  const { context, present, beat, hear } = setup();
  t.is(hear(beat(NONE, {}, new Uint8Array(16))), InPassing.Quiet);
  t.is(context.refused('frame.tag'), 1);
  const bytes = beat(NONE);
  t.is(hear(bytes), InPassing.Quiet);
  t.is(hear(bytes), InPassing.No, 'its sequence was accepted: the long way says so');
  t.is(present.length, 1);
});

test('of frames that came together those that need more are left, in their order', (t) => {
  const { way, carrier, link, beat } = setup();
  const [bare, news, told] = [NONE, digest(DIGEST + 1), digest(DIGEST)].map((payload) => ({
    from: link.address,
    bytes: beat(payload),
  }));
  const stranger = { from: 'elsewhere', bytes: beat(NONE) };
  const frames = [bare, news, stranger, told].flatMap((frame) => frame ?? []);
  t.deepEqual(
    way.sift(carrier, frames, () => DIGEST, at(5)),
    [news, stranger],
  );
  t.is(way.passed, InPassing.Quiet);
});

test('one that was waited for among those that came together changes what is next', (t) => {
  const { way, carrier, link, beat } = setup(true);
  const frames = [NONE, NONE].map((payload) => ({ from: link.address, bytes: beat(payload) }));
  t.deepEqual(
    way.sift(carrier, frames, () => DIGEST, at(5)),
    [],
  );
  t.is(way.passed, InPassing.Done);
});
