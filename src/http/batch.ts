import type { ItemError } from '../agent/contract.js';
import { EdgeError, messageOf } from '../core/errors.js';
import { CborReader } from './cbor.js';
import { sliceArray } from './json-slices.js';
import { findFault } from './json-value.js';
import { ITEMS_PER_BATCH, VALUE_DEPTH } from './limits.js';

/** Bytes decoded in one go before other work of the process gets its turn. */
const SLICE_BYTES = 512 * 1024;

/** Decoded items with the index each had in the body, and the items that could not be decoded. */
export interface Batch {
  readonly items: readonly unknown[];
  readonly indexes: readonly number[];
  readonly rejected: readonly ItemError[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

const tooMany = (): EdgeError =>
  new EdgeError('detections.items', `more than ${ITEMS_PER_BATCH} detections in one body (limit ${ITEMS_PER_BATCH})`, {
    status: 413,
    fix: `send at most ${ITEMS_PER_BATCH} at a time`,
  });

const yieldTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Text of a body or a part of it, parsed. Throws `request.json` (400). */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new EdgeError('request.json', `the body is not JSON: ${messageOf(error).slice(0, 160)}`);
  }
}

/** Decodes a detections body of any of its four shapes. Throws for a body that is undecodable or too long as a whole. */
export async function decodeBatch(bytes: Buffer, mediaType: string): Promise<Batch> {
  if (bytes.length === 0) throw new EdgeError('request.body', 'a body with detections is needed');
  switch (mediaType) {
    case 'application/x-ndjson':
      return decodeLines(bytes);
    case 'application/cbor':
      return screen(await decodeCbor(bytes));
    default:
      return screen(await decodeJson(bytes));
  }
}

/** Sets aside items that nothing further up could walk safely. */
function screen(all: readonly unknown[], indexes = [...all.keys()], rejected: ItemError[] = []): Batch {
  const kept: unknown[] = [];
  const keptIndexes: number[] = [];
  for (const [at, item] of all.entries()) {
    const index = indexes[at] as number;
    const fault = findFault(item, VALUE_DEPTH, true);
    if (fault === undefined) {
      kept.push(item);
      keptIndexes.push(index);
    } else if (fault === 'depth') {
      const detail = `nested deeper than ${VALUE_DEPTH} (limit ${VALUE_DEPTH})`;
      rejected.push({ index, code: 'detection.depth', detail });
    } else {
      rejected.push({ index, code: 'detection.key', detail: 'has a key "__proto__"' });
    }
  }
  return { items: kept, indexes: keptIndexes, rejected };
}

function asItems(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) {
    throw new EdgeError('request.shape', 'the body must be a detection or an array of detections');
  }
  if (!Array.isArray(value)) return [value];
  if (value.length > ITEMS_PER_BATCH) throw tooMany();
  return value;
}

async function decodeJson(bytes: Buffer): Promise<readonly unknown[]> {
  const sliced = bytes.length > SLICE_BYTES ? sliceArray(bytes, ITEMS_PER_BATCH) : undefined;
  if (sliced === undefined) return asItems(parseJson(bytes));
  if (sliced.more) throw tooMany();
  const { slices } = sliced;
  if (slices.length / 2 > ITEMS_PER_BATCH) throw tooMany();
  const items: unknown[] = [];
  let turn = 0;
  for (let i = 0; i < slices.length; i += 2) {
    const end = slices[i + 1] as number;
    items.push(parseJson(bytes.subarray(slices[i], end)));
    if (end - turn > SLICE_BYTES) {
      turn = end;
      await yieldTurn();
    }
  }
  return items;
}

async function decodeLines(bytes: Buffer): Promise<Batch> {
  const items: unknown[] = [];
  const indexes: number[] = [];
  const rejected: ItemError[] = [];
  let turn = 0;
  let index = 0;
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    line++;
    const part = bytes.subarray(start, end);
    start = end + 1;
    if (isBlank(part)) continue;
    if (index === ITEMS_PER_BATCH) throw tooMany();
    try {
      items.push(parseJson(part));
      indexes.push(index);
    } catch (error) {
      rejected.push({
        index,
        code: 'detection.json',
        detail: `line ${line}: ${messageOf(error).replace('the body', 'it')}`,
      });
    }
    index++;
    if (start - turn > SLICE_BYTES) {
      turn = start;
      await yieldTurn();
    }
  }
  return screen(items, indexes, rejected);
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false;
  return true;
}

async function decodeCbor(bytes: Buffer): Promise<readonly unknown[]> {
  const reader = new CborReader(bytes);
  const array = reader.enterArray();
  if (array === undefined) {
    const value = reader.read();
    reader.end();
    return asItems(value);
  }
  const { length } = array;
  if (length !== undefined && length > ITEMS_PER_BATCH) throw tooMany();
  const items: unknown[] = [];
  let turn = 0;
  while (length === undefined || items.length < length) {
    const next = length === undefined ? reader.next() : { value: reader.read() };
    if (next === undefined) break;
    if (items.length === ITEMS_PER_BATCH) throw tooMany();
    items.push(next.value);
    if (reader.at - turn > SLICE_BYTES) {
      turn = reader.at;
      await yieldTurn();
    }
  }
  reader.end();
  return items;
}
