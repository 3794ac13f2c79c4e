import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { RecordCoreSchema, RecordSchema } from '../wire/gen/edge_pb.js';

/** What search tells of a record beside its columns. */
export interface RecordContent {
  readonly hash: Uint8Array;
  /** JSON; empty without any. */
  readonly metadata: Uint8Array;
}

export interface RecordVector {
  /** Empty when the vector is not held as int8. */
  readonly int8: Uint8Array;
  readonly scale: number;
}

const CORE = RecordSchema.field.core.number;
const INT8 = RecordSchema.field.int8.number;
const SCALE = RecordSchema.field.scale.number;
const HASH = RecordCoreSchema.field.hash.number;
const METADATA = RecordCoreSchema.field.metadata.number;
const NONE = new Uint8Array(0);

/**
 * Walks the fields of a message and lets `take` read those it wants, in a fifth of the time that the whole message
 * takes: a search reads dozens of records, a start all of them. False for bytes that are no message.
 */
function walk(bytes: Uint8Array, take: (field: number, type: WireType, reader: BinaryReader) => boolean): boolean {
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (!take(field, type, reader)) reader.skip(type, field);
    }
    return reader.pos === reader.len;
  } catch {
    return false;
  }
}

/** Of a Record in Protocol Buffers; `undefined` for anything else. Views of `record`. */
export function contentIn(record: Uint8Array): RecordContent | undefined {
  let core: Uint8Array | undefined;
  const isWhole = walk(record, (field, type, reader) => {
    if (field !== CORE || type !== WireType.LengthDelimited) return false;
    core = reader.bytes();
    return true;
  });
  if (!isWhole || !core) return undefined;
  const content = { hash: NONE as Uint8Array, metadata: NONE as Uint8Array };
  const isCore = walk(core, (field, type, reader) => {
    if (type !== WireType.LengthDelimited) return false;
    if (field === HASH) content.hash = reader.bytes();
    else if (field === METADATA) content.metadata = reader.bytes();
    else return false;
    return true;
  });
  return isCore ? content : undefined;
}

/** Of a Record in Protocol Buffers; `undefined` for anything else. A view of `record`. */
export function vectorIn(record: Uint8Array): RecordVector | undefined {
  const vector = { int8: NONE as Uint8Array, scale: 0 };
  const isWhole = walk(record, (field, type, reader) => {
    if (field === INT8 && type === WireType.LengthDelimited) vector.int8 = reader.bytes();
    else if (field === SCALE && type === WireType.Bit32) vector.scale = reader.float();
    else return false;
    return true;
  });
  return isWhole ? vector : undefined;
}
