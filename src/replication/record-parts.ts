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
const NONE: Uint8Array = new Uint8Array(0);

/** Of Protocol Buffers; groups, which no schema here has, are taken for a fault. */
const Wire = { Varint: 0, Bit64: 1, Delimited: 2, Bit32: 5 } as const;
const VARINT_BYTES = 10;
/** A field's number has 29 bits, and the type of its value three more. */
const TAGS = 2 ** 32;

/**
 * Steps from field to field of a message, without decoding any: a search reads dozens of records, a start all of them,
 * and the whole message takes ten times as long.
 */
class Fields {
  readonly #bytes: Uint8Array;
  /** Of the present field: its number, the type of its value, and where that lies. */
  number = 0;
  type = -1;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether the end was reached without a fault. */
  get isWhole(): boolean {
    return this.end === this.#bytes.length;
  }

  get value(): Uint8Array {
    return this.#bytes.subarray(this.start, this.end);
  }

  /** To the next field; false at the end, or where the bytes are no message. */
  next(): boolean {
    const length = this.#bytes.length;
    if (this.end >= length) return false;
    this.start = this.end;
    const tag = this.#varint();
    this.number = Math.floor(tag / 8);
    this.type = tag % 8;
    if (tag < TAGS && this.number > 0) this.end = this.#endOfValue();
    else this.end = Number.NaN;
    return this.end <= length;
  }

  /** NaN for a type of value that there is not. */
  #endOfValue(): number {
    switch (this.type) {
      case Wire.Varint: {
        const { start } = this;
        const value = this.#varint();
        const end = this.start;
        this.start = start;
        return Number.isNaN(value) ? value : end;
      }
      case Wire.Bit64:
        return this.start + 8;
      case Wire.Bit32:
        return this.start + 4;
      case Wire.Delimited: {
        const size = this.#varint();
        return this.start + size;
      }
      default:
        return Number.NaN;
    }
  }

  /** Moves `start` behind it; NaN for one that is cut short or too long. Not exact above 2⁵³. */
  #varint(): number {
    let value = 0;
    for (let i = 0, unit = 1; i < VARINT_BYTES; i++, unit *= 128) {
      const byte = this.#bytes[this.start++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  }
}

/** Of a Record in Protocol Buffers, copied; `undefined` for anything else. */
export function contentIn(record: Uint8Array): RecordContent | undefined {
  const fields = new Fields(record);
  let core: Uint8Array | undefined;
  while (fields.next()) if (fields.number === CORE && fields.type === Wire.Delimited) core = fields.value;
  if (!fields.isWhole || !core) return undefined;
  const parts = new Fields(core);
  let [hash, metadata] = [NONE, NONE];
  while (parts.next()) {
    if (parts.type !== Wire.Delimited) continue;
    if (parts.number === HASH) hash = parts.value;
    else if (parts.number === METADATA) metadata = parts.value;
  }
  return parts.isWhole ? { hash: hash.slice(), metadata: metadata.slice() } : undefined;
}

/** Of a Record in Protocol Buffers, copied; `undefined` for anything else. */
export function vectorIn(record: Uint8Array): RecordVector | undefined {
  const fields = new Fields(record);
  let int8 = NONE;
  let scale = 0;
  while (fields.next()) {
    if (fields.number === INT8 && fields.type === Wire.Delimited) int8 = fields.value;
    else if (fields.number === SCALE && fields.type === Wire.Bit32)
      scale = new DataView(record.buffer, record.byteOffset + fields.start, 4).getFloat32(0, true);
  }
  return fields.isWhole ? { int8: int8.slice(), scale } : undefined;
}
