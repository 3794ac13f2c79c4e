import type { Outbox } from './effects.js';
import type { RecordKey } from './keys.js';
import { MAX_SERVED_KEYS } from './limits.js';
import type { Outgoing } from './packing.js';
import type { Peer } from './peer.js';
import type { Registry } from './registry.js';
import { readBatch, readRecord, readTombstone, type StoreReader } from './store-layout.js';

/** What is held of the wanted keys, within the neighbour's rate. What is not held is left unanswered. */
export function serve(
  registry: Registry,
  store: StoreReader,
  keys: readonly RecordKey[],
  peer: Peer,
  now: number,
  out: Outbox,
): Outgoing[] {
  const items: Outgoing[] = [];
  if (keys.length > MAX_SERVED_KEYS) out.count('weave.oversized', keys.length - MAX_SERVED_KEYS);
  for (const key of keys.slice(0, MAX_SERVED_KEYS)) {
    const row = registry.row(key);
    if (row < 0) continue;
    if (!peer.served.take(now)) {
      out.count('weave.serve-rate');
      break;
    }
    const item = read(registry, store, key, row);
    if (item) items.push(item);
    else out.count('weave.unreadable');
  }
  return items;
}

function read(registry: Registry, store: StoreReader, key: RecordKey, row: number): Outgoing | undefined {
  if (registry.isTombstone(row)) {
    const tombstone = readTombstone(store, key);
    return tombstone && { tombstone };
  }
  const record = readRecord(store, key);
  const ref = registry.columns.batch[row] as bigint;
  const batch = record && readBatch(store, ref);
  return record && batch && { record, ref, batch };
}
