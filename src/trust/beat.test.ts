import test from 'ava';
import fc from 'fast-check';
import { hlcOf } from '../core/hlc.js';
import { nodeNamed, selfNamed, testCrypto } from '../testing/builders.js';
import { beatRank, type Commitment, parseBeat, signBeat, verifyBeat } from './beat.js';

const self = selfNamed(1);
const commitment: Commitment = { firstSequence: 7, lastSequence: 30, count: 12, root: new Uint8Array(32).fill(3) };
const beat = (more: Commitment | undefined = commitment): Uint8Array =>
  signBeat(
    testCrypto,
    self,
    5,
    { hlc: hlcOf(1_800_000_000_000), clockMs: 1_800_000_000_123 },
    [nodeNamed(2), nodeNamed(1)],
    more,
  );

const NO_TIME = { hlc: 0n, clockMs: 0 };

test('a signed beat says who, which boot, when, and what it answers for', (t) => {
  t.deepEqual(verifyBeat(testCrypto, beat()), {
    author: self.id,
    publicKey: self.keys.publicKey,
    boot: self.boot,
    number: 5,
    hlc: hlcOf(1_800_000_000_000),
    clockMs: 1_800_000_000_123,
    commitment,
    answeredUpTo: 30,
  });
});

test('a beat without new frames still says up to where earlier ones answered', (t) => {
  const quiet = signBeat(testCrypto, self, 6, NO_TIME, [], undefined, 30);
  t.like(verifyBeat(testCrypto, quiet), { commitment: undefined, answeredUpTo: 30 });
  t.is(verifyBeat(testCrypto, signBeat(testCrypto, self, 1, NO_TIME, []))?.answeredUpTo, undefined);
});

test('a beat with any bit changed is no beat of its author', (t) => {
  const good = beat();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: good.length * 8 - 1 }), (bit) => {
      const bad = good.slice();
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
      const verified = verifyBeat(testCrypto, bad);
      // A flipped bit may fall on what protobuf ignores; then nothing that is read has changed.
      if (verified) t.deepEqual(verified, verifyBeat(testCrypto, good));
      else t.pass();
    }),
  );
});

test('a beat signed by another key, or in the name of another, is refused', (t) => {
  const other = selfNamed(2);
  const stolen = signBeat(testCrypto, { ...self, keys: other.keys }, 5, NO_TIME, []);
  t.is(verifyBeat(testCrypto, stolen), undefined);
  const renamed = signBeat(testCrypto, { ...other, id: self.id }, 5, NO_TIME, []);
  t.is(verifyBeat(testCrypto, renamed), undefined);
});

test('what cannot be a beat is told before any signature is checked', (t) => {
  t.is(parseBeat(Uint8Array.of(1, 2, 3)), undefined);
  t.is(parseBeat(new Uint8Array(0)), undefined);
  t.is(parseBeat(beat({ ...commitment, root: new Uint8Array(5) })), undefined, 'a root of the wrong size');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void t.notThrows(() => verifyBeat(testCrypto, bytes))),
  );
});

test('the order of members does not matter to the hash of the membership', (t) => {
  const signed = (members: Parameters<typeof signBeat>[4]): Uint8Array =>
    signBeat(testCrypto, self, 5, NO_TIME, members);
  t.deepEqual(signed([nodeNamed(1), nodeNamed(2)]), signed([nodeNamed(2), nodeNamed(1)]));
  t.notDeepEqual(signed([nodeNamed(1)]), signed([nodeNamed(1), nodeNamed(2)]));
});

test('beats of one author order by boot first and then by number', (t) => {
  const rank = (counter: number, number: number): bigint => beatRank({ boot: { counter }, number });
  t.true(rank(1, 0xffff_ffff) < rank(2, 1));
  t.true(rank(2, 1) < rank(2, 2));
});
