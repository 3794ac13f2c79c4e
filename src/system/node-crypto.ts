import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject,
  randomFillSync,
  sign,
  verify,
} from 'node:crypto';
import { concat, equalBytes, toHex } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';

/** Keys remembered as parsed objects; the one used longest ago makes room. About 1 KiB each. */
export const KEY_CACHE_MAX = 512;

const NOTHING = new Uint8Array(0);
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
// DER of a PKCS#8 private and an SPKI public Ed25519 key, up to the 32 bytes of the key itself (RFC 8410).
const PRIVATE_PREFIX = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);
const PUBLIC_PREFIX = Uint8Array.from([48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0]);

/**
 * Points of small order (sign bit cleared), in all encodings OpenSSL takes: under such a key a signature can be made
 * that fits many or all messages, which would spoil every proof by signature.
 */
const WEAK_KEYS: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** Cryptography by node:crypto (OpenSSL). */
export function nodeCrypto(): Crypto {
  const publicKeys = new KeyCache(publicKeyOf);
  const privateKeys = new KeyCache(privateKeyOf);
  return {
    sha256(...parts) {
      // In one call: an object with a state costs as much again as hashing some 64 bytes.
      const [first = NOTHING, ...others] = parts;
      return plain(hash('sha256', others.length === 0 ? first : concat(first, ...others), 'buffer'));
    },
    hkdf: (secret, salt, info, length) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
    generate: () => {
      const { privateKey } = generateKeyPairSync('ed25519');
      return pairOf(rawOf(privateKey.export({ format: 'der', type: 'pkcs8' })));
    },
    keyPairOf: pairOf,
    sign(keys, message) {
      return plain(sign(null, message, privateKeys.get(keyBytes(keys.secretKey))));
    },
    verify(publicKey, message, signature) {
      if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
      try {
        return verify(null, message, publicKeys.get(publicKey), signature);
      } catch {
        return false; // not a point of the curve, or a weak one
      }
    },
    randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  };
}

/** Parsed keys by their raw bytes; the latest is kept at hand, as signatures mostly come in runs of one key. */
class KeyCache {
  readonly #parse: (raw: Uint8Array) => KeyObject;
  readonly #keys = new Map<string, KeyObject>();
  #last: { readonly raw: Uint8Array; readonly key: KeyObject } | undefined;

  constructor(parseKey: (raw: Uint8Array) => KeyObject) {
    this.#parse = parseKey;
  }

  get(raw: Uint8Array): KeyObject {
    if (this.#last && equalBytes(this.#last.raw, raw)) return this.#last.key;
    const name = toHex(raw);
    const key = this.#keys.get(name) ?? this.#parse(raw);
    this.#keys.delete(name);
    this.#keys.set(name, key);
    if (this.#keys.size > KEY_CACHE_MAX) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    this.#last = { raw: Uint8Array.from(raw), key };
    return key;
  }
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  // A copy even of a Buffer, whose own slice() would share the caller's bytes.
  const point = Uint8Array.from(raw);
  point[KEY_BYTES - 1] = (point[KEY_BYTES - 1] as number) & 0x7f;
  if (WEAK_KEYS.has(toHex(point))) throw new EdgeError('crypto.key', 'The public key is a point of small order.');
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' });
}

const privateKeyOf = (raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, raw]), format: 'der', type: 'pkcs8' });

function pairOf(secretKey: Uint8Array): KeyPair {
  const privateKey = privateKeyOf(keyBytes(secretKey));
  const publicKey = rawOf(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
  return { publicKey, secretKey: secretKey.slice() };
}

function keyBytes(key: Uint8Array): Uint8Array {
  if (key.length === KEY_BYTES) return key;
  throw new EdgeError('crypto.key', `An Ed25519 key has ${KEY_BYTES} bytes, not ${key.length}.`);
}

const rawOf = (der: Buffer): Uint8Array => plain(der.subarray(-KEY_BYTES)).slice();

const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
