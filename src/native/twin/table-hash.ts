import { randomFillSync } from 'node:crypto';

/** Two words nobody outside knows, so that nobody can choose ids that collide. */
export interface TableSecret {
  readonly k0: number;
  readonly k1: number;
}

export function drawSecret(): TableSecret {
  const words = randomFillSync(new Int32Array(2));
  return { k0: words[0] as number, k1: words[1] as number };
}

/**
 * HalfSipHash-1-3 over the first `words` (at most 4) of the given 32-bit words, without the length word since a
 * table's keys are all of one width. 32 bits, unsigned.
 */
export function tableHash(secret: TableSecret, words: number, a: number, b: number, c: number, d: number): number {
  let v0 = secret.k0;
  let v1 = secret.k1;
  let v2 = secret.k0 ^ 0x6c796765;
  let v3 = secret.k1 ^ 0x74656462;
  for (let i = 0; i < words + 3; i++) {
    let m = 0;
    if (i < words) m = i === 0 ? a : i === 1 ? b : i === 2 ? c : d;
    else if (i === words) v2 ^= 0xff;
    v3 ^= m;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= m;
  }
  return (v1 ^ v3) >>> 0;
}
