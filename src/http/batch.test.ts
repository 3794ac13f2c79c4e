import test from 'ava';
import fc from 'fast-check';
import { EdgeError } from '../core/errors.js';
import { decodeBatch } from './batch.js';
import { sliceArray } from './json-slices.js';
import { ITEMS_PER_BATCH } from './limits.js';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function bySlices(bytes: Buffer): unknown {
  const sliced = sliceArray(bytes, Number.MAX_SAFE_INTEGER);
  if (sliced === undefined) return 'not sliced';
  const values: unknown[] = [];
  for (let i = 0; i < sliced.slices.length; i += 2) {
    try {
      values.push(JSON.parse(bytes.subarray(sliced.slices[i], sliced.slices[i + 1]).toString()));
    } catch {
      return 'malformed';
    }
  }
  return values;
}

test('slicing an array and parsing the slices gives what parsing the whole gives', (t) => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = ` ${JSON.stringify(value, null, indent)}\n`;
      t.deepEqual(bySlices(Buffer.from(text)), JSON.parse(text));
    }),
  );
});

test('no text that JSON refuses is taken by slicing', (t) => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"',
    '"a"',
    '\\',
    '\\"',
    '1',
    '0.5',
    ' ',
    'null',
    '\n',
    '"b":',
    'é',
  );
  const text = fc.array(pieces, { maxLength: 12 }).map((parts) => `[${parts.join('')}`);
  fc.assert(
    fc.property(text, (body) => {
      const sliced = bySlices(Buffer.from(body));
      let whole: unknown = 'refused';
      try {
        whole = JSON.parse(body);
      } catch {}
      if (Array.isArray(sliced)) t.deepEqual(sliced, whole);
      else t.is(whole, 'refused');
    }),
    { numRuns: 3_000 },
  );
  t.pass();
});

test('a large array is decoded in turns, so that other work is not held up', async (t) => {
  const items = Array.from({ length: 400 }, (_, i) => ({
    hash: `${i}`,
    embedding: Array.from({ length: 512 }, (_, j) => (i + j) / 7),
  }));
  let turns = 0;
  let decoding = true;
  const count = (): void => {
    turns++;
    if (decoding) setImmediate(count);
  };
  setImmediate(count);
  const batch = await decodeBatch(json(items), 'application/json');
  decoding = false;
  t.deepEqual(batch.items, items);
  t.true(turns >= 5, `only ${turns} turns`);
});

test('lines that are not JSON are rejected at their index and the rest keeps its own', async (t) => {
  const body = Buffer.from('{"a":1}\r\n\n{"b":\n \n{"c":3}\n"unfinished');
  const batch = await decodeBatch(body, 'application/x-ndjson');
  t.deepEqual(batch.items, [{ a: 1 }, { c: 3 }]);
  t.deepEqual(batch.indexes, [0, 2]);
  t.deepEqual(
    batch.rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'detection.json'],
      [3, 'detection.json'],
    ],
  );
  t.regex(batch.rejected[0]?.detail ?? '', /^line 3: it is not JSON/);
});

test('an item that nests too deep or hides a prototype is set aside by itself', async (t) => {
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
  const body = Buffer.from(`[{"a":1},{"metadata":${deep}},{"metadata":{"__proto__":{"admin":true}}},{"b":2}]`);
  const batch = await decodeBatch(body, 'application/json');
  t.deepEqual(batch.items, [{ a: 1 }, { b: 2 }]);
  t.deepEqual(batch.indexes, [0, 3]);
  t.deepEqual(
    batch.rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'detection.depth'],
      [2, 'detection.key'],
    ],
  );
});

test('more items than a batch may have are refused in every shape', async (t) => {
  const many = Array.from({ length: ITEMS_PER_BATCH + 1 }, () => ({ pad: 'x'.repeat(600) }));
  const bodies: readonly [Buffer, string][] = [
    [json(many), 'application/json'],
    [json(many.map(() => 1)), 'application/json'],
    [Buffer.from(many.map((item) => JSON.stringify(item)).join('\n')), 'application/x-ndjson'],
    [Buffer.from([0x99, 0x03, 0xe9, ...many.map(() => 0xa0)]), 'application/cbor'],
    [Buffer.from([0x9f, ...many.map(() => 0xa0), 0xff]), 'application/cbor'],
  ];
  for (const [body, mediaType] of bodies) {
    const error = await t.throwsAsync(decodeBatch(body, mediaType), {
      instanceOf: EdgeError,
      code: 'detections.items',
    });
    t.is(error?.status, 413);
    t.regex(error?.message ?? '', /limit 1000/);
  }
});

test('exactly a full batch is taken in every shape', async (t) => {
  const full = Array.from({ length: ITEMS_PER_BATCH }, (_, i) => ({ i, pad: 'x'.repeat(600) }));
  t.is((await decodeBatch(json(full), 'application/json')).items.length, ITEMS_PER_BATCH);
  const lines = Buffer.from(full.map((item) => JSON.stringify(item)).join('\n'));
  t.is((await decodeBatch(lines, 'application/x-ndjson')).items.length, ITEMS_PER_BATCH);
  t.is(
    (await decodeBatch(Buffer.from([0x9f, ...full.map(() => 0xa0), 0xff]), 'application/cbor')).items.length,
    ITEMS_PER_BATCH,
  );
});

test('a body that is undecodable as a whole is refused as a whole', async (t) => {
  const codeOf = async (body: string, mediaType: string): Promise<string | undefined> =>
    (await t.throwsAsync<EdgeError>(decodeBatch(Buffer.from(body, 'latin1'), mediaType)))?.code;
  t.is(await codeOf('', 'application/json'), 'request.body');
  t.is(await codeOf('{"a":', 'application/json'), 'request.json');
  t.is(await codeOf('"\xff"', 'application/json'), 'request.json');
  t.is(await codeOf('5', 'application/json'), 'request.shape');
  t.is(await codeOf('null', 'application/json'), 'request.shape');
  t.is(await codeOf('\x82\x01', 'application/cbor'), 'request.cbor');
  t.is(await codeOf('\x05', 'application/cbor'), 'request.shape');
});
