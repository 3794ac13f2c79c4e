import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { createHotPath } from '../native/hot-path.js';
import {
  at,
  blindView,
  headerWith,
  nodeNamed,
  sequences,
  snapshotOf,
  testContext,
  upLink,
} from '../testing/builders.js';
import { buildFrame, payloadOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, readHeader } from '../wire/header.js';
import { AirFlood } from './air-flood.js';
import { AirTurns } from './air-turns.js';
import type { AlertSpread } from './alert-spread.js';
import type { Beats } from './beats.js';
import type { Custody } from './custody.js';
import { Delivery } from './delivery.js';
import { Egress } from './egress.js';
import { Flooding } from './flooding.js';
import { type Link, Links } from './links.js';
import { Routing } from './routing.js';
import { Sending } from './sending.js';

const [A, B, C, D] = [11, 12, 13, 14].map(nodeNamed) as [NodeId, NodeId, NodeId, NodeId];

/** A node with links to A, B and C. */
function setup({ isSplit = false } = {}) {
  const context = testContext();
  const { id } = context.self;
  const links = new Links();
  const routing = new Routing(id, links, createHotPath({ kind: 'js' }).routes({ capacity: 16, ttlMs: 60_000 }));
  const egress = new Egress(context, {
    nextSequence: sequences(),
    undelivered: () => {},
    divert: () => false,
    suspect: () => {},
  });
  const originated: number[] = [];
  const beats = { originated: (sequence: number) => void originated.push(sequence) } as unknown as Beats;
  const delivery = new Delivery(context, {
    attempt: (message, payload, attempt, now) => sending.attempt(message, payload, attempt, now),
    ask: (message, body, attempt, now) => sending.ask(message, body, attempt, now),
    sendParts: (...parts) => sending.parts(...parts),
    sendAck: () => {},
    sendMissing: () => {},
    missing: (_id, total) => [0, total],
    roundTripMs: () => 0,
    isReachable: () => false,
    parked: () => {},
    late: () => {},
    settled: () => {},
  });
  const air = new AirFlood(context, new AirTurns(context, egress, () => blindView(context.self.id)));
  const flooding = new Flooding(context, links, egress, air, () => false);
  const sending: Sending = new Sending({
    context,
    links,
    routing,
    egress,
    beats,
    delivery,
    custody: {} as unknown as Custody,
    flooding,
    alerts: {} as unknown as AlertSpread,
    nextSequence: sequences(),
    ttl: () => 48,
    isSplit: () => isSplit,
  });
  for (const node of [A, B, C]) egress.open(upLink(links, node));
  const sent = (): { to: string; frame: Uint8Array }[] =>
    context.effects
      .splice(0)
      .flatMap((effect) => (effect.kind === 'transmit' ? [{ to: effect.to ?? '', frame: effect.frame }] : []));
  const to = (): string[] =>
    sent()
      .map((each) => each.to.slice(-2))
      .sort();
  return {
    context,
    links,
    routing,
    egress,
    delivery,
    sending,
    originated,
    sent,
    to,
    link: (node: NodeId) => links.best(node) as Link,
  };
}

const flood = { sequence: 500, type: FrameType.Message, body: Uint8Array.of(1), priority: Priority.Medium };

test('a flooded message goes to every neighbour, and a beat will answer for it once', (t) => {
  const { sending, originated, to, context } = setup();
  sending.flood(flood, at(0));
  t.deepEqual(to(), ['0b', '0c', '0d']);
  t.deepEqual(originated, [500]);
  t.is(context.counters.flood.originated, 1);
});

test('a directed message goes to its neighbour alone, and over all links when no way is known', (t) => {
  const { sending, to } = setup();
  sending.send({ ...flood, to: B, ack: false, timeoutMs: 0 }, at(0));
  t.deepEqual(to(), ['0c']);
  sending.send({ ...flood, sequence: 501, to: D, ack: false, timeoutMs: 0 }, at(0));
  t.deepEqual(to(), ['0b', '0c', '0d']);
});

test('an acknowledged message goes the best way twice and then over every link, each attempt under its own sequence', (t) => {
  const { sending, delivery, sent } = setup();
  sending.send({ ...flood, to: B, ack: true, timeoutMs: 30_000 }, at(0));
  const attempts: string[][] = [];
  const seen = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const frames = sent();
    attempts.push(frames.map((each) => each.to.slice(-2)).sort());
    for (const { frame } of frames) {
      seen.add(readHeader(frame).sequence);
      t.true((readHeader(frame).flags & Flag.AckWanted) > 0);
      t.deepEqual(payloadOf(frame), Uint8Array.of(0, 0, 1, 0xf4, 1));
    }
    delivery.tick(at(delivery.nextDeadline() as number));
  }
  t.deepEqual(attempts, [['0c'], ['0c'], ['0b', '0c', '0d']]);
  t.is(seen.size, 3);
});

/** Of each of the first three attempts at a message whether it is to be flooded to the end. */
function spreads(isSplit: boolean, to: NodeId, bytes: number): boolean[] {
  const { sending, delivery, sent } = setup({ isSplit });
  sending.send({ ...flood, body: new Uint8Array(bytes), to, ack: true, timeoutMs: 60_000 }, at(0));
  return [1, 2, 3].map(() => {
    const flags = sent().map(({ frame }) => readHeader(frame).flags);
    delivery.tick(at(delivery.nextDeadline() as number));
    return flags.length > 0 && flags.every((each) => (each & Flag.Spread) !== 0);
  });
}

test('the third attempt at a node of another segment is flooded to the end, where a path is known or much is to be said not', (t) => {
  t.deepEqual(spreads(true, D, 100), [false, false, true]);
  t.deepEqual(spreads(true, B, 100), [false, false, false]);
  t.deepEqual(spreads(false, D, 100), [false, false, false], 'a whole mesh has no old news of segments');
  t.deepEqual(spreads(true, D, 5_000), [false, false, true], 'the question what is missing of a long one is short');
});

test('an answer goes back the way the question came: along a path, or flooded', (t) => {
  const { sending, sent } = setup({ isSplit: true });
  sending.reply({ source: B, flags: 0 }, FrameType.Ack, Uint8Array.of(1), Priority.High, at(0));
  t.deepEqual(
    sent().map(({ to, frame }) => [to.slice(-2), readHeader(frame).flags]),
    [['0c', Flag.Directed]],
  );
  sending.reply({ source: B, flags: Flag.Spread }, FrameType.Ack, Uint8Array.of(1), Priority.High, at(0));
  t.deepEqual(
    sent().map(({ to, frame }) => [to.slice(-2), readHeader(frame).flags]),
    ['0b', '0c', '0d'].map((node) => [node, Flag.Directed | Flag.Spread]),
  );
});

test('a message beyond what can be under way is refused at once', (t) => {
  const { sending, context } = setup();
  for (let i = 0; i < 4_096; i++) sending.send({ ...flood, sequence: i, to: D, ack: true, timeoutMs: 30_000 }, at(0));
  context.effects.length = 0;
  sending.send({ ...flood, sequence: 9_999, to: D, ack: true, timeoutMs: 30_000 }, at(0));
  t.deepEqual(context.effects, [
    { kind: 'outcome', id: sending.idOf(9_999), outcome: 'refused', code: 'message.busy' },
  ]);
});

const passing = (destination: NodeId, source: NodeId): Uint8Array =>
  buildFrame(headerWith({ source, destination }), Uint8Array.of(1), testContext().tagKey);

test('what one hop did not take goes another way, or every other way, never back to its source', (t) => {
  const { context, sending, routing, link, to } = setup();
  sending.reroute(link(B), passing(D, A), at(0));
  t.deepEqual(to(), ['0d'], 'not to A, where it came from, nor to B, which did not take it');
  const edge = (node: NodeId) => ({ node, cost: 10, radio: 'r' });
  routing.stateChanged(snapshotOf(C, { neighbours: [edge(context.self.id), edge(D)] }));
  routing.stateChanged(snapshotOf(D, { neighbours: [edge(C)] }));
  sending.reroute(link(B), passing(D, nodeNamed(99)), at(0));
  t.deepEqual(to(), ['0d'], 'the way is known');
});

test('link-local and flooded frames that a hop did not take are not sent elsewhere', (t) => {
  const { context, sending, link, to } = setup();
  sending.reroute(link(B), buildFrame(headerWith({ type: FrameType.Drip }), Uint8Array.of(1), context.tagKey), at(0));
  sending.reroute(link(B), buildFrame(headerWith(), Uint8Array.of(1), context.tagKey), at(0));
  t.deepEqual(to(), []);
});

test('a link-local message goes to that neighbour, and nowhere when there is no link', (t) => {
  const { sending, to } = setup();
  sending.local(A, FrameType.Drip, Uint8Array.of(1), Priority.High, at(0));
  sending.local(D, FrameType.Drip, Uint8Array.of(1), Priority.High, at(0));
  t.deepEqual(to(), ['0b']);
});
