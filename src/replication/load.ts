import type { Hlc } from '../core/hlc.js';
import type { BatchRefs } from './batch-refs.js';
import { decodeEntry } from './index-entry.js';
import { keyOfText, keyText } from './keys.js';
import type { Registry } from './registry.js';
import { type StoreReader, WeaveSpace } from './store-layout.js';

const PAGE = 2_000;

export interface Loaded {
  readonly newest: Hlc;
  /** Rows of the index that were not readable, and are left alone. */
  readonly unreadable: number;
}

/** Rebuilds the registry from the store's index, without reading a body. */
export function loadRegistry(store: StoreReader, registry: Registry, batches: BatchRefs): Loaded {
  let newest = 0n;
  let unreadable = 0;
  for (const { key, value } of pages(store, WeaveSpace.Index)) {
    const entry = decodeEntry(key, value);
    if (!entry || !registry.hasRoom(entry)) {
      unreadable += 1;
      continue;
    }
    registry.put(entry);
    if (entry.hlc > newest) newest = entry.hlc;
    if (entry.batch === 0n) continue;
    batches.take(entry.batch);
    batches.durable(entry.batch);
  }
  forgetOrphans(store, batches);
  return { newest, unreadable };
}

/** Batches whose records are gone, left behind by a stop at the wrong moment: deleted with the next write. */
function forgetOrphans(store: StoreReader, batches: BatchRefs): void {
  if (store.count(WeaveSpace.Batch) <= batches.size) return;
  for (const { key } of pages(store, WeaveSpace.Batch)) {
    if (batches.has(key)) continue;
    batches.take(key);
    batches.give(key);
  }
}

function* pages(store: StoreReader, space: string): Generator<{ readonly key: bigint; readonly value: Uint8Array }> {
  for (let from = keyText(0n); ; ) {
    const page = store.range(space, { from, limit: PAGE });
    let last: bigint | undefined;
    for (const { key, value } of page) {
      const read = keyOfText(key);
      if (read === undefined) continue;
      last = read;
      yield { key: read, value };
    }
    if (page.length < PAGE || last === undefined || last === 0xffff_ffff_ffff_ffffn) return;
    from = keyText(last + 1n);
  }
}
