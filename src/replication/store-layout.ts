import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Store, StoreOp } from '../ports/store.js';
import {
  type Record,
  RecordSchema,
  type SignedBatch,
  SignedBatchSchema,
  type SignedTombstone,
  SignedTombstoneSchema,
} from '../wire/gen/edge_pb.js';
import { encodeEntry, type IndexEntry } from './index-entry.js';
import { keyText, type RecordKey } from './keys.js';

/**
 * Spaces of the store. `index` has one short row for each record and tombstone; `body` the Record (its `batch` field
 * is unused) or the SignedTombstone; `batch` each SignedBatch once; `exact` the float32 vectors of own detections.
 */
export const WeaveSpace = {
  Index: 'weave.index',
  Body: 'weave.body',
  Batch: 'weave.batch',
  Exact: 'weave.exact',
} as const;

/** The reading half of the store. */
export type StoreReader = Pick<Store, 'get' | 'look' | 'range' | 'count'>;

const put = (space: string, key: bigint, value: Uint8Array): StoreOp => ({
  op: 'put',
  space,
  key: keyText(key),
  value,
});
const remove = (space: string, key: bigint): StoreOp => ({ op: 'delete', space, key: keyText(key) });

/** `exact` is written when given, and an older one of the key deleted when `hadExact`. */
export function recordOps(
  entry: IndexEntry,
  body: Record,
  exact: Uint8Array | undefined,
  hadExact: boolean,
): StoreOp[] {
  const ops = [
    put(WeaveSpace.Index, entry.key, encodeEntry(entry)),
    put(WeaveSpace.Body, entry.key, toBinary(RecordSchema, body)),
  ];
  if (exact) ops.push(put(WeaveSpace.Exact, entry.key, exact));
  else if (hadExact) ops.push(remove(WeaveSpace.Exact, entry.key));
  return ops;
}

export const tombstoneOps = (entry: IndexEntry, body: SignedTombstone): StoreOp[] => [
  put(WeaveSpace.Index, entry.key, encodeEntry(entry)),
  put(WeaveSpace.Body, entry.key, toBinary(SignedTombstoneSchema, body)),
];

export const removeOps = (key: RecordKey, hadExact: boolean): StoreOp[] => [
  remove(WeaveSpace.Index, key),
  remove(WeaveSpace.Body, key),
  ...(hadExact ? [remove(WeaveSpace.Exact, key)] : []),
];

export const batchOp = (ref: bigint, batch: SignedBatch): StoreOp =>
  put(WeaveSpace.Batch, ref, toBinary(SignedBatchSchema, batch));

export const removeBatchOp = (ref: bigint): StoreOp => remove(WeaveSpace.Batch, ref);

export const bytesOf = (ops: readonly StoreOp[]): number =>
  ops.reduce((sum, op) => sum + op.key.length + (op.op === 'put' ? op.value.length : 0), 0);

export const readRecord = (store: StoreReader, key: RecordKey): Record | undefined =>
  parsed(store.get(WeaveSpace.Body, keyText(key)), (bytes) => fromBinary(RecordSchema, bytes));

/** What `read` makes of it as it is stored, for who needs a part of it only (`record-parts.ts`). */
export const lookAtRecord = <T>(store: StoreReader, key: RecordKey, read: (bytes: Uint8Array) => T): T | undefined =>
  store.look(WeaveSpace.Body, keyText(key), read);

export const readTombstone = (store: StoreReader, key: RecordKey): SignedTombstone | undefined =>
  parsed(store.get(WeaveSpace.Body, keyText(key)), (bytes) => fromBinary(SignedTombstoneSchema, bytes));

export const readBatch = (store: StoreReader, ref: bigint): SignedBatch | undefined =>
  parsed(store.get(WeaveSpace.Batch, keyText(ref)), (bytes) => fromBinary(SignedBatchSchema, bytes));

/** What `read` makes of the bytes of an exact vector. */
export const lookAtExact = <T>(store: StoreReader, key: RecordKey, read: (bytes: Uint8Array) => T): T | undefined =>
  store.look(WeaveSpace.Exact, keyText(key), read);

function parsed<T>(bytes: Uint8Array | undefined, parse: (bytes: Uint8Array) => T): T | undefined {
  if (bytes === undefined) return undefined;
  try {
    return parse(bytes);
  } catch {
    return undefined;
  }
}
