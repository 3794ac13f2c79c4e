import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { fromHex, toHex } from '../core/bytes.js';
import { SIPHASH_BYTES, sipHash24 } from './siphash.js';

interface Vectors {
  readonly keyHex: string;
  readonly hashes: readonly string[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../src/wire/vectors/siphash.json', import.meta.url), 'utf8'),
) as Vectors;

const hash = (key: Uint8Array, data: Uint8Array): string => {
  const out = new Uint8Array(SIPHASH_BYTES);
  sipHash24(key, data, 0, data.length, out, 0);
  return toHex(out);
};

/** The textbook form over 64-bit bigints, to compare against. */
function textbook(key: Uint8Array, data: Uint8Array): string {
  const mask = (1n << 64n) - 1n;
  const word = (b: Uint8Array, at: number) => new DataView(b.buffer, b.byteOffset).getBigUint64(at, true);
  const rotl = (x: bigint, n: bigint) => ((x << n) | (x >> (64n - n))) & mask;
  const padded = new Uint8Array((Math.floor(data.length / 8) + 1) * 8);
  padded.set(data);
  padded[padded.length - 1] = data.length & 0xff;
  const [k0, k1] = [word(key, 0), word(key, 8)];
  let [a, b, c, d] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = () => {
    a = (a + b) & mask;
    b = rotl(b, 13n) ^ a;
    a = rotl(a, 32n);
    c = (c + d) & mask;
    d = rotl(d, 16n) ^ c;
    a = (a + d) & mask;
    d = rotl(d, 21n) ^ a;
    c = (c + b) & mask;
    b = rotl(b, 17n) ^ c;
    c = rotl(c, 32n);
  };
  for (let at = 0; at < padded.length; at += 8) {
    const m = word(padded, at);
    d ^= m;
    round();
    round();
    a ^= m;
  }
  c ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, a ^ b ^ c ^ d, true);
  return toHex(out);
}

test('the 64 reference vectors come out', (t) => {
  t.is(vectors.hashes.length, 64);
  const key = fromHex(vectors.keyHex) as Uint8Array;
  for (const [length, expected] of vectors.hashes.entries()) {
    t.is(
      hash(
        key,
        Uint8Array.from({ length }, (_, i) => i),
      ),
      expected,
      `length ${length}`,
    );
  }
});

test('any key and any data hash as in the textbook form', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ maxLength: 600 }),
      (key, data) => hash(key, data) === textbook(key, data),
    ),
    { numRuns: 300 },
  );
  t.pass();
});

test('only the given range is read and only eight bytes are written', (t) => {
  const key = fromHex(vectors.keyHex) as Uint8Array;
  const data = Uint8Array.from({ length: 40 }, (_, i) => (i < 7 || i >= 22 ? 0xee : i - 7));
  const out = new Uint8Array(12).fill(0xaa);
  sipHash24(key, data, 7, 22, out, 2);
  t.is(toHex(out), `aaaa${vectors.hashes[15]}aaaa`);
});
