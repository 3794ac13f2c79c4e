import { fromBinary } from '@bufbuild/protobuf';
import { type RecordCore, RecordCoreSchema } from '../wire/gen/edge_pb.js';
import { RowFlag } from './columns.js';
import type { RecordSummary } from './effects.js';
import type { RecordKey } from './keys.js';
import type { Registry } from './registry.js';
import { readRecord, type StoreReader } from './store-layout.js';

export function summaryOf(registry: Registry, row: number): RecordSummary {
  const c = registry.columns;
  const flags = c.flags[row] as number;
  const space = registry.spaces.text(c.space[row] as number);
  return {
    key: registry.key(row),
    node: registry.node(row),
    type: registry.types.text(c.type[row] as number),
    ...(space ? { space } : {}),
    observedAt: c.observed[row] as number,
    expiresAt: c.expires[row] as number,
    contentVersion: c.content[row] as number,
    vector: flags & RowFlag.Exact ? 'exact' : flags & RowFlag.Int8 ? 'int8' : 'none',
    typeNumber: c.type[row] as number,
    nodeNumber: c.node[row] as number,
  };
}

export function coreOf(store: StoreReader, key: RecordKey): RecordCore | undefined {
  const record = readRecord(store, key);
  if (!record) return undefined;
  try {
    return fromBinary(RecordCoreSchema, record.core);
  } catch {
    return undefined;
  }
}

export const hashOf = (store: StoreReader, key: RecordKey): Uint8Array | undefined => coreOf(store, key)?.hash;
