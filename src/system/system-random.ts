import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/random.js';
import { drawBelow } from './seeded-random.js';

const POOL_WORDS = 1_024;
const TWO_32 = 0x1_0000_0000;

/** The kernel's randomness, drawn 4 KiB at a time. Its forks are independent but, having no seed, not repeatable. */
export function systemRandom(): Random {
  return new SystemRandom();
}

class SystemRandom implements Random {
  readonly #pool = new Uint32Array(POOL_WORDS);
  #used = POOL_WORDS;

  u32(): number {
    if (this.#used === POOL_WORDS) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    return this.#pool[this.#used++] as number;
  }

  below(bound: number): number {
    return drawBelow(bound, () => this.u32());
  }

  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }

  chance(probability: number): boolean {
    return this.u32() / TWO_32 < probability;
  }

  fork(_label: string): Random {
    return new SystemRandom();
  }
}
