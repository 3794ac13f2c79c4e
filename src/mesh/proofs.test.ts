import test from 'ava';
import { concat, fromHex, utf8 } from '../core/bytes.js';
import { hlcOf } from '../core/hlc.js';
import { headerWith, selfNamed, testCrypto } from '../testing/builders.js';
import { type Commitment, signBeat, verifyBeat } from '../trust/beat.js';
import { Commitments, verifyCommitted } from '../trust/commitments.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { immutablePart } from '../wire/frame.js';
import { messageIdFor } from './delivery.js';
import { answerProof } from './proofs.js';

const self = selfNamed(1);

test('an author proves a frame it sent: leaf, path and signed beat fit the frame, and no other', (t) => {
  const commitments = new Commitments(testCrypto);
  const frames = [5, 6, 7].map((sequence) => headerWith({ source: self.id, sequence }));
  for (const header of frames) commitments.add(header.sequence, immutablePart(header, utf8(`${header.sequence}`)));
  commitments.sealed(
    signBeat(testCrypto, self, 1, { hlc: hlcOf(1), clockMs: 1 }, [], commitments.commitment() as Commitment),
  );
  const message = fromHex(messageIdFor(self.id, 0xabcd, 6)) as Uint8Array;
  const answer = decode(Body.ProofSchema, answerProof(commitments, encode(Body.ProofRequestSchema, { message })));
  if (!answer?.beat) return t.fail();
  const beat = verifyBeat(
    testCrypto,
    encode(Body.SignedBeatSchema, { body: answer.beat.body, signature: answer.beat.signature }),
  );
  if (!beat?.commitment) return t.fail();
  const part = (text: string): Uint8Array => immutablePart(frames[1] as (typeof frames)[0], utf8(text));
  t.true(verifyCommitted(testCrypto, beat.commitment, part('6'), answer.index, answer.path));
  t.false(verifyCommitted(testCrypto, beat.commitment, part('8'), answer.index, answer.path));
});

test('who asks for nonsense or for what was never said is told so', (t) => {
  const commitments = new Commitments(testCrypto);
  const fault = (request: Uint8Array): string | undefined =>
    decode(Body.ProofSchema, answerProof(commitments, request))?.fault;
  t.is(fault(Uint8Array.of(255)), 'proof.malformed');
  t.is(fault(encode(Body.ProofRequestSchema, { message: new Uint8Array(3) })), 'proof.malformed');
  t.is(fault(encode(Body.ProofRequestSchema, { message: concat(new Uint8Array(14)) })), 'proof.unknown');
});
