import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Fingerprint,
  FingerprintsSchema,
  HaveSchema,
  type Record,
  RecordSchema,
  RecordsSchema,
  type SignedBatch,
  type SignedTombstone,
  WantSchema,
} from '../wire/gen/edge_pb.js';
import { bigOf, hiOf, loOf, type RecordKey } from './keys.js';
import { MAX_PAYLOAD_TARGET, MAX_RECORDS_BYTES, MAX_RECORDS_PER_MESSAGE } from './limits.js';

export const ENTRY_BYTES = 12;
const KEY_BYTES = 8;

export interface Entry {
  readonly key: RecordKey;
  /** First four bytes of the version's digest. */
  readonly digest: number;
}

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, { key, digest }] of entries.entries()) {
    view.setUint32(i * ENTRY_BYTES, hiOf(key));
    view.setUint32(i * ENTRY_BYTES + 4, loOf(key));
    view.setUint32(i * ENTRY_BYTES + 8, digest);
  }
  return bytes;
}

/** `undefined` when the bytes are not whole entries. */
export function decodeEntries(bytes: Uint8Array): Entry[] | undefined {
  if (bytes.length % ENTRY_BYTES !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES)
    entries.push({ key: bigOf(bytes, at), digest: view.getUint32(at + 8) });
  return entries;
}

/** Have bodies of at most `MAX_PAYLOAD_TARGET` bytes. */
export const packHaves = (entries: readonly Entry[]): Uint8Array[] =>
  chunks(entries, Math.floor(MAX_PAYLOAD_TARGET / ENTRY_BYTES)).map((part) =>
    toBinary(HaveSchema, create(HaveSchema, { entries: encodeEntries(part) })),
  );

export const packWants = (keys: readonly RecordKey[]): Uint8Array[] =>
  chunks(keys, Math.floor(MAX_PAYLOAD_TARGET / KEY_BYTES)).map((part) => {
    const bytes = new Uint8Array(part.length * KEY_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [i, key] of part.entries()) view.setBigUint64(i * KEY_BYTES, key);
    return toBinary(WantSchema, create(WantSchema, { keys: bytes }));
  });

export const parseHave = (body: Uint8Array): Entry[] | undefined =>
  sound(() => decodeEntries(fromBinary(HaveSchema, body).entries));

export const parseWant = (body: Uint8Array): RecordKey[] | undefined =>
  sound(() => {
    const { keys } = fromBinary(WantSchema, body);
    if (keys.length % KEY_BYTES !== 0) return undefined;
    return Array.from({ length: keys.length / KEY_BYTES }, (_, i) => bigOf(keys, i * KEY_BYTES));
  });

export const parseRecords = (body: Uint8Array) => sound(() => fromBinary(RecordsSchema, body));

export const parseFingerprints = (body: Uint8Array) => sound(() => fromBinary(FingerprintsSchema, body).parts);

/** An upper bound of what a part takes in its message. */
export const partBytes = (part: Pick<Fingerprint, 'entries'>): number => 24 + part.entries.length;

/** Fingerprints bodies near `MAX_PAYLOAD_TARGET` bytes; a single long listing makes a longer one. */
export function packParts(parts: readonly Fingerprint[]): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  let group: Fingerprint[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (group.length > 0) bodies.push(toBinary(FingerprintsSchema, create(FingerprintsSchema, { parts: group })));
    group = [];
    bytes = 0;
  };
  for (const part of parts) {
    const size = partBytes(part);
    if (bytes + size > MAX_PAYLOAD_TARGET) flush();
    group.push(part);
    bytes += size;
  }
  flush();
  return bodies;
}

export type Outgoing =
  | { readonly record: Record; readonly ref: bigint; readonly batch: SignedBatch }
  | { readonly tombstone: SignedTombstone };

/** Records bodies within the limits on items and bytes; each carries every batch it needs once. */
export function packRecords(items: readonly Outgoing[]): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  let message = create(RecordsSchema);
  let batches = new Map<bigint, number>();
  let bytes = 0;
  const count = (): number => message.records.length + message.tombstones.length;
  const flush = (): void => {
    if (count() > 0) bodies.push(toBinary(RecordsSchema, message));
    message = create(RecordsSchema);
    batches = new Map();
    bytes = 0;
  };
  for (const item of items) {
    const size = outgoingBytes(item, batches);
    if (count() >= MAX_RECORDS_PER_MESSAGE || bytes + size > MAX_RECORDS_BYTES) flush();
    bytes += outgoingBytes(item, batches);
    if ('tombstone' in item) {
      message.tombstones.push(item.tombstone);
      continue;
    }
    let batch = batches.get(item.ref);
    if (batch === undefined) {
      batch = message.batches.push(item.batch) - 1;
      batches.set(item.ref, batch);
    }
    message.records.push(create(RecordSchema, { ...item.record, batch }));
  }
  flush();
  return bodies;
}

function outgoingBytes(item: Outgoing, batches: ReadonlyMap<bigint, number>): number {
  if ('tombstone' in item) return item.tombstone.body.length + 80;
  const { core, path, int8 } = item.record;
  const batch = batches.has(item.ref) ? 0 : item.batch.body.length + 80;
  return core.length + path.length * 34 + int8.length + batch + 32;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}

function sound<T>(parse: () => T | undefined): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
