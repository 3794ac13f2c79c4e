import test from 'ava';
import fc from 'fast-check';
import { concat, fromHex, toHex, utf8 } from '../../core/bytes.js';
import type { Crypto } from '../../ports/crypto.js';

export interface CryptoSubject {
  /** A new instance; two of a deterministic implementation, from the same seed, agree. */
  open(): Crypto;
  /** True for real cryptography, which must also meet the published vectors. */
  readonly standard: boolean;
}

const bytes = (hex: string): Uint8Array => fromHex(hex.replace(/\s/g, '')) as Uint8Array;
const message = utf8('the door at the north gate is open');

/** What every implementation of the `Crypto` port must do. */
export function cryptoContract(name: string, subject: CryptoSubject): void {
  hashing(name, subject);
  signing(name, subject);
  if (subject.standard) standardVectors(name, subject);
}

function hashing(name: string, { open }: CryptoSubject): void {
  test(`${name}: sha256 hashes its parts as if they were joined`, (t) => {
    const crypto = open();
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 4 }), (parts) => {
        const digest = crypto.sha256(...parts);
        return digest.length === 32 && toHex(digest) === toHex(crypto.sha256(concat(...parts)));
      }),
    );
    t.is(crypto.sha256().length, 32);
  });

  test(`${name}: different bytes have different hashes, also when only zeros are added`, (t) => {
    const crypto = open();
    const seen = new Set<string>();
    for (let length = 0; length < 200; length++) seen.add(toHex(crypto.sha256(new Uint8Array(length))));
    for (let bit = 0; bit < 512; bit++) {
      const input = new Uint8Array(64);
      input[bit >> 3] = 1 << (bit & 7);
      seen.add(toHex(crypto.sha256(input)));
    }
    t.is(seen.size, 712);
    t.is(new Set([...seen].map((hex) => hex.slice(0, 16))).size, 712, 'the first 8 bytes, a node id, differ too');
  });

  test(`${name}: hkdf depends on each input, and longer output begins with the shorter`, (t) => {
    const crypto = open();
    const [secret, salt] = [utf8('secret'), utf8('salt')];
    const all = [
      crypto.hkdf(secret, salt, 'info', 32),
      crypto.hkdf(utf8('secret2'), salt, 'info', 32),
      crypto.hkdf(secret, utf8('salt2'), 'info', 32),
      crypto.hkdf(secret, salt, 'info2', 32),
      crypto.hkdf(secret, new Uint8Array(0), '', 32),
    ].map(toHex);
    t.is(new Set(all).size, all.length);
    for (const length of [1, 16, 33, 100])
      t.is(
        toHex(crypto.hkdf(secret, salt, 'info', length)),
        toHex(crypto.hkdf(secret, salt, 'info', 255)).slice(0, 2 * length),
      );
  });

  test(`${name}: random bytes and generated keys do not repeat`, (t) => {
    const crypto = open();
    const drawn = Array.from({ length: 100 }, () => toHex(crypto.randomBytes(16)));
    t.is(new Set(drawn).size, 100);
    t.is(crypto.randomBytes(0).length, 0);
    t.is(new Set(Array.from({ length: 20 }, () => toHex(crypto.generate().publicKey))).size, 20);
  });
}

function signing(name: string, { open }: CryptoSubject): void {
  test(`${name}: a key pair follows from its secret, and the secret is not shared by reference`, (t) => {
    const crypto = open();
    const made = crypto.generate();
    const secret = made.secretKey.slice();
    const again = crypto.keyPairOf(secret);
    t.is(made.publicKey.length, 32);
    t.is(toHex(again.publicKey), toHex(made.publicKey));
    secret.fill(0);
    t.is(toHex(again.secretKey), toHex(made.secretKey));
    t.throws(() => crypto.keyPairOf(new Uint8Array(31)), { code: 'crypto.key' });
  });

  test(`${name}: a signature fits its message and its key only`, (t) => {
    const crypto = open();
    const [ours, theirs] = [crypto.generate(), crypto.generate()];
    const signature = crypto.sign(ours, message);
    t.is(signature.length, 64);
    t.is(toHex(crypto.sign(ours, message)), toHex(signature), 'signing is deterministic');
    t.true(crypto.verify(ours.publicKey, message, signature));
    t.false(crypto.verify(theirs.publicKey, message, signature));
    t.false(crypto.verify(ours.publicKey, concat(message, utf8('.')), signature));
    t.false(crypto.verify(ours.publicKey, new Uint8Array(0), signature));
    t.true(crypto.verify(ours.publicKey, new Uint8Array(0), crypto.sign(ours, new Uint8Array(0))));
  });

  test(`${name}: a flipped bit of signature, message or key fails`, (t) => {
    const crypto = open();
    const keys = crypto.generate();
    const signature = crypto.sign(keys, message);
    const flip = (input: Uint8Array, bit: number): Uint8Array => {
      const copy = input.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      return copy;
    };
    for (let bit = 0; bit < 512; bit += 7) t.false(crypto.verify(keys.publicKey, message, flip(signature, bit)));
    for (let bit = 0; bit < 256; bit += 7) {
      t.false(crypto.verify(keys.publicKey, flip(message, bit), signature));
      t.false(crypto.verify(flip(keys.publicKey, bit), message, signature));
    }
  });

  test(`${name}: malformed keys and signatures are false, never an exception`, (t) => {
    const crypto = open();
    const keys = crypto.generate();
    const signature = crypto.sign(keys, message);
    for (const length of [0, 1, 31, 33, 64]) t.false(crypto.verify(new Uint8Array(length), message, signature));
    for (const length of [0, 1, 32, 63, 65]) t.false(crypto.verify(keys.publicKey, message, new Uint8Array(length)));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (key, forged) => !crypto.verify(key, message, forged),
      ),
    );
  });

  test(`${name}: a secret signs for its own key, whatever public key is put beside it`, (t) => {
    const crypto = open();
    const [victim, thief] = [crypto.generate(), crypto.generate()];
    const signature = crypto.sign({ publicKey: victim.publicKey, secretKey: thief.secretKey }, message);
    t.false(crypto.verify(victim.publicKey, message, signature));
  });
}

function standardVectors(name: string, { open }: CryptoSubject): void {
  test(`${name}: sha256 meets the vectors of FIPS 180-2`, (t) => {
    const crypto = open();
    const digest = (text: string) => toHex(crypto.sha256(utf8(text)));
    t.is(digest(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    t.is(digest('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    t.is(
      digest('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  test(`${name}: hkdf meets the vectors of RFC 5869`, (t) => {
    const crypto = open();
    const secret = bytes('0b'.repeat(22));
    // Test case 3. The info of the other cases is no UTF-8, so one more was computed with another implementation.
    t.is(
      toHex(crypto.hkdf(secret, new Uint8Array(0), '', 42)),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
    t.is(
      toHex(crypto.hkdf(secret, bytes('000102030405060708090a0b0c'), 'edge-agent', 42)),
      '47baea622bb800c1b72505c1dc082039952e11825f01cbaefdbc478a9388b18729832d0a88b4e9fb62ee',
    );
  });

  test(`${name}: signatures meet the vectors of RFC 8032, 7.1`, (t) => {
    const crypto = open();
    for (const [secret, publicKey, text, signature] of ED25519_VECTORS) {
      const keys = crypto.keyPairOf(bytes(secret));
      t.is(toHex(keys.publicKey), publicKey);
      t.is(toHex(crypto.sign(keys, bytes(text))), signature);
      t.true(crypto.verify(bytes(publicKey), bytes(text), bytes(signature)));
    }
  });

  test(`${name}: a key of small order verifies nothing`, (t) => {
    const crypto = open();
    // The neutral point as key and as R with S = 0 solves the equation for every message.
    const neutral = concat(Uint8Array.of(1), new Uint8Array(31));
    for (const last of [0x00, 0x80]) {
      const key = neutral.slice();
      key[31] = last;
      t.false(crypto.verify(key, message, concat(neutral, new Uint8Array(32))));
    }
  });
}

/** Secret, public key, message, signature. */
const ED25519_VECTORS = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;
