import test from 'ava';
import { nodeIdBytes } from '../core/ids.js';
import { at, nodeNamed } from '../testing/builders.js';
import { type DripMember, DripNet, dripItem, dripLine } from '../testing/drip-net.js';
import { Body, encode } from '../wire/bodies.js';
import { FrameType } from '../wire/frame-types.js';
import { type DripItem, DripKind } from './drip-items.js';

const X = nodeNamed(50);

test('who passes on what is older is told the newer', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  // Both as after a time apart: b has an older one, and a thinks that everybody knows.
  a.drip.put(dripItem(X, 5), undefined, at(net.now), true);
  b.drip.put(dripItem(X, 4), undefined, at(net.now));
  net.run(1_000);
  t.is(b.drip.rankOf(DripKind.State, X), 5n);
  t.is(a.drip.rankOf(DripKind.State, X), 5n);
});

test('a node that was let go is not taken back by its old words, and is by its own', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  a.drip.put(dripItem(X, 5), undefined, at(net.now), true);
  a.drip.letGo(X, at(net.now));
  b.drip.put(dripItem(X, 4), undefined, at(net.now));
  net.run(1_000);
  t.deepEqual(a.taken, []);
  t.is(b.drip.rankOf(DripKind.State, X), 5n, 'the other learns that it left');
});

test('what a node is about to say otherwise it does not say any more: one word instead of two', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  const { id } = a.context.self;
  net.changing.add(a.id);
  a.drip.put(dripItem(id, 1, DripKind.Beat), undefined, at(net.now));
  a.drip.put(dripItem(id, 1), undefined, at(net.now));
  net.run(100);
  t.deepEqual(b.taken, []);
  net.changing.delete(a.id);
  a.drip.put(dripItem(id, 2), undefined, at(net.now));
  net.run(100);
  t.deepEqual([...b.taken].sort(), [`${id}:1`, `${id}:2`], 'the beat, and the state that stays');
});

test('who has just started passes on in full frames what it hears', (t) => {
  const net = new DripNet();
  const [a, b, c] = [net.add(1), net.add(2), net.add(3)];
  net.join(a, b);
  net.join(b, c);
  for (let i = 0; i < 12; i++) {
    a.drip.put(dripItem(nodeNamed(100 + i), 1), undefined, at(net.now));
    net.run(5);
  }
  const before = net.sent[FrameType.Drip] as number;
  net.run(1_000);
  t.is(c.taken.length, 12);
  t.true((net.sent[FrameType.Drip] as number) - before <= 12, `${net.sent[FrameType.Drip]} messages`);
});

test('what a request names many times is sent once', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  a.drip.put(dripItem(X, 1), b.id, at(net.now));
  const sentBefore = net.sent[FrameType.Drip] ?? 0;
  const entry = { source: nodeIdBytes(X), kind: DripKind.State, rank: 0n };
  const body = encode(Body.DripRequestSchema, { entries: Array.from({ length: 1_000 }, () => entry) });
  a.drip.received(b.id, FrameType.DripRequest, body, at(net.now));
  t.is((net.sent[FrameType.Drip] ?? 0) - sentBefore, 1);
});

test('who asked for a beat and went is not taken to have it', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  b.drip.request(a.id, DripKind.Beat, X, at(net.now));
  net.run(10);
  a.drip.neighbourDown(b.id);
  const sentBefore = net.sent[FrameType.Drip] ?? 0;
  a.drip.put(dripItem(X, 1, DripKind.Beat), undefined, at(net.now));
  t.is(net.sent[FrameType.Drip] ?? 0, sentBefore, 'nobody is there to be answered');
  net.join(a, b);
  net.run(100);
  t.is(b.drip.rankOf(DripKind.Beat, X), 1n);
});

test('the first beat of a boot does not wait for the end of the interval that a routine one began', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  const beat = (boot: bigint, n: number): DripItem => ({
    ...dripItem(X, n, DripKind.Beat),
    rank: (boot << 32n) | BigInt(n),
  });
  for (const [boot, n] of [
    [1n, 1],
    [1n, 2],
  ] as const) {
    a.drip.put(beat(boot, n), undefined, at(net.now));
    net.run(n === 1 ? 1_000 : 10);
  }
  a.drip.put(beat(2n, 3), undefined, at(net.now));
  net.run(50);
  t.is(b.drip.rankOf(DripKind.Beat, X), 3n);
});

test('over slow air who says an old state is told the newer one once for all, not by each that heard it', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  const source = nodeNamed(0x77);
  a.drip.put(dripItem(source, 5), undefined, at(net.now));
  net.run(10_000);
  net.onAir = true;
  const sent = { ...net.sent };
  const taken = b.drip.answerStale(source, 4n, a.id, at(net.now));
  net.run(10_000);
  t.true(taken);
  t.deepEqual(net.toldOnAir, [`${source}:5 ${a.id}`]);
  t.deepEqual(net.sent, sent, 'nothing to it alone');
});
