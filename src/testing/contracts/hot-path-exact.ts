import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext, TestFn } from 'ava';
import type { HotPath } from '../../ports/hot-path.js';
import { vectorSource } from '../vector-sets.js';
import { keysOf } from './hot-path-index.js';

const DIMENSION = 128;

const sequence = (count: number, from = 0): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) => BigInt(from + i));

/** A folder for the rest of one test. */
function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'exact-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    dot += x * (b[i] as number);
    aa += x * x;
    bb += (b[i] as number) ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

const rowOf = (vectors: Float32Array, i: number): Float32Array => vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION);

/** What an index that keeps float32 vectors in a file owes its callers. */
export function exactContract(test: TestFn, name: string, create: () => HotPath): void {
  scores(test, name, create);
  files(test, name, create);
}

function scores(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: exact scores are the cosines of the float32 vectors, and the best of all come first`, (t) => {
    const exactPath = join(folderFor(t), 'vectors');
    const index = create().index({ dimension: DIMENSION, capacity: 5_000, exactPath });
    const next = vectorSource({ dimension: DIMENSION, identities: 60 });
    const vectors = next(4_000);
    for (let i = 0; i < 4_000; i += 400) {
      index.upsert(sequence(400, i), vectors.subarray(i * DIMENSION, (i + 400) * DIMENSION));
    }
    let found = 0;
    for (let round = 0; round < 20; round++) {
      const query = next(1);
      const truth = Array.from({ length: 4_000 }, (_, i) => cosine(query, rowOf(vectors, i)));
      const best = [...truth.keys()].sort((a, b) => (truth[b] as number) - (truth[a] as number)).slice(0, 10);
      const hits = index.search(query, { k: 10, exact: true });
      t.deepEqual([...hits.exact], new Array(10).fill(1));
      for (const [i, key] of hits.keys.entries()) {
        t.true(Math.abs((hits.scores[i] as number) - (truth[Number(key)] as number)) < 1e-6);
        if (i > 0) t.true((hits.scores[i] as number) <= (hits.scores[i - 1] as number));
        if (best.includes(Number(key))) found++;
      }
      t.deepEqual([...index.search(query, { k: 10 }).exact], new Array(10).fill(0), 'not asked for');
    }
    t.true(found >= 199, `${found} of 200`);
    t.true(index.stats().reranked >= 20 * 52);
  });

  test(`${name}: what came as int8 has int8 scores among exact ones, until it comes as float32`, (t) => {
    const index = create().index({ dimension: 8, capacity: 100, exactPath: join(folderFor(t), 'vectors') });
    const query = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8.03);
    index.upsert(keysOf(1), query);
    index.upsertInt8(keysOf(2), Int8Array.of(16, 32, 48, 64, 79, 95, 111, 127), Float32Array.of(1));
    const mixed = index.search(query, { k: 5, exact: true });
    t.deepEqual([...mixed.keys], [1n, 2n]);
    t.deepEqual([...mixed.exact], [1, 0]);
    t.is(mixed.scores[0], 1);
    index.upsert(keysOf(2), query);
    index.upsertInt8(keysOf(1), Int8Array.of(16, 32, 48, 64, 79, 95, 111, 127), Float32Array.of(1));
    const swapped = index.search(query, { k: 5, exact: true });
    t.deepEqual([...swapped.keys], [2n, 1n]);
    t.deepEqual([...swapped.exact], [1, 0]);
  });

  test(`${name}: exact vectors stay with their entries through replacing, erasing and expiring`, async (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 3_000, exactPath: join(folderFor(t), 'vectors') });
    const next = vectorSource({ dimension: DIMENSION, identities: 0 });
    const vectors = next(3_000);
    const timeMs = Float64Array.from({ length: 3_000 }, (_, i) => i % 10);
    index.upsert(sequence(2_000), vectors.subarray(0, 2_000 * DIMENSION), { timeMs: timeMs.subarray(0, 2_000) });
    t.is(index.erase(sequence(300, 100)), 300);
    const searching = index.searchAsync(next(1), { k: 10, exact: true });
    t.is(index.erase(sequence(300, 900)), 300);
    t.is(index.expire(2), 280);
    index.upsert(sequence(1_000, 2_000), vectors.subarray(2_000 * DIMENSION), { timeMs: timeMs.subarray(2_000) });
    await searching;
    index.upsert(keysOf(2_500), rowOf(vectors, 50));
    vectors.set(rowOf(vectors, 50), 2_500 * DIMENSION);
    const query = next(1);
    const hits = index.search(query, { k: 65_536, exact: true });
    t.is(hits.keys.length, 2_120);
    t.true(hits.exact.every((flag) => flag === 1));
    for (const [i, key] of hits.keys.entries()) {
      t.true(Math.abs((hits.scores[i] as number) - cosine(query, rowOf(vectors, Number(key)))) < 1e-6, `${key}`);
    }
    t.deepEqual(await index.searchAsync(query, { k: 500, exact: true }), index.search(query, { k: 500, exact: true }));
  });

  test(`${name}: exact without a file compares all as int8 and says so`, (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 3_000 });
    const next = vectorSource({ dimension: DIMENSION, identities: 0 });
    index.upsert(sequence(3_000), next(3_000));
    const { exact } = index.search(next(1), { k: 7, exact: true });
    t.deepEqual([...exact], new Array(7).fill(0));
    t.like(index.stats(), { searches: 1, exhaustive: 1, scoredRows: 3_000, coarseRows: 0, reranked: 0 });
  });
}

function files(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: the file is private, holds a vector a row, and goes with the index, also under a search`, async (t) => {
    const exactPath = join(folderFor(t), 'vectors');
    const index = create().index({ dimension: DIMENSION, capacity: 3_000, exactPath });
    t.is(statSync(exactPath).mode & 0o777, 0o600);
    const next = vectorSource({ dimension: DIMENSION, identities: 0 });
    index.upsert(sequence(3_000), next(3_000));
    t.is(statSync(exactPath).size, 3_000 * DIMENSION * 4);
    const search = index.searchAsync(next(1), { k: 5, exact: true });
    index.close();
    t.false(existsSync(exactPath));
    t.deepEqual([...(await search).exact], [1, 1, 1, 1, 1]);
    const again = create().index({ dimension: DIMENSION, capacity: 10, exactPath });
    t.is(statSync(exactPath).size, 0);
    again.close();
  });

  test(`${name}: a file that somebody cut short gives int8 scores for what it lacks`, (t) => {
    const exactPath = join(folderFor(t), 'vectors');
    const index = create().index({ dimension: DIMENSION, capacity: 100, exactPath });
    const vectors = vectorSource({ dimension: DIMENSION, identities: 0 })(100);
    index.upsert(sequence(100), vectors);
    truncateSync(exactPath, 50 * DIMENSION * 4 + 3);
    const { keys, exact } = index.search(vectors.subarray(0, DIMENSION), { k: 100, exact: true });
    t.is(keys.length, 100);
    for (const [i, key] of keys.entries()) t.is(exact[i], key < 50n ? 1 : 0, `${key}`);
    index.erase(sequence(10));
    index.upsert(sequence(10), vectors.subarray(0, 10 * DIMENSION));
    const again = index.search(vectors.subarray(0, DIMENSION), { k: 100, exact: true });
    t.is(again.keys[0], 0n);
    t.true(
      again.scores.every((score) => score >= -1 && score <= 1),
      'also where the file has zeros now',
    );
  });

  test(`${name}: a file that cannot be made is an error with a name, and nothing that is no file is touched`, (t) => {
    const folder = folderFor(t);
    const open = (exactPath: string) => create().index({ dimension: 8, capacity: 10, exactPath });
    const pipe = join(folder, 'pipe');
    // A pipe of the test's own: a device of the system would be gone for everybody should this go wrong.
    execFileSync('mkfifo', [pipe]);
    for (const path of [join(folder, 'no', 'vectors'), folder, pipe]) {
      t.throws(() => open(path), { code: 'index.file', name: 'EdgeError', message: /vectors|exact/ }, path);
    }
    t.true(statSync(pipe).isFIFO());
    const taken = open(join(folder, 'taken'));
    t.throws(() => open(join(folder, 'taken')), { code: 'index.file' });
    taken.close();
    open(join(folder, 'taken')).close();
  });

  test(`${name}: options of an index that make no sense are refused`, (t) => {
    const open = (options: object) => create().index({ dimension: 8, capacity: 10, ...options });
    const argument = { code: 'hotpath.argument', name: 'EdgeError' };
    for (const options of [
      { exactPath: 5 },
      { exactPath: '' },
      { exactPath: 'a\0b' },
      { mean: [0, 0, 0, 0, 0, 0, 0, 0] },
      { mean: new Float32Array(7) },
      { mean: new Float32Array(8).fill(Number.NaN, 3, 4) },
      { mean: new Float32Array(8).fill(Number.NEGATIVE_INFINITY, 7) },
      { rotationSeed: -1 },
      { rotationSeed: 0.5 },
      { rotationSeed: 2 ** 53 },
      { rotationSeed: 1n },
      { maxBytes: 0 },
      { maxBytes: -5 },
      { maxBytes: Number.NaN },
    ]) {
      t.throws(() => open(options), argument, JSON.stringify(Object.keys(options)));
    }
    const mean = new Float32Array(8);
    structuredClone(mean, { transfer: [mean.buffer] });
    t.throws(() => open({ mean }), { code: 'hotpath.detached' });
    const usual = open({ dimension: undefined });
    usual.upsert(BigUint64Array.of(1n), new Float32Array(512).fill(1));
    t.is(usual.size, 1);
    usual.close();
    open({ exactPath: undefined, mean: undefined, rotationSeed: undefined, maxBytes: undefined }).close();
    open({ mean: new Float32Array(8), rotationSeed: 2 ** 53 - 1, maxBytes: 2 ** 40 }).close();
  });
}
