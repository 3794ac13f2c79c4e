import { readU32 } from '../core/bytes.js';
import type { Commitments } from '../trust/commitments.js';
import { Body, decode, encode } from '../wire/bodies.js';

/** The author's answer to "prove that you sent this": the path to a beat's root, or why there is none. */
export function answerProof(commitments: Commitments, request: Uint8Array): Uint8Array {
  const message = decode(Body.ProofRequestSchema, request)?.message;
  if (message?.length !== 14) return encode(Body.ProofSchema, { fault: 'proof.malformed' });
  const proof = commitments.prove(readU32(message, 10));
  if (!proof) return encode(Body.ProofSchema, { message, fault: 'proof.unknown' });
  const beat = decode(Body.SignedBeatSchema, proof.beat);
  return encode(Body.ProofSchema, {
    message,
    leaf: proof.leaf,
    index: proof.index,
    path: [...proof.path],
    ...(beat && { beat: { body: beat.body, signature: beat.signature } }),
  });
}
