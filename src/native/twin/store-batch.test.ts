import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { hasExact } from './block.js';
import { Rows } from './rows.js';
import { storeBatch } from './store-batch.js';
import { IndexTwin } from './vector-index.js';

const NO_COLUMNS = { type: undefined, node: undefined, timeMs: undefined };
const words = (...keys: number[]): Uint32Array => Uint32Array.from(keys.flatMap((key) => [key, 0]));

test('a batch that the file does not take is taken not at all, and what it overwrote has no exact vector', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const rows = new Rows({ dimension: 4, capacity: 10, exactPath: join(folder, 'vectors') });
  const ones = new Float32Array(12).fill(1);
  const write = (_: number, block: { vectors: Int8Array }, at: number): number => {
    block.vectors.fill(127, at * 4, at * 4 + 4);
    return 4 * 127 * 127;
  };
  storeBatch(rows, words(1, 2), NO_COLUMNS, ones.subarray(0, 8), write);
  t.true(hasExact(rows.blockOf(0), 0) && hasExact(rows.blockOf(1), 1));
  rows.file?.close();
  t.throws(() => storeBatch(rows, words(2, 3, 4), NO_COLUMNS, ones, write), { code: 'index.file' });
  t.is(rows.size, 2);
  t.is(rows.find(3, 0), -1);
  t.true(hasExact(rows.blockOf(0), 0));
  t.false(hasExact(rows.blockOf(1), 1));
  t.is(rows.erase(words(1, 2, 3)), 2, 'all else goes on');
});

test('a long asynchronous search of the twin gives others their turns', async (t) => {
  const index = new IndexTwin({ dimension: 64, capacity: 200_000 });
  const vectors = new Float32Array(10_000 * 64).map((_, i) => ((i * 7_919) % 1_000) - 500);
  for (let i = 0; i < 200_000; i += 10_000) {
    index.upsert(
      BigUint64Array.from({ length: 10_000 }, (_, j) => BigInt(i + j)),
      vectors,
    );
  }
  let turns = 0;
  let isDone = false;
  const others = (async () => {
    for (; !isDone; turns++) await nextTurn();
  })();
  const { keys } = await index.searchAsync(vectors.subarray(0, 64), { k: 5 });
  isDone = true;
  await others;
  t.is(keys.length, 5);
  // 12.8 million components, and about 3 million at a time.
  t.true(turns >= 4, `${turns}`);
});
