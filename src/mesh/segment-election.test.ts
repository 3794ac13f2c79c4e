import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { at, nodeNamed, testRandom } from '../testing/builders.js';
import { HEAD_DEAD_MS, SegmentElection } from './segment-election.js';
import { readOffer, type SegmentOffer, writeOffer } from './segment-offer.js';
import { NO_REACH } from './segment-reach.js';

interface Member {
  readonly id: NodeId;
  readonly boot: number;
  readonly election: SegmentElection;
  heads: number;
  said: number;
}

/** Nodes in a line (or whatever `near` says) that tell each other each second, and at once what is new. */
class Line {
  readonly members: Member[];
  readonly down = new Set<number>();
  /** What heads signed: theirs is the only segment. */
  signedLast: boolean | undefined = true;
  readonly #most: number;
  readonly #known: (hops: number) => number;
  now = 0;

  constructor(nodes: number, most: number, known: (hops: number) => number) {
    this.#most = most;
    this.#known = known;
    this.members = Array.from({ length: nodes }, (_, i) => this.#member(i, 1));
  }

  /** Comes back, and knows nothing. */
  restart(i: number): void {
    this.members[i] = this.#member(i, (this.members[i] as Member).boot + 1);
    this.down.delete(i);
  }

  #member(i: number, boot: number): Member {
    const id = nodeNamed(((i * 7_919) % 9_973) + 1);
    const election = new SegmentElection({ id, boot: { counter: boot } }, testRandom(`${i} ${boot}`), this.#most, {
      within: this.#known,
      members: () =>
        this.members.flatMap(({ election }, at) =>
          election.head === id && !this.down.has(at) ? [Math.abs(at - i)] : [],
        ),
      isLast: () => this.signedLast,
      bootOf: (node) => this.members.find(({ id }) => id === node)?.boot,
      isBacked: (head) => this.members.some(({ id, election }) => id === head && election.isHead),
      changed: () => {
        member.heads++;
      },
    });
    const member: Member = { id, boot, heads: 0, said: -1, election };
    return member;
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 100) {
      this.members.forEach((member, i) => {
        if (this.down.has(i)) return;
        member.election.tick(at(this.now));
        if (member.election.version === member.said && (this.now + i * 100) % 4_000 !== 0) return;
        member.said = member.election.version;
        const offer = member.election.offer(1);
        if (offer) for (const near of [i - 1, i + 1]) this.#tell(member, near, offer);
      });
    }
  }

  #tell(from: Member, near: number, offer: SegmentOffer): void {
    if (!this.down.has(near)) this.members[near]?.election.heard(from.id, offer, at(this.now));
  }

  segments(): Map<NodeId | undefined, number[]> {
    const segments = new Map<NodeId | undefined, number[]>();
    this.members.forEach(({ election }, i) => {
      if (!this.down.has(i)) segments.set(election.head, [...(segments.get(election.head) ?? []), i]);
    });
    return segments;
  }
}

const along = (hops: number): number => 1 + 2 * hops;

test('a mesh that is whole says nothing of segments', (t) => {
  const line = new Line(10, 100, along);
  line.run(60_000);
  for (const { election } of line.members) {
    t.false(election.isSplit);
    t.is(election.offer(1), undefined);
    t.is(election.nextDeadline(), undefined);
  }
});

test('when one finds the mesh too large all are in segments, each of them together and about a head of its own', (t) => {
  const line = new Line(60, 15, along);
  (line.members[30] as Member).election.split(at(0));
  line.run(60_000);
  const segments = line.segments();
  t.false(segments.has(undefined));
  t.true(segments.size >= 5 && segments.size <= 20, `${segments.size}`);
  for (const [head, members] of segments) {
    t.true(members.some((i) => line.members[i]?.id === head));
    t.is((members.at(-1) as number) - (members[0] as number) + 1, members.length, 'nobody of another is between them');
    t.true(members.length <= 15, `${members.length}`);
  }
  const moves = line.members.map(({ heads }) => heads);
  line.run(300_000);
  t.deepEqual(
    line.members.map(({ heads }) => heads),
    moves,
    'and stay so',
  );
});

test('the segment of a head that is gone is made anew', (t) => {
  const line = new Line(40, 15, along);
  (line.members[0] as Member).election.split(at(0));
  line.run(60_000);
  const [head, members] = [...line.segments()].sort((a, b) => b[1].length - a[1].length)[0] as [NodeId, number[]];
  const at0 = members.find((i) => line.members[i]?.id === head) as number;
  line.down.add(at0);
  for (const near of [at0 - 1, at0 + 1]) line.members[near]?.election.forget(head, at(line.now));
  line.run(2 * HEAD_DEAD_MS + 60_000);
  t.false(line.segments().has(head), 'nobody follows it for ever');
  t.false(line.segments().has(undefined));
});

test('a head that restarts goes on with its segment, and nobody moves', (t) => {
  const line = new Line(40, 15, along);
  (line.members[0] as Member).election.split(at(0));
  line.run(60_000);
  const before = line.segments();
  const [head, members] = [...before].sort((a, b) => b[1].length - a[1].length)[0] as [NodeId, number[]];
  const at0 = members.find((i) => line.members[i]?.id === head) as number;
  line.down.add(at0);
  for (const near of [at0 - 1, at0 + 1]) line.members[near]?.election.forget(head, at(line.now));
  line.run(15_000);
  const moves = line.members.map(({ heads }, i) => (i === at0 ? 0 : heads));
  line.restart(at0);
  line.run(2 * HEAD_DEAD_MS);
  t.deepEqual(
    line.members.map(({ heads }, i) => (i === at0 ? 0 : heads)),
    moves,
  );
  t.deepEqual([...line.segments()].sort(), [...before].sort());
});

test('a number of a boot that its head has not vouched for, or far into one, is not its head’s', (t) => {
  const { election } = new Line(1, 20, along).members[0] as Member;
  const offer = { head: nodeNamed(77), hops: 1, radius: 5, hasRoom: true, isFull: false, isWhole: false, digest: 0 };
  const [known, line] = [2 ** 32, new Line(2, 20, along)];
  const [one, two] = line.members as [Member, Member];
  election.heard(nodeNamed(2), { ...offer, number: known + 3 }, at(0));
  election.heard(nodeNamed(2), { ...offer, number: 2 * known + 1 }, at(1));
  t.is(election.offer(0)?.number, known + 3, 'of a node that nobody knows');
  one.election.heard(two.id, { ...offer, head: two.id, number: 5 }, at(0));
  one.election.heard(two.id, { ...offer, head: two.id, number: known + 100 }, at(1));
  t.is(one.election.offer(0)?.number, 5, 'far into it');
  one.election.heard(two.id, { ...offer, head: two.id, number: known + 1 }, at(2));
  t.is(one.election.offer(0)?.number, known + 1);
});

test('who claims to be at the head of everything gets those its offers reach, and loses them when nothing backs it', (t) => {
  const { election } = new Line(1, 20, along).members[0] as Member;
  const liar = nodeNamed(9_999);
  const offer = {
    head: nodeNamed(0x77_7777),
    hops: 0,
    radius: 63,
    hasRoom: true,
    isFull: false,
    isWhole: false,
    digest: 0,
  };
  election.heard(liar, { ...offer, number: 2 ** 47 }, at(0));
  t.is(election.head, offer.head);
  election.doubt(at(1_000));
  t.is(election.head, undefined);
  election.heard(liar, { ...offer, number: 2 ** 48 - 1 }, at(2_000));
  t.is(election.head, undefined, 'whatever it counts up to');
});

test('who left several heads joins one that has signed for a segment, and no other', (t) => {
  const { election } = new Line(1, 20, along).members[0] as Member;
  const offer = { number: 5, hops: 0, radius: 5, hasRoom: true, isFull: false, isWhole: false, digest: 0 };
  for (let n = 1; n <= 5; n++) {
    election.heard(nodeNamed(9_999), { ...offer, head: nodeNamed(0x77_0000 + n) }, at(n));
    t.is(election.head, n <= 3 ? nodeNamed(0x77_0000 + n) : undefined, `${n}`);
    election.doubt(at(n));
  }
});

test('a number far beyond the last one is nobody’s who counts up every ten seconds', (t) => {
  const { election } = new Line(1, 20, along).members[0] as Member;
  const offer = { head: nodeNamed(77), hops: 1, radius: 5, hasRoom: true, isFull: false, isWhole: false, digest: 0 };
  election.heard(nodeNamed(2), { ...offer, number: 10 }, at(0));
  election.heard(nodeNamed(3), { ...offer, number: 2 ** 47 }, at(10));
  t.is(election.offer(0)?.number, 10);
  election.heard(nodeNamed(2), { ...offer, number: 11 }, at(10_000));
  t.is(election.offer(0)?.number, 11, 'its head still counts');
});

test('a segment that becomes part of another goes there as one, however far, and nobody heads one meanwhile', (t) => {
  const line = new Line(30, 40, () => 100);
  (line.members[0] as Member).election.split(at(0));
  line.run(20_000);
  const [small] = [...line.segments()].sort((a, b) => a[1].length - b[1].length)[0] as [NodeId, number[]];
  const heads = [...line.segments().keys()];
  const next = heads.find((head) => head !== small) as NodeId;
  for (const { election } of line.members) if (election.head === small) election.dissolved(next, at(line.now));
  line.run(30_000);
  t.false(line.segments().has(small));
  t.false(line.segments().has(undefined));
  for (const head of line.segments().keys()) t.true(heads.includes(head as NodeId), 'no new one');
});

test('a full segment takes in those that become part of it, and nobody else', (t) => {
  const { election } = new Line(1, 20, along).members[0] as Member;
  const offer = { number: 5, hops: 0, radius: 5, hasRoom: false, isFull: true, isWhole: false, digest: 0 };
  election.heard(nodeNamed(2), { ...offer, head: nodeNamed(77) }, at(0));
  t.is(election.head, undefined);
  election.heard(nodeNamed(3), { ...offer, head: nodeNamed(78), isFull: false }, at(10));
  t.is(election.head, nodeNamed(78));
  election.dissolved(nodeNamed(77), at(20));
  t.is(election.head, nodeNamed(77));
});

test('when the last head says that the mesh is whole all of it is, and an old word does not split it again', (t) => {
  const line = new Line(6, 40, (hops) => Math.min(6, 1 + 2 * hops));
  (line.members[0] as Member).election.split(at(0));
  line.run(20_000);
  t.is(line.segments().size, 1);
  const head = line.members.find(({ election }) => election.isHead) as Member;
  const late = line.members.at(-1) as Member;
  const stale = late.election.offer(0) as SegmentOffer;
  head.election.whole(at(line.now));
  line.run(10_000);
  t.true(line.members.every(({ election }) => !election.isSplit));
  late.election.heard((line.members[4] as Member).id, stale, at(line.now));
  t.false(late.election.isSplit);
  line.run(120_000);
  t.true(line.members.every(({ election }) => !election.isSplit && election.offer(0) === undefined));
});

test('whoever says that the mesh is whole is believed only where the head has signed that its segment is the only one', (t) => {
  for (const signed of [false, undefined]) {
    const line = new Line(6, 40, (hops) => Math.min(6, 1 + 2 * hops));
    (line.members[0] as Member).election.split(at(0));
    line.run(20_000);
    line.signedLast = signed;
    const member = line.members.find(({ election }) => !election.isHead) as Member;
    const { head, number } = member.election.offer(0) as SegmentOffer;
    const lie = {
      head,
      number: number + 1,
      hops: 0,
      radius: 0,
      hasRoom: false,
      isFull: false,
      isWhole: true,
      digest: 0,
    };
    member.election.heard(nodeNamed(9_999), lie, at(line.now));
    t.is(member.election.head, head);
    line.signedLast = true;
    member.election.heard(nodeNamed(9_999), { ...lie, number: number + 1_000 }, at(line.now));
    t.is(member.election.head, head, 'a head does not count so far at once');
    member.election.heard(nodeNamed(9_999), lie, at(line.now));
    t.false(member.election.isSplit);
  }
});

test('an offer survives its way; what is malformed is none', (t) => {
  const offer = {
    head: nodeNamed(77),
    number: 2 ** 40 + 5,
    hops: 3,
    radius: 9,
    hasRoom: true,
    isFull: false,
    isWhole: false,
    digest: 0xffff_fff0,
  };
  t.deepEqual(readOffer(writeOffer(offer)), offer);
  const full = { ...offer, hasRoom: false, isFull: true };
  t.deepEqual(readOffer(writeOffer(full)), full);
  t.is(readOffer(writeOffer({ ...offer, head: undefined }))?.head, undefined);
  t.is(readOffer(new Uint8Array(19)), undefined);
});

test('who names another as a head of before its restart makes it one no more once it has been in a segment', (t) => {
  const offer = { number: 5, hops: 0, radius: 5, hasRoom: true, isFull: false, isWhole: false, digest: 0 };
  for (const wasHead of [true, false]) {
    const { id, election } = new Line(1, 20, along).members[0] as Member;
    const [liar, other] = [nodeNamed(9_998), nodeNamed(9_999)];
    election.heard(liar, { ...offer, head: wasHead ? id : nodeNamed(77) }, at(0));
    t.is(election.isHead, wasHead);
    election.heard(liar, { ...offer, head: id }, at(10));
    election.dissolved(nodeNamed(78), at(20));
    t.is(election.head, undefined);
    election.heard(other, { ...offer, head: nodeNamed(78), hops: 30 }, at(30));
    t.is(election.head, nodeNamed(78));
  }
});

test('one lie about the number of a head keeps nobody from it for ever', (t) => {
  const id = nodeNamed(77);
  const offer = { head: id, hops: 0, radius: 5, hasRoom: true, isFull: false, isWhole: false, digest: 0 };
  const events = { within: along, members: () => [0], isLast: () => undefined, bootOf: () => 1, changed: () => {} };
  const self = { id: nodeNamed(5), boot: { counter: 1 } };
  const fooled = new SegmentElection(self, testRandom('5'), 20, { ...events, isBacked: (head) => head === id });
  fooled.heard(nodeNamed(9_998), { ...offer, number: 2 ** 47 }, at(0));
  t.is(fooled.head, id);
  fooled.forget(nodeNamed(9_998), at(1));
  fooled.tick(at(HEAD_DEAD_MS));
  t.is(fooled.head, undefined);
  fooled.heard(nodeNamed(9), { ...offer, number: 5 }, at(HEAD_DEAD_MS + 10));
  t.is(fooled.head, undefined, 'it may be an old one');
  fooled.heard(nodeNamed(9), { ...offer, number: 65 }, at(HEAD_DEAD_MS + 601_000));
  t.is(fooled.head, id);
});

test('a head that is full and not, again and again, counts no farther than those who hear it seldom follow', (t) => {
  const head = nodeNamed(5);
  let members = 10;
  const election = new SegmentElection({ id: head, boot: { counter: 1 } }, testRandom('5'), 20, {
    ...{ within: along, isLast: () => undefined, bootOf: () => 1, isBacked: () => true, changed: () => {} },
    members: () => Array.from({ length: members }, () => 1),
  });
  const { election: member } = new Line(1, 20, along).members[0] as Member;
  election.split(at(0));
  let moves = 0;
  for (let now = 0; now < 600_000; now += 200) {
    if (now > 60_000) members = Math.floor(now / 2_000) % 2 === 0 ? 18 : 20;
    const before = member.head;
    election.tick(at(now));
    member.tick(at(now));
    const offer = election.offer(0);
    if (offer?.head && now % 20_000 === 0) member.heard(head, offer, at(now));
    if (before !== undefined && member.head !== before) moves++;
  }
  t.is(member.head, head);
  t.is(moves, 0);
});

test('a young head yields to a neighbour while it has next to no members, and stays when many have come', (t) => {
  for (const members of [2, 20]) {
    const [self, other] = [nodeNamed(9), nodeNamed(1)];
    const election = new SegmentElection({ id: self, boot: { counter: 0 } }, testRandom('young'), 100, {
      within: () => 5,
      members: () => Array.from({ length: members }, () => 1),
      isLast: () => undefined,
      bootOf: () => 0,
      isBacked: () => true,
      changed: () => {},
    });
    election.split(at(0));
    for (let now = 0; !election.isHead; now += 100) election.tick(at(now));
    const offer: SegmentOffer = { ...NO_REACH, head: other, number: 1, hops: 0, radius: 3, isWhole: false, digest: 0 };
    election.heard(other, offer, at(10_000));
    t.is(election.head, members === 2 ? other : self);
  }
});
