import { concat } from '../core/bytes.js';
import type { Crypto } from '../ports/crypto.js';

/**
 * What names a record in announcements, in fingerprints and on disk: 64 bits of SHA-256 (author ‖ hash). The lowest
 * bit says whether it is a tombstone, so that a node without room still knows which keys it must take.
 */
export type RecordKey = bigint;

const NOBODY = new Uint8Array(8);

export const bigOf = (bytes: Uint8Array, at = 0): bigint => {
  let value = 0n;
  for (let i = at; i < at + 8; i += 4)
    value =
      (value << 32n) |
      BigInt(
        (((bytes[i] as number) << 24) |
          ((bytes[i + 1] as number) << 16) |
          ((bytes[i + 2] as number) << 8) |
          (bytes[i + 3] as number)) >>>
          0,
      );
  return value;
};

export const hiOf = (value: bigint): number => Number(value >> 32n) >>> 0;
export const loOf = (value: bigint): number => Number(value & 0xffff_ffffn);
export const bigOfHalves = (hi: number, lo: number): bigint => (BigInt(hi) << 32n) | BigInt(lo);

export const recordKey = (crypto: Crypto, author: Uint8Array, hash: Uint8Array): RecordKey =>
  bigOf(crypto.sha256(author, hash)) & ~1n;

/** The key of the tombstone of a hash: one for the whole mesh, whoever erased it. */
export const tombstoneKey = (crypto: Crypto, hash: Uint8Array): RecordKey => bigOf(crypto.sha256(NOBODY, hash)) | 1n;

export const isTombstoneKey = (key: RecordKey): boolean => (key & 1n) === 1n;

/** Names one statement of an author: two contents under it prove equivocation. */
export function stampOf(crypto: Crypto, author: Uint8Array, salt: Uint8Array, counter: number): bigint {
  const bytes = concat(author, salt, new Uint8Array(4));
  new DataView(bytes.buffer).setUint32(bytes.length - 4, counter);
  return bigOf(crypto.sha256(bytes));
}

/** A 64-bit value as 16 hex digits: fixed width, so that text order is numeric order. */
export const keyText = (key: bigint): string => key.toString(16).padStart(16, '0');

const KEY_TEXT = /^[0-9a-f]{16}$/;

/** The reverse of `keyText`; `undefined` for any other text. */
export const keyOfText = (text: string): bigint | undefined =>
  KEY_TEXT.test(text)
    ? bigOfHalves(Number.parseInt(text.slice(0, 8), 16), Number.parseInt(text.slice(8), 16))
    : undefined;

/** What a Have carries of a record's digest. */
export const shortDigest = (digest: bigint): number => hiOf(digest);
