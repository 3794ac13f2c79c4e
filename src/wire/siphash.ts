/** Of its output. */
export const SIPHASH_BYTES = 8;

const readLe = (b: Uint8Array, at: number): number =>
  (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16) | ((b[at + 3] as number) << 24);

/** The word of bytes `from ≤ i < to`, little-endian, zero where there are none (at most four are read). */
function readTail(b: Uint8Array, from: number, to: number): number {
  let word = 0;
  for (let i = from, shift = 0; i < to && shift < 32; i++, shift += 8) word |= (b[i] as number) << shift;
  return word;
}

function writeLe(b: Uint8Array, at: number, word: number): void {
  b[at] = word;
  b[at + 1] = word >>> 8;
  b[at + 2] = word >>> 16;
  b[at + 3] = word >>> 24;
}

/** What `a + b = sum` in 32 bits leaves over. Without a comparison: of random bits no branch is predicted. */
const carry = (a: number, b: number, sum: number): number => ((a & b) | ((a | b) & ~sum)) >>> 31;

/**
 * SipHash-2-4 of `data[start, end)` under a 16-byte key: 8 bytes into `out` at `outAt`, in the order of the
 * reference implementation's output. Allocates nothing. The caller keeps the ranges within the arrays.
 */
export function sipHash24(
  key: Uint8Array,
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outAt: number,
): void {
  const length = end - start;
  const k0l = readLe(key, 0);
  const k0h = readLe(key, 4);
  const k1l = readLe(key, 8);
  const k1h = readLe(key, 12);
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;

  // One round body serves all: whole words, then the word with the length, then the finalisation.
  const words = length >>> 3;
  for (let i = 0; i <= words + 1; i++) {
    let ml = 0;
    let mh = 0;
    let rounds = 2;
    const at = start + i * 8;
    if (i < words) {
      ml = readLe(data, at);
      mh = readLe(data, at + 4);
    } else if (i === words) {
      ml = readTail(data, at, end);
      mh = readTail(data, at + 4, end) | ((length & 0xff) << 24);
    } else {
      v2l ^= 0xff;
      rounds = 4;
    }
    v3l ^= ml;
    v3h ^= mh;
    for (; rounds > 0; rounds--) {
      let t = 0;
      // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
      t = (v0l + v1l) | 0;
      v0h = (v0h + v1h + carry(v0l, v1l, t)) | 0;
      v0l = t;
      t = v1l;
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = ((v1h << 13) | (t >>> 19)) ^ v0h;
      t = v0l;
      v0l = v0h;
      v0h = t;
      // v2 += v3; v3 = rotl(v3, 16) ^ v2
      t = (v2l + v3l) | 0;
      v2h = (v2h + v3h + carry(v2l, v3l, t)) | 0;
      v2l = t;
      t = v3l;
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = ((v3h << 16) | (t >>> 16)) ^ v2h;
      // v0 += v3; v3 = rotl(v3, 21) ^ v0
      t = (v0l + v3l) | 0;
      v0h = (v0h + v3h + carry(v0l, v3l, t)) | 0;
      v0l = t;
      t = v3l;
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = ((v3h << 21) | (t >>> 11)) ^ v0h;
      // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
      t = (v2l + v1l) | 0;
      v2h = (v2h + v1h + carry(v2l, v1l, t)) | 0;
      v2l = t;
      t = v1l;
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = ((v1h << 17) | (t >>> 15)) ^ v2h;
      t = v2l;
      v2l = v2h;
      v2h = t;
    }
    v0l ^= ml;
    v0h ^= mh;
  }
  writeLe(out, outAt, v0l ^ v1l ^ v2l ^ v3l);
  writeLe(out, outAt + 4, v0h ^ v1h ^ v2h ^ v3h);
}
