import { bigOfHalves } from './keys.js';

const PREFIX_LEVELS = [0, 4, 8, 12] as const;
export const DEEPEST_BITS = 12;
export const BUCKETS = 1 << DEEPEST_BITS;

/** Where the nodes of each level start in the flat arrays. */
const START = { 0: 0, 4: 1, 8: 17, 12: 273 } as const;
const NODES = 273 + BUCKETS;

export interface PrefixPrint {
  readonly count: number;
  /** Of the digests of all records under the prefix, modulo 2^64. */
  readonly sum: bigint;
}

export const isLevel = (bits: number): bits is 0 | 4 | 8 | 12 => bits === 0 || bits === 4 || bits === 8 || bits === 12;

export const bucketOf = (keyHi: number): number => keyHi >>> 20;

/**
 * A 16-ary tree over the first 12 bits of the keys: how many records lie under each prefix, and the sum of their
 * digests. A sum is updated in place, in any order, and equal sets have equal sums.
 */
export class FingerprintTree {
  readonly #count = new Uint32Array(NODES);
  readonly #hi = new Uint32Array(NODES);
  readonly #lo = new Uint32Array(NODES);

  add(keyHi: number, digestHi: number, digestLo: number): void {
    for (const bits of PREFIX_LEVELS) {
      const node = nodeOf(bits === 0 ? 0 : keyHi >>> (32 - bits), bits);
      const lo = (this.#lo[node] as number) + digestLo;
      this.#lo[node] = lo;
      this.#hi[node] = (this.#hi[node] as number) + digestHi + (lo > 0xffff_ffff ? 1 : 0);
      this.#count[node] = (this.#count[node] as number) + 1;
    }
  }

  remove(keyHi: number, digestHi: number, digestLo: number): void {
    for (const bits of PREFIX_LEVELS) {
      const node = nodeOf(bits === 0 ? 0 : keyHi >>> (32 - bits), bits);
      const lo = (this.#lo[node] as number) - digestLo;
      this.#lo[node] = lo;
      this.#hi[node] = (this.#hi[node] as number) - digestHi - (lo < 0 ? 1 : 0);
      this.#count[node] = (this.#count[node] as number) - 1;
    }
  }

  print(prefix: number, bits: 0 | 4 | 8 | 12): PrefixPrint {
    const node = nodeOf(prefix, bits);
    return { count: this.#count[node] as number, sum: bigOfHalves(this.#hi[node] as number, this.#lo[node] as number) };
  }

  /** 32 bits of the root: equal for equal sets, 0 for the empty one. */
  digest(): number {
    const mixed = Math.imul((this.#hi[0] as number) ^ Math.imul(this.#lo[0] as number, 0x85eb_ca77), 0x9e37_79b1);
    return (mixed ^ (mixed >>> 16) ^ Math.imul(this.#count[0] as number, 0x27d4_eb2f)) >>> 0;
  }
}

const nodeOf = (prefix: number, bits: 0 | 4 | 8 | 12): number => START[bits] + prefix;
