import type { Instant } from '../core/machine.js';
import { type DripItem, dripBody } from './drip-items.js';

/** Items in one Drip message, and its bytes: more go into further ones. */
export const ITEMS_PER_MESSAGE = 16;
const BYTES_PER_MESSAGE = 1_000;
/** Of an item beside its body. */
const ITEM_BYTES = 20;

interface Written {
  readonly items: readonly DripItem[];
  readonly body: Uint8Array;
}

const isSame = (a: readonly DripItem[], b: readonly DripItem[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

/** Drip messages of one moment: neighbours mostly lack the same, and what several are sent is written once. */
export class DripMessages {
  readonly #now: Instant;
  readonly #written: Written[] = [];

  constructor(now: Instant) {
    this.#now = now;
  }

  /** The bodies that these items take. */
  *of(items: readonly DripItem[]): Iterable<Uint8Array> {
    let batch: DripItem[] = [];
    let bytes = 0;
    for (const item of items) {
      if (batch.length >= ITEMS_PER_MESSAGE || (bytes > 0 && bytes + item.body.length > BYTES_PER_MESSAGE)) {
        yield this.#bodyOf(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(item);
      bytes += item.body.length + ITEM_BYTES;
    }
    if (batch.length > 0) yield this.#bodyOf(batch);
  }

  #bodyOf(items: readonly DripItem[]): Uint8Array {
    let same = this.#written.find((one) => isSame(one.items, items));
    if (!same) {
      same = { items, body: dripBody(items, this.#now) };
      this.#written.push(same);
    }
    return same.body;
  }
}
