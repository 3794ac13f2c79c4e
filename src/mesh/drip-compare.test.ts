import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { at, nodeNamed, testContext } from '../testing/builders.js';
import { FrameType } from '../wire/frame-types.js';
import { DripCompare } from './drip-compare.js';
import { type HashedItem, writeHashes } from './drip-hashes.js';
import { type DripItem, DripKind } from './drip-items.js';

const [A, B] = [nodeNamed(1), nodeNamed(2)];

const itemOf = (n: number): HashedItem => ({
  item: { kind: DripKind.State, source: nodeNamed(n), saltHint: 0, sequence: 1, rank: 1n, body: new Uint8Array(0) },
  hash: Math.imul(n, 0x9e37_79b1) >>> 0,
});

/** One end: says go to a list, and what it hears changes what it thinks of the other. */
function end(held: HashedItem[]) {
  const context = testContext();
  const said: Uint8Array[] = [];
  const holds: DripItem[] = [];
  const lacks: DripItem[] = [];
  const compare = new DripCompare(context, {
    items: () => held,
    digest: () => held.reduce((sum, { hash }) => (sum ^ hash) >>> 0, 0),
    holds: (_peer: NodeId, items) => void holds.push(...items),
    lacks: (_peer, items) => void lacks.push(...items),
    send: (_peer, type, body) => {
      if (type === FrameType.DripHashes) said.push(body);
    },
  });
  return { context, compare, said, holds, lacks };
}

test('of two neighbours each learns what the other lacks, in one exchange', (t) => {
  const all = Array.from({ length: 700 }, (_, n) => itemOf(n + 1));
  const a = end(all.slice(0, 600));
  const b = end(all.slice(50));
  a.compare.open(B, at(0));
  t.true(a.said.length > 1, 'more than a frame holds goes in parts');
  for (const body of a.said.splice(0)) b.compare.received(A, body, at(1));
  for (const body of b.said.splice(0)) a.compare.received(B, body, at(2));
  t.deepEqual(a.said, [], 'an answer is not answered');
  // Two bytes an item: one in a hundred passes for another, until the next salt.
  t.true(b.lacks.length > 90 && b.lacks.length <= 100, `${b.lacks.length}`);
  t.true(a.lacks.length > 45 && a.lacks.length <= 50, `${a.lacks.length}`);
  t.is(b.holds.length + b.lacks.length, 650);
});

test('what two hold alike is answered by nothing', (t) => {
  const items = [1, 2, 3].map(itemOf);
  const [a, b] = [end(items), end(items)];
  a.compare.open(B, at(0));
  b.compare.received(A, a.said[0] as Uint8Array, at(1));
  t.deepEqual([b.said.length, b.lacks.length, b.holds.length], [0, 0, 3]);
});

test('a difference that comparing does not end is looked at ever more rarely, and at once when something changed', (t) => {
  const held = [itemOf(1)];
  const { compare, said } = end(held);
  const count = (fromMs: number, toMs: number, theirs: number): number => {
    said.length = 0;
    for (let ms = fromMs; ms < toMs; ms += 100) compare.differs(B, theirs, at(ms));
    return said.length;
  };
  t.true(count(0, 60_000, 7) <= 9, 'half a second, one, two, …');
  t.true(count(60_000, 660_000, 7) <= 12, 'once a minute in the end');
  t.is(count(660_000, 660_400, 8), 1, 'the neighbour holds something else now');
  held.push(itemOf(2));
  t.is(count(661_000, 661_400, 8), 1, 'this node does');
  compare.close(B);
  t.is(count(661_400, 661_500, 8), 1, 'a new link begins anew');
});

test('of many that come at once a few are asked, the others in their turn, and who is gone is not', (t) => {
  const { compare, said } = end([itemOf(1)]);
  const many = 40;
  for (let i = 0; i < many; i++) compare.open(nodeNamed(i + 10), at(0));
  t.is(said.length, 4);
  compare.close(nodeNamed(49));
  let last = 0;
  for (let due = compare.nextDeadline(); due !== undefined; due = compare.nextDeadline()) {
    const before = said.length;
    compare.tick(at(due));
    t.is(said.length, before + 1, 'never woken in vain');
    last = due;
  }
  t.is(said.length, many - 1);
  t.true(last >= 8_000 && last <= 10_000, `${last} ms`);
});

test('nonsense is counted', (t) => {
  const { compare, context, lacks } = end([itemOf(1)]);
  compare.received(B, Uint8Array.of(255), at(0));
  compare.received(B, writeHashes([], { salt: 1, part: 0, parts: 100_000 }, 100), at(0));
  t.is(context.refused('drip.malformed'), 2);
  t.deepEqual(lacks, []);
});
