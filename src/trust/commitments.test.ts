import test from 'ava';
import fc from 'fast-check';
import { utf8 } from '../core/bytes.js';
import { testCrypto } from '../testing/builders.js';
import type { Commitment } from './beat.js';
import { Commitments, verifyCommitted } from './commitments.js';

const content = (sequence: number): Uint8Array => utf8(`frame ${sequence}`);
const filled = (sequences: readonly number[]): Commitments => {
  const commitments = new Commitments(testCrypto);
  for (const sequence of sequences) commitments.add(sequence, content(sequence));
  return commitments;
};

test('each frame a beat answers for can be proven against its root, and no other', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, pick) => {
      const sequences = Array.from({ length: count }, (_, i) => 100 + i * 3);
      const commitments = filled(sequences);
      const commitment = commitments.commitment() as Commitment;
      commitments.sealed(utf8('beat'));
      const sequence = sequences[pick % count] as number;
      const proof = commitments.prove(sequence);
      if (!proof) return t.fail('no proof');
      t.deepEqual(proof.beat, utf8('beat'));
      t.true(verifyCommitted(testCrypto, commitment, content(sequence), proof.index, proof.path));
      t.false(verifyCommitted(testCrypto, commitment, content(sequence + 1), proof.index, proof.path));
      if (count > 1)
        t.false(verifyCommitted(testCrypto, commitment, content(sequence), (proof.index + 1) % count, proof.path));
    }),
  );
});

test('a commitment names range and count; sealed, the next one starts empty', (t) => {
  const commitments = filled([5, 6, 9]);
  t.like(commitments.commitment(), { firstSequence: 5, lastSequence: 9, count: 3 });
  commitments.sealed(utf8('one'));
  t.is(commitments.commitment(), undefined);
  t.is(commitments.pending, 0);
  t.is(commitments.lastSequence, 9);
});

test('leaves stand in order of sequence, whatever order they came in, across the wrap too', (t) => {
  const [ordered, mixed] = [filled([0xffff_fffe, 0xffff_ffff, 0, 1]), filled([0xffff_ffff, 1, 0xffff_fffe, 0])];
  t.deepEqual(mixed.commitment(), ordered.commitment());
  t.like(mixed.commitment(), { firstSequence: 0xffff_fffe, lastSequence: 1 });
  t.is(mixed.lastSequence, 1);
});

test('nothing is proven before a beat has said it, nor when it never was', (t) => {
  const commitments = filled([1]);
  t.is(commitments.prove(1), undefined);
  commitments.sealed(utf8('beat'));
  t.truthy(commitments.prove(1));
  t.is(commitments.prove(2), undefined);
});

test('the last sixteen beats can be proven, older ones no more', (t) => {
  const commitments = new Commitments(testCrypto);
  for (let i = 1; i <= 17; i++) {
    commitments.add(i, content(i));
    commitments.sealed(utf8(`beat ${i}`));
  }
  t.is(commitments.prove(1), undefined);
  t.deepEqual(commitments.prove(2)?.beat, utf8('beat 2'));
  commitments.sealed(utf8('of nothing'));
  t.truthy(commitments.prove(2), 'a beat without frames takes no place');
});
