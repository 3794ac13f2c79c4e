import test from 'ava';
import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { EdgeError } from '../core/errors.js';
import { BATCH_BYTES, BATCH_ITEMS, type Batch, batchesOf, guessFormat, type PushFormat, peeked } from './batches.js';

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function batches(format: PushFormat, input: string | Uint8Array, size = 1_000): Promise<Batch[]> {
  const all: Batch[] = [];
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  for await (const batch of batchesOf(format, chunked(bytes, size))) all.push(batch);
  return all;
}

const linesOf = (all: readonly Batch[]): string[] => all.flatMap(({ body }) => String(body).trimEnd().split('\n'));

test('lines come through unchanged and in order, wherever the chunks end', async (t) => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      async (lines, size) => {
        const seen = linesOf(await batches('ndjson', lines.join('\n'), size));
        return JSON.stringify(seen) === JSON.stringify(lines);
      },
    ),
  );
  t.pass();
});

test('no batch has more than 1,000 items or 15 MiB', async (t) => {
  const many = await batches('ndjson', '{}\n'.repeat(2_500));
  t.deepEqual(
    many.map(({ items }) => items),
    [BATCH_ITEMS, BATCH_ITEMS, 500],
  );
  const large = `${JSON.stringify('x'.repeat(4 * 2 ** 20))}\n`.repeat(5);
  const few = await batches('ndjson', large, 2 ** 20);
  t.deepEqual(
    few.map(({ items }) => items),
    [3, 2],
  );
  for (const { body } of few) t.true(body.length <= BATCH_BYTES);
});

test('a JSON array is pushed item by item, one object as one', async (t) => {
  t.deepEqual(linesOf(await batches('json', '[{"a":1},\n{"b":2}]')), ['{"a":1}', '{"b":2}']);
  t.deepEqual(linesOf(await batches('json', '{\n"a":1}')), ['{"a":1}']);
});

test('CBOR items keep their float32 vectors, from an array as from a sequence', async (t) => {
  const codec = new Encoder({ useRecords: false });
  const vector = Float32Array.of(1.5, -2, 3);
  const item = { hash: 'aa', embedding: vector };
  for (const input of [codec.encode([item, item]), Buffer.concat([codec.encode(item), codec.encode(item)])]) {
    const [batch] = await batches('cbor', Uint8Array.from(input));
    t.is(batch?.items, 2);
    t.is(batch?.contentType, 'application/cbor');
    const decoded = codec.decode(Buffer.from(batch?.body as Uint8Array));
    t.is(decoded.length, 2);
    t.deepEqual(decoded[1].embedding, vector);
  }
});

test('input that is not what it should be is wrong usage, never a crash', async (t) => {
  const garbage = fc.oneof(
    fc.uint8Array(),
    fc.string().map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(garbage, fc.constantFrom<PushFormat>('json', 'cbor', 'ndjson'), async (bytes, format) => {
      try {
        await batches(format, bytes, 7);
        return true;
      } catch (error) {
        return error instanceof EdgeError && error.code === 'cli.usage';
      }
    }),
  );
  t.pass();
});

test('the format is known by the name, else by the first bytes', async (t) => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  t.is(guessFormat('a.JSON', bytes('')), 'json');
  t.is(guessFormat('a.jsonl', bytes('[')), 'ndjson');
  t.is(guessFormat('-', bytes('  [{')), 'json');
  t.is(guessFormat('-', bytes('{"a":1}\n{')), 'ndjson');
  t.is(guessFormat('-', bytes('{\n "a"')), 'json');
  t.is(guessFormat('-', Uint8Array.of(0x82, 0xa1)), 'cbor');
  const { start, chunks } = await peeked(chunked(bytes('abcdef'), 2));
  t.deepEqual(start, bytes('ab'));
  let whole = '';
  for await (const chunk of chunks) whole += Buffer.from(chunk).toString();
  t.is(whole, 'abcdef');
});
