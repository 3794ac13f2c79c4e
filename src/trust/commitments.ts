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

export interface FrameProof {
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

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  get pending(): number {
    return this.#leaves.length;
  }

  /** Notes a frame at origination: the fields no relay changes, with its payload. */
  add(sequence: number, immutable: Uint8Array): void {
    this.#leaves.push({ sequence, hash: leafHash(this.#crypto.sha256, immutable) });
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
