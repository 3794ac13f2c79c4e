import { messageOf } from '../core/errors.js';
import { usage } from './report.js';

/** What one POST of detections always takes. */
export const BATCH_ITEMS = 1_000;
export const BATCH_BYTES = 15 * 2 ** 20;
/** JSON and CBOR files are read whole. */
const MAX_WHOLE_FILE_BYTES = 256 * 2 ** 20;

export type PushFormat = 'json' | 'ndjson' | 'cbor';

export interface Batch {
  readonly body: string | Uint8Array;
  readonly contentType: string;
  readonly items: number;
  /** Bytes of the input read so far. */
  readonly readBytes: number;
}

type Chunks = AsyncIterable<Uint8Array>;

const NDJSON = 'application/x-ndjson';

/** Gathers encoded items into batches that keep both limits. An item that is too large by itself is refused. */
class Gatherer<Item> {
  #items: Item[] = [];
  #bytes = 0;
  #taken = 0;

  /** The batch that is full without the new item, if any. */
  add(item: Item, bytes: number): readonly Item[] | undefined {
    this.#taken += 1;
    if (bytes > BATCH_BYTES) {
      throw usage(`Item ${this.#taken} has ${bytes} bytes; one detection has at most ${BATCH_BYTES}.`);
    }
    const isFull = this.#items.length >= BATCH_ITEMS || this.#bytes + bytes > BATCH_BYTES;
    const full = isFull ? this.take() : undefined;
    this.#items.push(item);
    this.#bytes += bytes;
    return full;
  }

  take(): readonly Item[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    return items;
  }
}

const lineBatch = (lines: readonly string[], readBytes: number): Batch => ({
  body: `${lines.join('\n')}\n`,
  contentType: NDJSON,
  items: lines.length,
  readBytes,
});

/** Lines go to the agent as they are; it names the ones that are wrong. Empty lines are passed over. */
async function* ndjsonBatches(chunks: Chunks): AsyncGenerator<Batch> {
  const decoder = new TextDecoder();
  const gathered = new Gatherer<string>();
  let rest = '';
  let readBytes = 0;
  for await (const chunk of chunks) {
    readBytes += chunk.length;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() as string;
    if (rest.length > BATCH_BYTES)
      throw usage('A line is longer than a batch may be: this is not NDJSON.', 'Use --format json for JSON.');
    for (const line of lines) {
      if (line.trim() === '') continue;
      const full = gathered.add(line, Buffer.byteLength(line) + 1);
      if (full) yield lineBatch(full, readBytes);
    }
  }
  rest += decoder.decode();
  if (rest.trim() !== '') {
    const full = gathered.add(rest, Buffer.byteLength(rest) + 1);
    if (full) yield lineBatch(full, readBytes);
  }
  const last = gathered.take();
  if (last.length > 0) yield lineBatch(last, readBytes);
}

/** A JSON file with one detection or an array of them. */
async function* jsonBatches(chunks: Chunks): AsyncGenerator<Batch> {
  const bytes = await whole(chunks);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw usage(`The input is not JSON: ${messageOf(error)}`, 'One object a line is NDJSON: use --format ndjson.');
  }
  const gathered = new Gatherer<string>();
  for (const item of Array.isArray(value) ? value : [value]) {
    const line = JSON.stringify(item);
    const full = gathered.add(line, Buffer.byteLength(line) + 1);
    if (full) yield lineBatch(full, bytes.length);
  }
  const last = gathered.take();
  if (last.length > 0) yield lineBatch(last, bytes.length);
}

/** A CBOR file: an array of detections, or detections one after the other. */
async function* cborBatches(chunks: Chunks): AsyncGenerator<Batch> {
  const { Encoder } = await import('cbor-x');
  const codec = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });
  const bytes = await whole(chunks);
  const values: unknown[] = [];
  try {
    codec.decodeMultiple(bytes, (value: unknown) => {
      values.push(value);
    });
  } catch (error) {
    throw usage(`The input is not CBOR: ${messageOf(error)}`, 'Name its format with --format.');
  }
  const batch = (items: readonly Uint8Array[]): Batch => ({
    body: Buffer.concat([arrayHead(items.length), ...items]),
    contentType: 'application/cbor',
    items: items.length,
    readBytes: bytes.length,
  });
  const gathered = new Gatherer<Uint8Array>();
  for (const value of values) {
    for (const item of Array.isArray(value) ? value : [value]) {
      const encoded = Uint8Array.from(codec.encode(item));
      const full = gathered.add(encoded, encoded.length);
      if (full) yield batch(full);
    }
  }
  const last = gathered.take();
  if (last.length > 0) yield batch(last);
}

/** The head of a CBOR array (RFC 8949, major type 4) of at most 65,535 items. */
const arrayHead = (items: number): Uint8Array => Uint8Array.of(0x99, items >>> 8, items & 0xff);

async function whole(chunks: Chunks): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_WHOLE_FILE_BYTES) {
      throw usage(
        `The input is larger than ${MAX_WHOLE_FILE_BYTES} bytes.`,
        'Give it as NDJSON, which is read piece by piece.',
      );
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

const BY_EXTENSION: Readonly<Record<string, PushFormat>> = {
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  cbor: 'cbor',
};

/** The format by the name of the file, else by how the input begins. */
export function guessFormat(file: string, start: Uint8Array): PushFormat {
  const named = BY_EXTENSION[file.slice(file.lastIndexOf('.') + 1).toLowerCase()];
  if (named) return named;
  const text = Buffer.from(start).toString('utf8').trimStart();
  if (text.startsWith('[')) return 'json';
  if (!text.startsWith('{')) return 'cbor';
  // One object over several lines is JSON; one that ends within its line is NDJSON.
  return /^\{\s*$/.test(text.split('\n')[0] as string) ? 'json' : 'ndjson';
}

/** The chunks again, with the first one seen. */
export async function peeked(chunks: Chunks): Promise<{ readonly start: Uint8Array; readonly chunks: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = first.done ? new Uint8Array() : first.value;
  async function* again(): AsyncGenerator<Uint8Array> {
    if (first.done) return;
    yield start;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return { start, chunks: again() };
}

export function batchesOf(format: PushFormat, chunks: Chunks): AsyncGenerator<Batch> {
  if (format === 'cbor') return cborBatches(chunks);
  return format === 'json' ? jsonBatches(chunks) : ndjsonBatches(chunks);
}
