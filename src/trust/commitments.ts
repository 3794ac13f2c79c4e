import { leafHash, merklePaths, merkleRoot, verifyPath } from '../core/merkle.js';
import type { Crypto } from '../ports/crypto.js';
import type { Commitment } from './beat.js';

/** Frames one beat answers for; at the bound the next beat is due at once. */
export const MAX_FRAMES_PER_BEAT = 4_096;
/** Beats whose frames can still be proven; the oldest goes first. */
const KEPT_BEATS = 16;

interface Leaf {
  readonly sequence: number;
  readonly hash: Uint8Array;
}

interface Kept {
  readonly beat: Uint8Array;
  readonly leaves: readonly Leaf[];
}

interface FrameProof {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly path: readonly Uint8Array[];
  /** The SignedBeat that commits to it. */
  readonly beat: Uint8Array;
}

/** An author's own account of what it sent: leaves since the last beat, and proofs for the last few beats. */
export class Commitments {
  readonly #crypto: Crypto;
  #leaves: Leaf[] = [];
  #kept: Kept[] = [];
  #lastSequence: number | undefined;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  get pending(): number {
    return this.#leaves.length;
  }

  /** The last sequence noted so far. */
  get lastSequence(): number | undefined {
    return this.#lastSequence;
  }

  /** Notes a frame at origination: the fields no relay changes, with its payload. */
  add(sequence: number, immutable: Uint8Array): void {
    if (this.#lastSequence === undefined || isAfter(sequence, this.#lastSequence)) this.#lastSequence = sequence;
    const leaf = { sequence, hash: leafHash(this.#crypto.sha256, immutable) };
    // Leaves stand in order of sequence; one that was reserved earlier and sent later is rare, and near the end.
    let at = this.#leaves.length;
    while (at > 0 && isAfter((this.#leaves[at - 1] as Leaf).sequence, sequence)) at--;
    this.#leaves.splice(at, 0, leaf);
  }

  /** What the next beat must say; `undefined` when nothing was originated. */
  commitment(): Commitment | undefined {
    const first = this.#leaves[0];
    const last = this.#leaves.at(-1);
    if (!first || !last) return undefined;
    const root = merkleRoot(
      this.#crypto.sha256,
      this.#leaves.map((leaf) => leaf.hash),
    );
    return { firstSequence: first.sequence, lastSequence: last.sequence, count: this.#leaves.length, root };
  }

  /** The beat that says it has been signed. */
  sealed(beat: Uint8Array): void {
    if (this.#leaves.length > 0) this.#kept = [{ beat, leaves: this.#leaves }, ...this.#kept].slice(0, KEPT_BEATS);
    this.#leaves = [];
  }

  /** Proof of one frame, once a beat has committed to it and while it is remembered. */
  prove(sequence: number): FrameProof | undefined {
    for (const { beat, leaves } of this.#kept) {
      const index = leaves.findIndex((leaf) => leaf.sequence === sequence);
      if (index < 0) continue;
      const hashes = leaves.map((leaf) => leaf.hash);
      const path = merklePaths(this.#crypto.sha256, hashes)[index] as Uint8Array[];
      return { leaf: hashes[index] as Uint8Array, index, path, beat };
    }
    return undefined;
  }
}

/** Sequences are compared modulo 2³². */
const isAfter = (a: number, b: number): boolean => ((a - b) | 0) > 0;

/** Whether a commitment vouches for a frame with this immutable part. */
export function verifyCommitted(
  crypto: Crypto,
  commitment: Commitment,
  immutable: Uint8Array,
  index: number,
  path: readonly Uint8Array[],
): boolean {
  const leaf = leafHash(crypto.sha256, immutable);
  return verifyPath(crypto.sha256, commitment.root, leaf, index, commitment.count, path);
}
