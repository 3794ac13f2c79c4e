import test from 'ava';
import { type NodeId, nodeIdBytes } from '../core/ids.js';
import { at, nodeNamed, type TestContext, testContext, testRandom } from '../testing/builders.js';
import { Body, encode } from '../wire/bodies.js';
import { FrameType } from '../wire/frame-types.js';
import { Drip } from './drip.js';
import { type DripItem, DripKind } from './drip-items.js';

const X = nodeNamed(50);

interface Member {
  readonly id: NodeId;
  readonly drip: Drip;
  readonly context: TestContext;
  readonly taken: string[];
}

/** Drips in virtual time: messages take 2 ms between neighbours, some are lost. */
class Net {
  readonly members: Member[] = [];
  readonly #edges = new Set<string>();
  #mail: { readonly at: number; readonly run: () => void }[] = [];
  readonly #random = testRandom('net');
  sent = { [FrameType.Drip as number]: 0, [FrameType.DripHashes]: 0, [FrameType.DripRequest]: 0 } as Record<
    number,
    number
  >;
  lossy = 0;
  /** When there is airtime to spare for what trickles; always, when absent. */
  spareAt: number | undefined;
  onAir = false;
  readonly toldOnAir: string[] = [];
  now = 0;
  readonly changing = new Set<NodeId>();

  add(n: number): Member {
    const id = nodeNamed(n);
    const context = testContext({ random: testRandom(n) });
    const taken: string[] = [];
    const drip: Drip = new Drip(context, {
      hears: (a, b) => this.#edges.has(`${a}${b}`),
      neighbours: () => this.members.map((member) => member.id).filter((other) => this.#edges.has(`${id}${other}`)),
      spread: () => {},
      heardAgain: () => {},
      tellOnAir: (item, to) => this.onAir && this.toldOnAir.push(`${item.source}:${item.rank} ${to}`) > 0,
      isOurs: () => true,
      isChanging: () => this.changing.has(id),
      isWithUs: () => true,
      spareAt: (_peer, now) => this.spareAt ?? now.mono,
      send: (peer, type, body) => this.#send(id, peer, type, body),
      take: (kind, item, from) => {
        const rank = BigInt(item.body[0] ?? 0);
        const held = drip.rankOf(kind, item.source);
        if (drip.answerStale(item.source, rank, from, at(this.now))) return undefined;
        if (held !== undefined && held >= rank) return undefined;
        if (item.source === id) return undefined;
        taken.push(`${item.source}:${rank}`);
        return rank;
      },
    });
    const member = { id, drip, context, taken };
    this.members.push(member);
    return member;
  }

  join(a: Member, b: Member, tell = true): void {
    this.#edges.add(`${a.id}${b.id}`).add(`${b.id}${a.id}`);
    if (!tell) return;
    a.drip.neighbourUp(b.id, at(this.now));
    b.drip.neighbourUp(a.id, at(this.now));
  }

  run(ms: number): void {
    for (const end = this.now + ms; ; ) {
      const times = [
        ...this.#mail.map((mail) => mail.at),
        ...this.members.map(({ drip }) => drip.nextDeadline() ?? Infinity),
      ];
      const next = Math.max(this.now, Math.min(...times));
      if (next > end) {
        this.now = end;
        return;
      }
      this.now = next;
      const due = this.#mail.filter((mail) => mail.at <= next);
      this.#mail = this.#mail.filter((mail) => mail.at > next);
      for (const { run } of due) run();
      for (const { drip } of this.members) drip.tick(at(next));
    }
  }

  #send(from: NodeId, to: NodeId, type: FrameType, body: Uint8Array): void {
    this.sent[type] = (this.sent[type] ?? 0) + 1;
    if (this.#random.chance(this.lossy)) return;
    const member = this.members.find((each) => each.id === to);
    this.#mail.push({ at: this.now + 2, run: () => member?.drip.received(from, type, body, at(this.now)) });
  }
}

const item = (source: NodeId, rank: number, kind: DripKind = DripKind.State): DripItem => ({
  kind,
  source,
  saltHint: 1,
  sequence: rank,
  rank: BigInt(rank),
  body: Uint8Array.of(rank, 1, 2),
});

function line(nodes: number): Net {
  const net = new Net();
  for (let i = 1; i <= nodes; i++) net.add(i);
  for (let i = 1; i < nodes; i++) net.join(net.members[i - 1] as Member, net.members[i] as Member);
  net.run(3_000);
  return net;
}

test('an item reaches everybody along a line, at each node in a moment, and then all is quiet', (t) => {
  const net = line(8);
  const first = net.members[0] as Member;
  first.drip.put(item(first.id, 1), undefined, at(net.now));
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
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  a.drip.put(item(X, 5), undefined, at(net.now));
  net.run(1_000);
  b.drip.put(item(X, 4), a.id, at(net.now));
  t.is(b.drip.rankOf(DripKind.State, X), 5n);
  const before = a.drip.digest();
  b.drip.put(item(X, 6), undefined, at(net.now));
  net.run(1_000);
  t.is(a.drip.rankOf(DripKind.State, X), 6n);
  t.not(a.drip.digest(), before);
  t.is(a.drip.digest(), b.drip.digest());
});

test('what trickles waits for airtime to spare, and the newest goes then; what is asked for does not wait', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  net.spareAt = net.now + 60_000;
  for (let rank = 1; rank <= 9; rank++) {
    a.drip.put(item(a.id, rank), undefined, at(net.now));
    net.run(5_000);
  }
  t.is(b.drip.rankOf(DripKind.State, a.id), undefined);
  t.true(a.drip.owes(b.id, at(net.now)), 'no need to find out by comparing what it lacks');
  t.false(b.drip.owes(a.id, at(net.now)));
  b.drip.request(a.id, DripKind.State, a.id, at(net.now));
  net.run(100);
  t.is(b.drip.rankOf(DripKind.State, a.id), 9n);
  a.drip.put(item(a.id, 10), undefined, at(net.now));
  net.spareAt = undefined;
  net.run(5_000);
  t.is(b.drip.rankOf(DripKind.State, a.id), 10n);
  net.run(10_000);
  t.false(a.drip.owes(b.id, at(net.now + 60_000)));
});

test('who hears a holder is left to it', (t) => {
  const net = new Net();
  const [a, b, c] = [net.add(1), net.add(2), net.add(3)];
  net.join(a, b);
  net.join(b, c);
  net.join(a, c);
  net.run(1_000);
  a.drip.put(item(a.id, 1), undefined, at(net.now));
  const before = net.sent[FrameType.Drip] ?? 0;
  net.run(5_000);
  t.is((net.sent[FrameType.Drip] ?? 0) - before, 2, 'a tells both, and b and c have nobody to tell');
});

test('who has it from this node alone is not left to tell those that hear it', (t) => {
  const net = new Net();
  const [a, b, c] = [net.add(1), net.add(2), net.add(3)];
  net.join(a, b, false);
  net.join(b, c, false);
  net.join(a, c, false);
  a.drip.put(item(a.id, 1), undefined, at(0));
  // Compares before the item goes out to all.
  b.drip.mismatch(a.id, a.drip.digest(), at(0));
  net.run(100);
  t.deepEqual([b.taken.length, c.taken.length], [1, 1]);
  t.is(net.sent[FrameType.Drip], 2, 'and nobody is told twice');
});

test('what was lost on the way is found by comparing, in both directions', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  net.lossy = 1;
  a.drip.put(item(a.id, 3), undefined, at(net.now));
  b.drip.put(item(b.id, 4), undefined, at(net.now));
  b.drip.put(item(X, 9, DripKind.Beat), undefined, at(net.now));
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
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  net.lossy = 1;
  const before = net.sent[FrameType.DripHashes] ?? 0;
  for (let i = 0; i < 100; i++) a.drip.mismatch(b.id, i, at(net.now + i * 10));
  t.true((net.sent[FrameType.DripHashes] ?? 0) - before <= 3);
});

test('many items go in several messages, none too long', (t) => {
  const net = new Net();
  const [a, b] = [net.add(1), net.add(2)];
  for (let i = 0; i < 100; i++) a.drip.put(item(nodeNamed(1_000 + i), 1), undefined, at(0));
  net.join(a, b);
  net.run(2_000);
  t.is(b.taken.length, 100);
  t.true((net.sent[FrameType.Drip] ?? 0) >= 7, 'at most sixteen in one');
});

test('a new neighbour is told everything it lacks, and nothing it has', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  for (let i = 0; i < 10; i++) a.drip.put(item(nodeNamed(100 + i), 1), undefined, at(net.now));
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
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  net.lossy = 1;
  a.drip.put(item(X, 2, DripKind.Beat), undefined, at(net.now));
  net.run(5_000);
  net.lossy = 0;
  b.drip.request(a.id, DripKind.Beat, X, at(net.now));
  net.run(100);
  t.is(b.drip.rankOf(DripKind.Beat, X), 2n);
});

test('what was forgotten for its age is not taken back, until its source is heard of anew', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  for (const kind of [DripKind.Beat, DripKind.State]) a.drip.put(item(X, 5, kind), undefined, at(net.now));
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
  a.drip.put(item(X, 6, DripKind.Beat), undefined, at(net.now));
  t.false(a.drip.isBuried(DripKind.State, X, 5n, at(net.now)), 'it is back: its old state is its state');
});

test('what a person forgot may come back', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  a.drip.put(item(X, 5), undefined, at(net.now));
  net.run(1_000);
  a.drip.forget(X, false, at(net.now));
  b.drip.mismatch(a.id, a.drip.digest(), at(net.now));
  net.run(100);
  t.is(a.drip.rankOf(DripKind.State, X), 5n);
});

test('nonsense is counted and taken for nothing', (t) => {
  const { drip, context, taken } = new Net().add(1);
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
  const { drip, context, taken } = new Net().add(1);
  for (let i = 0; i < 8_192; i++) drip.put(item(nodeNamed(1_000 + i), 1), undefined, at(0));
  const items = [
    { kind: DripKind.State, source: new Uint8Array(8).fill(7), saltHint: 1, sequence: 1, body: Uint8Array.of(1) },
  ];
  drip.received(nodeNamed(2), FrameType.Drip, encode(Body.DripSchema, { items }), at(0));
  t.is(context.refused('drip.limit'), 1);
  t.deepEqual(taken, []);
  t.is(drip.size, 8_192);
});

test('who passes on what is older is told the newer', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  // Both as after a time apart: b has an older one, and a thinks that everybody knows.
  a.drip.put(item(X, 5), undefined, at(net.now), true);
  b.drip.put(item(X, 4), undefined, at(net.now));
  net.run(1_000);
  t.is(b.drip.rankOf(DripKind.State, X), 5n);
  t.is(a.drip.rankOf(DripKind.State, X), 5n);
});

test('a node that was let go is not taken back by its old words, and is by its own', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  a.drip.put(item(X, 5), undefined, at(net.now), true);
  a.drip.letGo(X, at(net.now));
  b.drip.put(item(X, 4), undefined, at(net.now));
  net.run(1_000);
  t.deepEqual(a.taken, []);
  t.is(b.drip.rankOf(DripKind.State, X), 5n, 'the other learns that it left');
});

test('what a node is about to say otherwise it does not say any more: one word instead of two', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  const { id } = a.context.self;
  net.changing.add(a.id);
  a.drip.put(item(id, 1, DripKind.Beat), undefined, at(net.now));
  a.drip.put(item(id, 1), undefined, at(net.now));
  net.run(100);
  t.deepEqual(b.taken, []);
  net.changing.delete(a.id);
  a.drip.put(item(id, 2), undefined, at(net.now));
  net.run(100);
  t.deepEqual([...b.taken].sort(), [`${id}:1`, `${id}:2`], 'the beat, and the state that stays');
});

test('who has just started passes on in full frames what it hears', (t) => {
  const net = new Net();
  const [a, b, c] = [net.add(1), net.add(2), net.add(3)];
  net.join(a, b);
  net.join(b, c);
  for (let i = 0; i < 12; i++) {
    a.drip.put(item(nodeNamed(100 + i), 1), undefined, at(net.now));
    net.run(5);
  }
  const before = net.sent[FrameType.Drip] as number;
  net.run(1_000);
  t.is(c.taken.length, 12);
  t.true((net.sent[FrameType.Drip] as number) - before <= 12, `${net.sent[FrameType.Drip]} messages`);
});

test('what a request names many times is sent once', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  a.drip.put(item(X, 1), b.id, at(net.now));
  const sentBefore = net.sent[FrameType.Drip] ?? 0;
  const entry = { source: nodeIdBytes(X), kind: DripKind.State, rank: 0n };
  const body = encode(Body.DripRequestSchema, { entries: Array.from({ length: 1_000 }, () => entry) });
  a.drip.received(b.id, FrameType.DripRequest, body, at(net.now));
  t.is((net.sent[FrameType.Drip] ?? 0) - sentBefore, 1);
});

test('who asked for a beat and went is not taken to have it', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  b.drip.request(a.id, DripKind.Beat, X, at(net.now));
  net.run(10);
  a.drip.neighbourDown(b.id);
  const sentBefore = net.sent[FrameType.Drip] ?? 0;
  a.drip.put(item(X, 1, DripKind.Beat), undefined, at(net.now));
  t.is(net.sent[FrameType.Drip] ?? 0, sentBefore, 'nobody is there to be answered');
  net.join(a, b);
  net.run(100);
  t.is(b.drip.rankOf(DripKind.Beat, X), 1n);
});

test('the first beat of a boot does not wait for the end of the interval that a routine one began', (t) => {
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  const beat = (boot: bigint, n: number): DripItem => ({
    ...item(X, n, DripKind.Beat),
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
  const net = line(2);
  const [a, b] = net.members as [Member, Member];
  const source = nodeNamed(0x77);
  a.drip.put(item(source, 5), undefined, at(net.now));
  net.run(10_000);
  net.onAir = true;
  const sent = { ...net.sent };
  const taken = b.drip.answerStale(source, 4n, a.id, at(net.now));
  net.run(10_000);
  t.true(taken);
  t.deepEqual(net.toldOnAir, [`${source}:5 ${a.id}`]);
  t.deepEqual(net.sent, sent, 'nothing to it alone');
});
