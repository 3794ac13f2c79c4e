import test from 'ava';
import { Limit } from '../core/limits.js';
import { nodeNamed, selfNamed } from '../testing/builders.js';
import type { Boot } from './identity.js';
import { Freshness, KnownNodes, Learned, PRESUMED_MAX } from './known-nodes.js';

const A = nodeNamed(1);
const KEY = selfNamed(1).keys.publicKey;
const boot = (counter: number, first: number, last = 0): Boot => {
  const salt = new Uint8Array(16);
  salt[0] = first;
  salt[15] = last;
  return { salt, counter };
};

test('frames of a boot nobody vouched for are neither fresh nor replayed', (t) => {
  const known = new KnownNodes();
  t.is(known.freshness(A, 0x0100, 5), Freshness.UnknownBoot);
  t.false(known.accept(A, 0x0100, 5));
  known.learn(A, KEY, boot(1, 1));
  t.is(known.freshness(A, 0x0100, 5), Freshness.Fresh);
  t.is(known.freshness(A, 0x0200, 5), Freshness.UnknownBoot);
});

test('a sequence acted on once is replayed from then on, for its own boot only', (t) => {
  const known = new KnownNodes();
  known.learn(A, KEY, boot(1, 1));
  known.learn(A, KEY, boot(2, 2));
  t.true(known.accept(A, 0x0100, 5));
  t.is(known.freshness(A, 0x0100, 5), Freshness.Replayed);
  t.is(known.freshness(A, 0x0200, 5), Freshness.Fresh);
});

test('the newest boot is the current one, and an older one is refused whether it was known or not', (t) => {
  const known = new KnownNodes();
  t.is(known.learn(A, KEY, boot(5, 1)), Learned.New);
  t.is(known.learn(A, KEY, boot(5, 1)), Learned.Known);
  t.is(known.learn(A, KEY, boot(6, 2)), Learned.New);
  t.is(known.learn(A, KEY, boot(5, 1)), Learned.Older, 'known, but over');
  t.is(known.learn(A, KEY, boot(4, 3)), Learned.Older, 'never heard of');
  t.is(known.currentBoot(A)?.counter, 6);
  t.deepEqual(known.publicKey(A), KEY);
});

test('two salts under one counter are a conflict, and both are kept apart', (t) => {
  const known = new KnownNodes();
  known.learn(A, KEY, boot(5, 1));
  t.is(known.learn(A, KEY, boot(5, 2)), Learned.Conflict);
  t.is(known.freshness(A, 0x0100, 1), Freshness.Fresh);
  t.is(known.freshness(A, 0x0200, 1), Freshness.Fresh);
});

test('of two boots with one hint the newer takes the place', (t) => {
  const known = new KnownNodes();
  known.learn(A, KEY, boot(1, 1, 7));
  known.accept(A, 0x0100, 9);
  t.is(known.learn(A, KEY, boot(2, 1, 8)), Learned.New);
  t.is(known.freshness(A, 0x0100, 9), Freshness.Fresh, 'another boot, another window');
});

test('what a boot had answered for before we heard of it is history', (t) => {
  const known = new KnownNodes();
  known.learn(A, KEY, boot(1, 1), 1_000);
  t.is(known.freshness(A, 0x0100, 1_000), Freshness.Replayed);
  t.is(known.freshness(A, 0x0100, 1_001), Freshness.Fresh);
  known.learn(A, KEY, boot(1, 1), 2_000);
  t.is(known.freshness(A, 0x0100, 1_500), Freshness.Fresh, 'later beats take nothing back');
});

test('a beacon may vouch for a boot before its first beat sets the floor', (t) => {
  const known = new KnownNodes();
  known.learn(A, KEY, boot(1, 1));
  t.is(known.freshness(A, 0x0100, 5), Freshness.Fresh);
  known.learn(A, KEY, boot(1, 1), 100);
  t.is(known.freshness(A, 0x0100, 5), Freshness.Replayed);
});

test('a few boots of a node are remembered, the oldest goes first', (t) => {
  const known = new KnownNodes();
  for (let i = 1; i <= Limit.BootsPerNode + 1; i++) known.learn(A, KEY, boot(i, i));
  t.is(known.freshness(A, 0x0100, 1), Freshness.UnknownBoot);
  t.is(known.freshness(A, 0x0200, 1), Freshness.Fresh);
});

test('at the limit the node unheard longest is forgotten', (t) => {
  const known = new KnownNodes();
  for (let i = 0; i < Limit.KnownNodes; i++) known.learn(nodeNamed(i + 1), KEY, boot(1, 1));
  known.accept(nodeNamed(1), 0x0100, 1);
  known.learn(nodeNamed(99_999), KEY, boot(1, 1));
  t.truthy(known.currentBoot(nodeNamed(1)), 'heard just now');
  t.falsy(known.currentBoot(nodeNamed(2)));
  known.forget(nodeNamed(1));
  t.falsy(known.currentBoot(nodeNamed(1)));
});

test('the first word of a node of which nothing is known makes its boot the presumed one, once for each sequence', (t) => {
  const known = new KnownNodes();
  t.true(known.presume(A, 0x0100, 5_000));
  t.is(known.freshness(A, 0x0100, 5_000), Freshness.Fresh);
  t.true(known.accept(A, 0x0100, 5_000));
  t.is(known.freshness(A, 0x0100, 5_000), Freshness.Replayed);
  t.is(known.freshness(A, 0x0100, 4_990), Freshness.Fresh, 'overtaken on its way');
  t.is(known.freshness(A, 0x0100, 4_000), Freshness.Replayed, 'history');
});

test('where another boot is presumed or known nothing is presumed: that takes a signature', (t) => {
  const known = new KnownNodes();
  known.presume(A, 0x0100, 5_000);
  t.false(known.presume(A, 0x0200, 9));
  t.is(known.freshness(A, 0x0200, 9), Freshness.UnknownBoot);
  known.learn(A, KEY, boot(2, 2));
  t.false(known.presume(A, 0x0100, 6_000));
  t.is(known.freshness(A, 0x0100, 5_001), Freshness.UnknownBoot, 'what was presumed was wrong');
  t.is(known.freshness(A, 0x0200, 9), Freshness.Fresh);
});

test('what was heard of a presumed boot stays replayed when its author vouches for it', (t) => {
  const known = new KnownNodes();
  known.presume(A, 0x0100, 5_000);
  known.accept(A, 0x0100, 5_000);
  t.is(known.learn(A, KEY, boot(1, 1), 4_999), Learned.New);
  t.is(known.freshness(A, 0x0100, 5_000), Freshness.Replayed);
  t.is(known.freshness(A, 0x0100, 5_001), Freshness.Fresh);
});

test('of a presumed boot everything up to what its author answers for is history once it does', (t) => {
  const known = new KnownNodes();
  known.presume(A, 0x0100, 5_000);
  t.is(known.freshness(A, 0x0100, 7_000), Freshness.Fresh);
  known.learn(A, KEY, boot(1, 1));
  known.learn(A, KEY, boot(1, 1), 9_000);
  t.is(known.freshness(A, 0x0100, 7_000), Freshness.Replayed, 'recorded before this node started');
  t.is(known.freshness(A, 0x0100, 9_001), Freshness.Fresh);
  known.learn(A, KEY, boot(1, 1), 9_500);
  t.is(known.freshness(A, 0x0100, 9_001), Freshness.Fresh, 'later beats make no history');
});

test('presumed boots are few, and forgotten with their node', (t) => {
  const known = new KnownNodes();
  for (let i = 0; i <= PRESUMED_MAX; i++) known.presume(nodeNamed(i), 0x0100, 5);
  t.is(known.freshness(nodeNamed(0), 0x0100, 5), Freshness.UnknownBoot);
  t.is(known.freshness(nodeNamed(1), 0x0100, 5), Freshness.Fresh);
  known.forget(nodeNamed(1));
  t.is(known.freshness(nodeNamed(1), 0x0100, 5), Freshness.UnknownBoot);
});
