import { equalBytes, toHex, utf8 } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';
import type { Random } from '../ports/random.js';

const HASH_BYTES = 32;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const PAIRS_MAX = 4_096;

const [KEY, SIGN_LEFT, SIGN_RIGHT, KDF] = ['key', 'signature-left', 'signature-right', 'kdf'].map(utf8) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/**
 * Cryptography for simulated worlds: cheap, repeatable from the seed of `random`, and NOT SECURE: its hash is a plain
 * mixing function and whoever knows a public key could forge. It behaves like the real one in all that protocols
 * rely on: a signature fits one key and one message, hashes of different bytes differ, malformed input is refused.
 */
export function fastCrypto(random: Random): Crypto {
  // Public key by secret, the oldest dropped: signing must not pay for two hashes each time.
  const known = new Map<string, Uint8Array>();
  const publicKeyOf = (secretKey: Uint8Array): Uint8Array => {
    if (secretKey.length !== KEY_BYTES)
      throw new EdgeError('crypto.key', `A key has ${KEY_BYTES} bytes, not ${secretKey.length}.`);
    const name = toHex(secretKey);
    let publicKey = known.get(name);
    if (!publicKey) {
      publicKey = fastHash(KEY, secretKey);
      known.set(name, publicKey);
      if (known.size > PAIRS_MAX) known.delete(known.keys().next().value as string);
    }
    return publicKey;
  };
  const keyPairOf = (secretKey: Uint8Array): KeyPair => ({
    publicKey: publicKeyOf(secretKey).slice(),
    secretKey: secretKey.slice(),
  });
  return {
    sha256: fastHash,
    hkdf: fastKdf,
    generate: () => keyPairOf(random.bytes(KEY_BYTES)),
    keyPairOf,
    sign: (keys, message) => signatureOf(publicKeyOf(keys.secretKey), message),
    verify: (publicKey, message, signature) =>
      publicKey.length === KEY_BYTES &&
      signature.length === SIGNATURE_BYTES &&
      equalBytes(signature, signatureOf(publicKey, message)),
    randomBytes: (length) => random.bytes(length),
  };
}

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const signature = new Uint8Array(SIGNATURE_BYTES);
  const digest = fastHash(message);
  signature.set(fastHash(SIGN_LEFT, publicKey, digest));
  signature.set(fastHash(SIGN_RIGHT, publicKey, digest), HASH_BYTES);
  return signature;
}

function fastKdf(secret: Uint8Array, salt: Uint8Array, info: string, length: number): Uint8Array {
  const root = fastHash(KDF, fastHash(secret), fastHash(salt), utf8(info));
  const output = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; at += HASH_BYTES, block++)
    output.set(fastHash(root, Uint8Array.of(block >>> 8, block)).subarray(0, length - at), at);
  return output;
}

/** 256 bits from 128 bits of state over the parts as if joined: well spread, quick, not one-way. */
function fastHash(...parts: readonly Uint8Array[]): Uint8Array {
  let [a, b, c, d] = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  let word = 0;
  let length = 0;
  const absorb = (w: number): void => {
    a = Math.imul(rotate(a ^ w, 13), 0x9e3779b1) + b;
    b = Math.imul(rotate(b + w, 17), 0x85ebca77) ^ c;
    c = Math.imul(rotate(c ^ rotate(w, 16), 11), 0xc2b2ae3d) + d;
    d = Math.imul(rotate(d + w, 19), 0x27d4eb2f) ^ a;
  };
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      word = (word << 8) | (part[i] as number);
      length += 1;
      if ((length & 3) === 0) absorb(word);
    }
  }
  absorb(word << ((4 - (length & 3)) * 8));
  absorb(length);
  const digest = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i += 4) {
    absorb(i + 1);
    const mixed = finish(a ^ rotate(b, 7) ^ rotate(c, 15) ^ rotate(d, 23));
    digest[i] = mixed >>> 24;
    digest[i + 1] = mixed >>> 16;
    digest[i + 2] = mixed >>> 8;
    digest[i + 3] = mixed;
  }
  return digest;
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function finish(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
