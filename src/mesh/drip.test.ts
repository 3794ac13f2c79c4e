import test from 'ava';
import { at, nodeNamed } from '../testing/builders.js';
import { type DripMember, DripNet, dripItem, dripLine } from '../testing/drip-net.js';
import { Body, encode } from '../wire/bodies.js';
import { FrameType } from '../wire/frame-types.js';
import { DripKind } from './drip-items.js';

const X = nodeNamed(50);

test('an item reaches everybody along a line, at each node in a moment, and then all is quiet', (t) => {
  const net = dripLine(8);
  const first = net.members[0] as DripMember;
  first.drip.put(dripItem(first.id, 1), undefined, at(net.now));
  const sentBefore = net.sent[FrameType.Drip] ?? 0;
  net.run(8 * 65);
  for (const { drip } of net.members) t.is(drip.rankOf(DripKind.State, first.id), 1n);
  t.is((net.sent[FrameType.Drip] ?? 0) - sentBefore, 7, 'one message a hop');
  net.run(60_000);
  t.is((net.sent[FrameType.Drip] ?? 0) - sentBefore, 7);
  for (const { drip } of net.members) t.is(drip.nextDeadline(), undefined);
  t.is(new Set(net.members.map(({ drip }) => drip.digest())).size, 1);
});

test('an older item never takes the place of a newer one', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  a.drip.put(dripItem(X, 5), undefined, at(net.now));
  net.run(1_000);
  b.drip.put(dripItem(X, 4), a.id, at(net.now));
  t.is(b.drip.rankOf(DripKind.State, X), 5n);
  const before = a.drip.digest();
  b.drip.put(dripItem(X, 6), undefined, at(net.now));
  net.run(1_000);
  t.is(a.drip.rankOf(DripKind.State, X), 6n);
  t.not(a.drip.digest(), before);
  t.is(a.drip.digest(), b.drip.digest());
});

test('what trickles waits for airtime to spare, and the newest goes then; what is asked for does not wait', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  net.spareAt = net.now + 60_000;
  for (let rank = 1; rank <= 9; rank++) {
    a.drip.put(dripItem(a.id, rank), undefined, at(net.now));
    net.run(5_000);
  }
  t.is(b.drip.rankOf(DripKind.State, a.id), undefined);
  t.true(a.drip.owes(b.id, at(net.now)), 'no need to find out by comparing what it lacks');
  t.false(b.drip.owes(a.id, at(net.now)));
  b.drip.request(a.id, DripKind.State, a.id, at(net.now));
  net.run(100);
  t.is(b.drip.rankOf(DripKind.State, a.id), 9n);
  a.drip.put(dripItem(a.id, 10), undefined, at(net.now));
  net.spareAt = undefined;
  net.run(5_000);
  t.is(b.drip.rankOf(DripKind.State, a.id), 10n);
  net.run(10_000);
  t.false(a.drip.owes(b.id, at(net.now + 60_000)));
});

test('who hears a holder is left to it', (t) => {
  const net = new DripNet();
  const [a, b, c] = [net.add(1), net.add(2), net.add(3)];
  net.join(a, b);
  net.join(b, c);
  net.join(a, c);
  net.run(1_000);
  a.drip.put(dripItem(a.id, 1), undefined, at(net.now));
  const before = net.sent[FrameType.Drip] ?? 0;
  net.run(5_000);
  t.is((net.sent[FrameType.Drip] ?? 0) - before, 2, 'a tells both, and b and c have nobody to tell');
});

test('who has it from this node alone is not left to tell those that hear it', (t) => {
  const net = new DripNet();
  const [a, b, c] = [net.add(1), net.add(2), net.add(3)];
  net.join(a, b, false);
  net.join(b, c, false);
  net.join(a, c, false);
  a.drip.put(dripItem(a.id, 1), undefined, at(0));
  // Compares before the item goes out to all.
  b.drip.mismatch(a.id, a.drip.digest(), at(0));
  net.run(100);
  t.deepEqual([b.taken.length, c.taken.length], [1, 1]);
  t.is(net.sent[FrameType.Drip], 2, 'and nobody is told twice');
});

test('what was lost on the way is found by comparing, in both directions', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  net.lossy = 1;
  a.drip.put(dripItem(a.id, 3), undefined, at(net.now));
  b.drip.put(dripItem(b.id, 4), undefined, at(net.now));
  b.drip.put(dripItem(X, 9, DripKind.Beat), undefined, at(net.now));
  net.run(10_000);
  net.lossy = 0;
  t.not(a.drip.digest(), b.drip.digest());
  a.drip.mismatch(b.id, b.drip.digest(), at(net.now));
  net.run(1_000);
  t.is(a.drip.digest(), b.drip.digest());
  t.is(b.drip.rankOf(DripKind.State, a.id), 3n);
  t.is(a.drip.rankOf(DripKind.Beat, X), 9n);
});

test('a difference that lasts costs at most two comparisons a second', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  net.lossy = 1;
  const before = net.sent[FrameType.DripHashes] ?? 0;
  for (let i = 0; i < 100; i++) a.drip.mismatch(b.id, i, at(net.now + i * 10));
  t.true((net.sent[FrameType.DripHashes] ?? 0) - before <= 3);
});

test('many items go in several messages, none too long', (t) => {
  const net = new DripNet();
  const [a, b] = [net.add(1), net.add(2)];
  for (let i = 0; i < 100; i++) a.drip.put(dripItem(nodeNamed(1_000 + i), 1), undefined, at(0));
  net.join(a, b);
  net.run(2_000);
  t.is(b.taken.length, 100);
  t.true((net.sent[FrameType.Drip] ?? 0) >= 7, 'at most sixteen in one');
});

test('a new neighbour is told everything it lacks, and nothing it has', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  for (let i = 0; i < 10; i++) a.drip.put(dripItem(nodeNamed(100 + i), 1), undefined, at(net.now));
  net.run(1_000);
  const c = net.add(3);
  net.join(b, c);
  net.run(1_000);
  t.is(c.taken.length, 10);
  b.drip.neighbourDown(c.id);
  const before = net.sent[FrameType.Drip] ?? 0;
  net.join(b, c);
  net.run(1_000);
  t.is(net.sent[FrameType.Drip], before);
});

test('one item can be asked for by name', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  net.lossy = 1;
  a.drip.put(dripItem(X, 2, DripKind.Beat), undefined, at(net.now));
  net.run(5_000);
  net.lossy = 0;
  b.drip.request(a.id, DripKind.Beat, X, at(net.now));
  net.run(100);
  t.is(b.drip.rankOf(DripKind.Beat, X), 2n);
});

test('what was forgotten for its age is not taken back, until its source is heard of anew', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  for (const kind of [DripKind.Beat, DripKind.State]) a.drip.put(dripItem(X, 5, kind), undefined, at(net.now));
  net.run(1_000);
  a.drip.forget(X, true, at(net.now));
  t.is(a.drip.rankOf(DripKind.State, X), undefined);
  t.true(a.drip.isBuried(DripKind.State, X, 5n, at(net.now)));
  t.true(a.drip.isBuried(DripKind.Beat, X, 4n, at(net.now)));
  t.false(a.drip.isBuried(DripKind.Beat, X, 6n, at(net.now)), 'a newer one is news');
  a.drip.mismatch(b.id, b.drip.digest(), at(net.now));
  const requests = net.sent[FrameType.DripRequest] ?? 0;
  net.run(100);
  t.is(net.sent[FrameType.DripRequest], requests, 'it does not ask for it either');
  a.drip.put(dripItem(X, 6, DripKind.Beat), undefined, at(net.now));
  t.false(a.drip.isBuried(DripKind.State, X, 5n, at(net.now)), 'it is back: its old state is its state');
});

test('what a person forgot may come back', (t) => {
  const net = dripLine(2);
  const [a, b] = net.members as [DripMember, DripMember];
  a.drip.put(dripItem(X, 5), undefined, at(net.now));
  net.run(1_000);
  a.drip.forget(X, false, at(net.now));
  b.drip.mismatch(a.id, a.drip.digest(), at(net.now));
  net.run(100);
  t.is(a.drip.rankOf(DripKind.State, X), 5n);
});

test('nonsense is counted and taken for nothing', (t) => {
  const { drip, context, taken } = new DripNet().add(1);
  const good = { kind: DripKind.State, source: new Uint8Array(8), saltHint: 1, sequence: 1, body: Uint8Array.of(1) };
  const bad = [
    Uint8Array.of(255, 255),
    encode(Body.DripSchema, { items: [{ ...good, source: new Uint8Array(7) }] }),
    encode(Body.DripSchema, { items: [{ ...good, kind: 5 }] }),
    encode(Body.DripSchema, { items: [{ ...good, kind: DripKind.Alert, priority: 4 }] }),
    encode(Body.DripSchema, { items: [{ ...good, kind: DripKind.Alert, saltHint: 0x10000 }] }),
    encode(Body.DripSchema, { items: Array.from({ length: 17 }, () => good) }),
  ];
  for (const payload of bad) drip.received(nodeNamed(2), FrameType.Drip, payload, at(0));
  for (const type of [FrameType.DripHashes, FrameType.DripRequest])
    drip.received(nodeNamed(2), type, Uint8Array.of(255), at(0));
  t.is(context.refused('drip.malformed'), bad.length + 2);
  t.deepEqual(taken, []);
});

test('items are bounded in number: further sources are refused and counted before anybody acts on them', (t) => {
  const { drip, context, taken } = new DripNet().add(1);
  for (let i = 0; i < 8_192; i++) drip.put(dripItem(nodeNamed(1_000 + i), 1), undefined, at(0));
  const items = [
    { kind: DripKind.State, source: new Uint8Array(8).fill(7), saltHint: 1, sequence: 1, body: Uint8Array.of(1) },
  ];
  drip.received(nodeNamed(2), FrameType.Drip, encode(Body.DripSchema, { items }), at(0));
  t.is(context.refused('drip.limit'), 1);
  t.deepEqual(taken, []);
  t.is(drip.size, 8_192);
});
