import { concat, utf8 } from '../core/bytes.js';
import type { Hlc } from '../core/hlc.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Crypto } from '../ports/crypto.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { BOOT_SALT_BYTES, type Boot, nodeIdOfKey, PUBLIC_KEY_BYTES, type Self } from './identity.js';

const BEAT_LABEL = utf8('edge-agent/1/beat');

/** The frames a beat answers for: all non-link-local ones its author originated since the beat before. */
export interface Commitment {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly count: number;
  readonly root: Uint8Array;
}

interface VerifiedBeat {
  readonly author: NodeId;
  readonly publicKey: Uint8Array;
  readonly boot: Boot;
  readonly number: number;
  readonly hlc: Hlc;
  /** What its author's own clock showed when it signed; 0 when it has none. */
  readonly clockMs: number;
  readonly commitment?: Commitment;
  /** The last sequence that this beat or one before answers for; `undefined` when there is none yet. */
  readonly answeredUpTo: number | undefined;
}

/** Orders the beats of one author: boot counter, then number. */
export const beatRank = (beat: { boot: { counter: number }; number: number }): bigint =>
  (BigInt(beat.boot.counter) << 32n) | BigInt(beat.number);

/** Bytes of a SignedBeat. `clockMs`: what this node's own clock shows, 0 without one. `answeredUpTo` counts without a commitment: what an earlier beat answered for last. */
export function signBeat(
  crypto: Crypto,
  self: Self,
  number: number,
  time: { readonly hlc: Hlc; readonly clockMs: number },
  members: readonly NodeId[],
  commitment?: Commitment,
  answeredUpTo?: number,
): Uint8Array {
  const body = encode(Body.BeatSchema, {
    author: nodeIdBytes(self.id),
    publicKey: self.keys.publicKey,
    bootSalt: self.boot.salt,
    bootCounter: self.boot.counter,
    number,
    hlc: time.hlc,
    clockMs: BigInt(time.clockMs),
    membership: membershipHash(crypto, members),
    lastSequence: commitment?.lastSequence ?? answeredUpTo ?? 0,
    ...(commitment && {
      firstSequence: commitment.firstSequence,
      count: commitment.count,
      root: commitment.root,
    }),
  });
  const signature = crypto.sign(self.keys, concat(BEAT_LABEL, body));
  return encode(Body.SignedBeatSchema, { body, signature });
}

const membershipHash = (crypto: Crypto, members: readonly NodeId[]): Uint8Array =>
  crypto.sha256(...[...members].sort().map(nodeIdBytes)).slice(0, 8);

interface ParsedBeat {
  readonly beat: VerifiedBeat;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** What the bytes claim, before any signature is checked: cheap, and enough to tell a known beat from a new one. */
export function parseBeat(bytes: Uint8Array): ParsedBeat | undefined {
  const signed = decode(Body.SignedBeatSchema, bytes);
  const body = signed && decode(Body.BeatSchema, signed.body);
  if (!signed || !body) return undefined;
  if (body.author.length !== 8 || body.publicKey.length !== PUBLIC_KEY_BYTES) return undefined;
  if (body.bootSalt.length !== BOOT_SALT_BYTES || body.membership.length !== 8) return undefined;
  if (body.count > 0 && body.root.length !== 32) return undefined;
  const beat: VerifiedBeat = {
    author: nodeIdOf(body.author),
    publicKey: body.publicKey,
    boot: { salt: body.bootSalt, counter: body.bootCounter },
    number: body.number,
    hlc: body.hlc,
    clockMs: Number(body.clockMs),
    answeredUpTo: body.lastSequence === 0 ? undefined : body.lastSequence,
    ...(body.count > 0 && {
      commitment: {
        firstSequence: body.firstSequence,
        lastSequence: body.lastSequence,
        count: body.count,
        root: body.root,
      },
    }),
  };
  return { beat, body: signed.body, signature: signed.signature };
}

/** The beat in these bytes if its author signed it; `undefined` otherwise. */
export function verifyBeat(crypto: Crypto, bytes: Uint8Array): VerifiedBeat | undefined {
  const parsed = parseBeat(bytes);
  return parsed && verifyParsed(crypto, parsed);
}

/** As `verifyBeat`, of what `parseBeat` gave. */
export function verifyParsed(crypto: Crypto, parsed: ParsedBeat): VerifiedBeat | undefined {
  const { beat, body, signature } = parsed;
  if (nodeIdOfKey(crypto, beat.publicKey) !== beat.author) return undefined;
  return crypto.verify(beat.publicKey, concat(BEAT_LABEL, body), signature) ? beat : undefined;
}
