import test from 'ava';
import type { NodeId } from '../core/ids.js';
import {
  at,
  carrierWith,
  nodeNamed,
  selfNamed,
  sequences,
  type TestContext,
  testContext,
  testRandom,
} from '../testing/builders.js';
import { KnownNodes } from '../trust/known-nodes.js';
import { Body, decode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { readHeader } from '../wire/header.js';
import type { Carrier } from './carrier.js';
import { Discovery, LINK_MTU_MIN } from './discovery.js';
import { type Link, Links } from './links.js';
import { ManualAddresses } from './manual-addresses.js';

interface Node {
  readonly id: NodeId;
  readonly context: TestContext;
  readonly links: Links;
  readonly discovery: Discovery;
  readonly carrier: Carrier;
  readonly ups: NodeId[];
  readonly resets: Link[];
}

function node(
  n: number,
  options: { maxPeers?: number; counter?: number; name?: string; traits?: Parameters<typeof carrierWith>[0] } = {},
): Node {
  const context = testContext({
    self: selfNamed(n, { counter: options.counter ?? 1 }),
    random: testRandom(`${n} ${options.counter}`),
  });
  const links = new Links();
  const ups: NodeId[] = [];
  const resets: Link[] = [];
  const admits = (_carrier: Carrier, peer: NodeId): boolean =>
    links.upTo(peer).length > 0 || links.neighbourCount < (options.maxPeers ?? 16);
  const discovery = new Discovery(context, links, new KnownNodes(), new ManualAddresses(), {
    nextSequence: sequences(),
    name: options.name ?? `n${n}`,
    places: () => ({ admits, mayComeUp: ({ carrier, peer }) => peer !== undefined && admits(carrier, peer) }),
    linkUp: (link) => void ups.push(link.peer as NodeId),
    alive: (link, now) => {
      link.lastHeard = now;
    },
    linkReset: (link) => void resets.push(link),
    learned: () => {},
    noticed: () => {},
    sendOpen: () => {},
  });
  const carrier = carrierWith(options.traits);
  discovery.carrierUp(carrier, at(0));
  return { id: context.self.id, context, links, discovery, carrier, ups, resets };
}

/** Gives every frame `from` has emitted to `to`, and says how many. */
function carry(from: Node, to: Node, now: number): number {
  const frames = from.context.transmitted();
  for (const frame of frames) to.discovery.heard(to.carrier, `at ${from.id}`, readHeader(frame), frame, at(now));
  return frames.length;
}

const beaconIn = (frame: Uint8Array) => decode(Body.BeaconSchema, payloadOf(frame));

test('two that hear each other have a link once each knows that the other hears it', (t) => {
  const [a, b] = [node(1), node(2)];
  a.discovery.tick(at(60));
  t.is(carry(a, b, 61), 1);
  t.deepEqual(b.ups, [], 'b hears a, and cannot know more yet');
  carry(b, a, 62);
  t.deepEqual(a.ups, [b.id], 'a was told its own nonce');
  carry(a, b, 63);
  t.deepEqual(b.ups, [a.id]);
  t.is(carry(b, a, 64), 0, 'nobody owes an answer any more');
});

test('who is heard but does not hear never gets a link, and is not greeted for ever', (t) => {
  const [a, deaf] = [node(1), node(2)];
  deaf.discovery.tick(at(60));
  carry(deaf, a, 61);
  let greetings = 0;
  for (let now = 61; now < 30_000; now += 50) {
    a.discovery.tick(at(now));
    greetings += a.context.transmitted().filter((frame) => beaconIn(frame)?.answer).length;
  }
  t.deepEqual(a.ups, []);
  t.is(a.links.size, 0);
  t.true(greetings <= 8, `${greetings}`);
});

test('a lost answer is asked for again', (t) => {
  const [a, b] = [node(1), node(2)];
  a.discovery.tick(at(60));
  carry(a, b, 61);
  b.context.transmitted();
  b.discovery.tick(at(400));
  carry(b, a, 401);
  carry(a, b, 402);
  t.deepEqual([a.ups, b.ups], [[b.id], [a.id]]);
});

test('where the last word of a greeting was lost, the other end’s first as a neighbour has it asked for soon', (t) => {
  const traits = { connected: true, broadcast: false };
  const [a, b] = [node(1, { traits }), node(2, { traits })];
  a.discovery.connected(a.carrier, `at ${b.id}`, 1_200, at(0));
  // Greeted in vain for a while: the next would be seconds away.
  for (let now = 0; now <= 6_000; now += 50) a.discovery.tick(at(now));
  const last = a.context.transmitted().at(-1) as Uint8Array;
  b.discovery.heard(b.carrier, `at ${a.id}`, readHeader(last), last, at(6_000));
  carry(b, a, 6_010);
  carry(a, b, 6_020);
  t.deepEqual([a.ups, b.ups], [[b.id], [a.id]]);
  const link = [...b.links.all()][0] as Link;
  b.links.markGreeting(link);
  link.greetings = 5;
  link.nextGreetingAt = 20_000;
  b.discovery.heardLost(b.carrier, `at ${a.id}`, nodeNamed(77), at(7_000));
  b.discovery.tick(at(8_000));
  t.is(b.context.transmitted().filter((frame) => beaconIn(frame)?.answer).length, 0, 'another speaks');
  b.discovery.heardLost(b.carrier, `at ${a.id}`, a.id, at(8_000));
  b.discovery.tick(at(8_130));
  t.is(carry(b, a, 8_140) > 0, true);
  carry(a, b, 8_150);
  t.is(link.phase, 'up');
});

test('beacons to everybody come ever more rarely, and often again when something changed', (t) => {
  const a = node(1);
  const times: number[] = [];
  for (let now = 0; now < 120_000; now += 10) {
    a.discovery.tick(at(now));
    if (a.context.transmitted().length > 0) times.push(now);
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  t.true((gaps[0] as number) < 300);
  t.true((gaps.at(-1) as number) > 13_000 && (gaps.at(-1) as number) < 17_000);
  t.true(times.length < 18);
  a.discovery.hurry(a.carrier, at(120_000));
  t.true((a.discovery.nextDeadline() as number) <= 120_250);
});

test('a neighbour that restarted is noticed by its nonce, and greeted anew', (t) => {
  const [a, b, reborn] = [node(1), node(2), node(2, { counter: 2 })];
  a.discovery.tick(at(60));
  carry(a, b, 61);
  carry(b, a, 62);
  carry(a, b, 63);
  reborn.discovery.tick(at(1_000));
  carry(reborn, a, 1_001);
  t.is(a.resets.length, 1);
  carry(a, reborn, 1_002);
  carry(reborn, a, 1_003);
  t.deepEqual(a.ups, [b.id, b.id]);
});

test('a beacon is acted on once: a repeated one is counted, one of an earlier start refused', (t) => {
  const [a, old, b] = [node(1), node(2), node(2, { counter: 2 })];
  old.discovery.tick(at(60));
  const [recorded] = old.context.transmitted();
  b.discovery.tick(at(60));
  const [beacon] = b.context.transmitted();
  for (const frame of [beacon, beacon, recorded] as Uint8Array[])
    a.discovery.heard(a.carrier, 'x', readHeader(frame), frame, at(70));
  t.is(a.context.refused('frame.replayed'), 1);
  t.is(a.context.refused('beacon.older-boot'), 1);
});

test('a beacon whose signature or identity is wrong is counted and makes no link', (t) => {
  const [a, b] = [node(1), node(2)];
  b.discovery.tick(at(60));
  const [beacon] = b.context.transmitted() as [Uint8Array];
  const forged = beacon.slice();
  forged[forged.length - 20] = (forged[forged.length - 20] as number) ^ 1;
  a.discovery.heard(a.carrier, 'x', readHeader(forged), forged, at(70));
  t.is(a.context.refused('beacon.signature'), 1);
  const renamed = { ...readHeader(beacon), source: nodeNamed(77) };
  a.discovery.heard(a.carrier, 'x', renamed, beacon, at(70));
  t.is(a.context.refused('beacon.identity'), 1);
  const unsalted = { ...readHeader(beacon), saltHint: 1 };
  a.discovery.heard(a.carrier, 'x', unsalted, beacon, at(70));
  t.is(a.context.refused('beacon.malformed'), 1);
  t.is(a.links.size, 0);
});

test('at the limit of neighbours a further one is refused and counted', (t) => {
  const a = node(1, { maxPeers: 1 });
  for (const n of [2, 3]) {
    const other = node(n);
    a.context.transmitted();
    other.discovery.tick(at(60));
    carry(other, a, 61);
    carry(a, other, 62);
    carry(other, a, 63);
  }
  t.is(a.ups.length, 1);
  t.is(a.context.refused('peer.limit'), 1);
});

test('over a radio that makes links the greeting begins at its word, and goes on until it is answered', (t) => {
  const traits = { connected: true, broadcast: false } as const;
  const [c, d] = [node(3, { traits }), node(4, { traits })];
  c.discovery.tick(at(10_000));
  t.deepEqual(c.context.transmitted(), [], 'nothing to everybody');
  c.discovery.connected(c.carrier, `at ${d.id}`, 500, at(10_000));
  for (let now = 10_000; now < 60_000; now += 100) c.discovery.tick(at(now));
  t.is(c.links.size, 1);
  c.context.transmitted();
  d.discovery.connected(d.carrier, `at ${c.id}`, 500, at(60_000));
  carry(d, c, 60_001);
  carry(c, d, 60_002);
  carry(d, c, 60_003);
  t.deepEqual([c.ups, d.ups], [[d.id], [c.id]]);
});

test('on a narrow link the beacon leaves its name out rather than be too long', (t) => {
  const a = node(1, { name: 'x'.repeat(64), traits: { mtuBytes: LINK_MTU_MIN } });
  a.discovery.tick(at(60));
  const [beacon] = a.context.transmitted() as [Uint8Array];
  t.true(beacon.length <= LINK_MTU_MIN, `${beacon.length}`);
  t.is(beaconIn(beacon)?.name, '');
  const narrow = node(2, { traits: { mtuBytes: LINK_MTU_MIN - 1 } });
  narrow.discovery.tick(at(60));
  t.deepEqual(narrow.context.transmitted(), []);
  t.is(narrow.context.refused('carrier.mtu'), 1);
});

test('an address given by hand is asked ever more rarely until a link is there, and given up on request', (t) => {
  const [a, b] = [node(1, { traits: { broadcast: false } }), node(2, { traits: { broadcast: false } })];
  a.discovery.addManual(a.carrier, `at ${b.id}`, b.id, at(0));
  for (let now = 0; now < 10_000; now += 100) a.discovery.tick(at(now));
  t.is(a.context.transmitted().length, 3, 'at 0, 2 and 6 s');
  a.discovery.tick(at(14_000));
  carry(a, b, 14_001);
  carry(b, a, 14_002);
  carry(a, b, 14_003);
  t.deepEqual([a.ups, b.ups], [[b.id], [a.id]]);
  a.discovery.tick(at(20_000));
  t.deepEqual(a.context.transmitted(), []);
  a.discovery.removeManual(b.id);
  t.is(a.discovery.nextDeadline(), undefined);
});
