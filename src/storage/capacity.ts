import { statfsSync } from 'node:fs';
import type { StoreOp } from '../ports/store.js';

export interface CapacityOptions {
  /** Cap of the live pages in bytes. The file may be larger by the pages that copy-on-write leaves free. */
  readonly maxBytes: number;
  readonly pageBytes: number;
  /** Live pages of the whole environment now. Costs a few calls into the engine. */
  readonly livePages: () => number;
  /** Bytes free for us on the file system. */
  readonly freeBytes: () => number;
}

/**
 * Kept free on the disk and under the cap: batches that only delete may use it, so a full store can always shrink
 * although copy-on-write needs new pages first.
 */
const RESERVE_BYTES = 1024 * 1024;

// A batch copies the path to each leaf it touches; deep paths share their upper pages.
const COPIED_PAGES_MAX = 256;
const NODE_HEADER_BYTES = 8;
const PAGE_HEADER_BYTES = 16;

/**
 * Admits a batch or says why not, before LMDB meets the limit itself: LMDB grows its map without asking, and a disk
 * that fills in the middle of a commit costs a failed transaction. Estimates err on the large side.
 */
export class Capacity {
  readonly #options: CapacityOptions;
  // Upper bound of the live pages; measured again only when it comes near the cap.
  #liveMax = Number.POSITIVE_INFINITY;

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /** Why the batch does not fit, or `undefined` when it does (its growth is then counted). */
  refuse(ops: readonly StoreOp[]): string | undefined {
    const { maxBytes, pageBytes, livePages, freeBytes } = this.#options;
    const growth = growthPages(ops, pageBytes);
    if (growth === 0) return undefined;
    const cap = Math.floor((maxBytes - Math.min(RESERVE_BYTES, maxBytes / 8)) / pageBytes);
    if (this.#liveMax + growth > cap) this.#liveMax = livePages();
    if (this.#liveMax + growth > cap) return `its cap is ${maxBytes} bytes`;
    const needed = (growth + Math.min(ops.length, COPIED_PAGES_MAX)) * pageBytes + RESERVE_BYTES;
    const free = freeBytes();
    if (free < needed) return `the disk has ${free} bytes left and ${needed} are needed`;
    this.#liveMax += growth;
    return undefined;
  }

  /** Whether a failed write may be put down to a full disk. */
  diskIsTight(): boolean {
    return this.#options.freeBytes() < 2 * RESERVE_BYTES;
  }
}

/** Pages that the puts of a batch may add, at worst; 0 when it only deletes. */
function growthPages(ops: readonly StoreOp[], pageBytes: number): number {
  const inlineMax = Math.floor((pageBytes - PAGE_HEADER_BYTES) / 2) - 2;
  let puts = 0;
  let inline = 0;
  let overflow = 0;
  for (const op of ops) {
    if (op.op === 'delete') continue;
    puts += 1;
    const node = NODE_HEADER_BYTES + op.key.length + op.value.length;
    if (node <= inlineMax) inline += node + 2;
    else {
      overflow += Math.ceil((PAGE_HEADER_BYTES + op.value.length) / pageBytes);
      inline += NODE_HEADER_BYTES * 2 + op.key.length + 2;
    }
  }
  // A leaf that splits is left half full.
  return puts === 0 ? 0 : overflow + Math.ceil((2 * inline) / pageBytes) + 2;
}

/** Bytes that an unprivileged process may still write on the file system of `path`. */
export function freeBytesAt(path: string): number {
  const stats = statfsSync(path);
  return Number(stats.bavail) * Number(stats.bsize);
}
