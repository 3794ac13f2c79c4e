import { createHmac } from 'node:crypto';
import { compareBytes, equalBytes, toHex } from '../../core/bytes.js';
import { type Name, PROOF_BYTES, TOKEN_BYTES } from './link-packets.js';

/** Adverts change their token this often. */
export const SLOT_MS = 15 * 60_000;
/** A neighbour's clock may be a slot off. */
const SLOTS_AROUND = [0, -1, 1];

/** So many random bytes, the caller's to keep. */
export type DrawBytes = (count: number) => Uint8Array;

/** Draws numbers from 0 to a bound, of at most 16 bits, the bound left out. */
export const below =
  (random: DrawBytes) =>
  (bound: number): number => {
    const [high, low] = random(2) as unknown as [number, number];
    return ((high << 8) | low) % bound;
  };

export interface Identity {
  /** Shared by the mesh: HMAC key of tokens and proofs. */
  readonly key: Uint8Array;
  /** This node, in any stable text. */
  readonly id: string;
}

/** Names without names: what a node calls itself on the air follows from the mesh's key, its id and the time, and tells an outsider neither. */
export class Tokens {
  readonly #identity: Identity;
  /** Adverts come by the hundred a second; the slot changes four times an hour. */
  #names: { readonly slot: number; readonly name: Name } | undefined;
  #hints: { readonly slot: number; readonly around: readonly number[] } | undefined;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** This node's name in the slot of a wall time. */
  name(wallMs: number): Name {
    const slot = slotAt(wallMs);
    if (this.#names?.slot !== slot) {
      const token = this.#mac('token', slot, this.#identity.id).slice(0, TOKEN_BYTES);
      this.#names = { slot, name: { token, proof: this.#proof(token) } };
    }
    return this.#names.name;
  }

  /** Whether the sender of a name knows our mesh's key. */
  isOurs({ token, proof }: Name): boolean {
    return equalBytes(proof, this.#proof(token));
  }

  /** Six bits for an advert, so that one of 64 strangers looks like one of us, not all. */
  hint(wallMs: number): number {
    return this.#around(wallMs)[0] as number;
  }

  mayBeOurs(hint: number, wallMs: number): boolean {
    return this.#around(wallMs).includes(hint);
  }

  #around(wallMs: number): readonly number[] {
    const slot = slotAt(wallMs);
    if (this.#hints?.slot !== slot)
      this.#hints = { slot, around: SLOTS_AROUND.map((step) => this.#hintOf(slot + step)) };
    return this.#hints.around;
  }

  #hintOf(slot: number): number {
    return (this.#mac('hint', slot, '')[0] as number) & 0x3f;
  }

  #proof(token: Uint8Array): Uint8Array {
    return this.#mac('proof', 0, toHex(token)).slice(0, PROOF_BYTES);
  }

  #mac(purpose: string, slot: number, text: string): Uint8Array {
    const hmac = createHmac('sha256', this.#identity.key);
    return new Uint8Array(hmac.update(`edge-agent ble ${purpose}|${slot}|${text}`).digest());
  }
}

export const slotAt = (wallMs: number): number => Math.floor(wallMs / SLOT_MS);

/** Of two, the one with the lower token dials. */
export const dialsFirst = (own: Uint8Array, other: Uint8Array): boolean => compareBytes(own, other) < 0;

/** An address for a while that nobody can resolve: the two highest bits say so. Low byte first. */
export function privateAddress(random: DrawBytes): Uint8Array {
  const address = random(6);
  address[5] = (address[5] as number) & 0x3f;
  return address;
}
