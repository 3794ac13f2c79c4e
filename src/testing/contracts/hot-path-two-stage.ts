import type { TestFn } from 'ava';
import type { HotPath, SearchHits, SearchOptions, VectorIndex } from '../../ports/hot-path.js';
import { type VectorSet, vectorSource } from '../vector-sets.js';
import { keysOf } from './hot-path-index.js';

const DIMENSION = 128;
/** Its values and three bits for every eight of them. */
const ROW_BYTES = 134;

const sequence = (count: number, from = 0): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) => BigInt(from + i));

/** Share of the hits of a scan of everything that a search gives too, over all queries. */
export function recallOf(
  index: VectorIndex,
  queries: Float32Array,
  options: SearchOptions,
  dimension = DIMENSION,
): number {
  let wanted = 0;
  let found = 0;
  for (let from = 0; from < queries.length; from += dimension) {
    const query = queries.subarray(from, from + dimension);
    const truth = new Set(index.search(query, { ...options, exact: true }).keys);
    wanted += truth.size;
    for (const key of index.search(query, options).keys) if (truth.has(key)) found++;
  }
  return wanted === 0 ? 1 : found / wanted;
}

const SETS: readonly (VectorSet & { readonly name: string; readonly spared: boolean })[] = [
  { name: 'identities', dimension: DIMENSION, identities: 400, spared: true },
  {
    name: 'identities about a shared mean',
    dimension: DIMENSION,
    identities: 400,
    shared: 0.45,
    falling: true,
    spared: true,
  },
  {
    name: 'identities without negative components',
    dimension: DIMENSION,
    identities: 400,
    positive: true,
    spared: true,
  },
  { name: 'no structure', dimension: DIMENSION, identities: 0, spared: false },
  { name: 'identities of 256 components', dimension: 256, identities: 400, spared: true },
  { name: 'identities of 768 components', dimension: 768, identities: 600, spared: true },
];

type Create = () => HotPath;

/** What a search owes its callers when it compares sketches first. */
export function twoStageContract(test: TestFn, name: string, create: Create): void {
  recall(test, name, create);
  means(test, name, create);
  counts(test, name, create);
  many(test, name, create);
  expiry(test, name, create);
}

function recall(test: TestFn, name: string, create: Create): void {
  for (const set of SETS) {
    test(`${name}: a search of vectors with ${set.name} misses at most one in fifty`, (t) => {
      const { dimension } = set;
      const count = dimension > 256 ? 6_000 : 12_000;
      const index = create().index({ dimension, capacity: count });
      const next = vectorSource(set);
      for (let i = 0; i < count; i += 500) index.upsert(sequence(500, i), next(500));
      const before = index.stats();
      const share = recallOf(index, next(25), { k: 10 }, dimension);
      t.true(share >= 0.98, `${share}`);
      const { exhaustive } = index.stats();
      // The scans of everything that it is measured by are 25 of these.
      if (set.spared) t.true(exhaustive - before.exhaustive <= 26, `${exhaustive - before.exhaustive}`);
      index.close();
    });
  }

  test(`${name}: a filter changes nothing about what is found, however much it leaves`, (t) => {
    const count = 12_000;
    const index = create().index({ dimension: DIMENSION, capacity: count });
    const next = vectorSource({ dimension: DIMENSION, identities: 60 });
    const type = Uint16Array.from({ length: count }, (_, i) => (i % 100 === 0 ? 2 : i % 10 === 0 ? 1 : 0));
    const timeMs = Float64Array.from({ length: count }, (_, i) => i);
    index.upsert(sequence(count), next(count), { type, timeMs });
    const queries = next(20);
    for (const options of [{ type: 0 }, { type: 1 }, { sinceMs: 3_000, untilMs: 8_999 }, { type: 0, sinceMs: 6_000 }]) {
      const share = recallOf(index, queries, { k: 10, ...options });
      t.true(share >= 0.97, `${JSON.stringify(options)} ${share}`);
      const { keys } = index.search(queries.subarray(0, DIMENSION), { k: 200, ...options });
      t.is(keys.length, 200);
      for (const key of keys) {
        const at = Number(key);
        t.true(options.type === undefined || type[at] === options.type);
        t.true(at >= (options.sinceMs ?? 0) && at <= (options.untilMs ?? count));
      }
    }
    t.is(recallOf(index, queries, { k: 10, type: 2 }), 1, 'few are compared in full');
    t.is(index.search(queries.subarray(0, DIMENSION), { k: 10, type: 3 }).keys.length, 0);
  });

  test(`${name}: k at and above the count gives every entry once, and the order of a smaller k`, (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 5_000 });
    const next = vectorSource({ dimension: DIMENSION, identities: 20 });
    index.upsert(sequence(3_000), next(3_000));
    const query = next(1);
    const all = index.search(query, { k: 3_000 });
    t.is(new Set(all.keys).size, 3_000);
    t.deepEqual(index.search(query, { k: 65_536 }), all);
    t.deepEqual([...index.search(query, { k: 300 }).keys], [...all.keys.subarray(0, 300)]);
  });

  test(`${name}: vectors of the smallest numbers are found among others`, (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 3_000 });
    const next = vectorSource({ dimension: DIMENSION, identities: 0 });
    index.upsert(sequence(3_000), next(3_000));
    const tiny = next(1).map((x) => Math.round(x * 2) * 1.4e-45);
    index.upsert(keysOf(7), tiny);
    t.is(index.search(tiny, { k: 1 }).keys[0], 7n);
    t.is(index.search(next(1), { k: 3 }).keys.length, 3);
  });
}

function means(test: TestFn, name: string, create: Create): void {
  const set = { dimension: DIMENSION, identities: 200, shared: 0.8 };

  test(`${name}: a mean is learned while entries come, change and go, and no search suffers from it`, (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 20_000 });
    const next = vectorSource(set);
    const queries = next(8);
    let end = 0;
    for (let round = 0; round < 60; round++) {
      const count = [1, 40, 300][round % 3] as number;
      index.upsert(sequence(count, end), next(count));
      end += count;
      if (round % 4 === 1) index.upsert(sequence(20, end >> 1), next(20));
      if (round % 5 === 2) index.erase(sequence(35, round * 40));
      if (round % 6 !== 3) continue;
      const share = recallOf(index, queries, { k: 10 });
      t.true(share >= 0.97, `${share} after ${end}`);
    }
    t.true(index.size > 4_096);
  });

  for (const { shared, turnsAt } of [
    { shared: 1.5, turnsAt: 1_500 },
    { shared: 2.5, turnsAt: 3_000 },
  ]) {
    test(`${name}: what comes after the mean has turned around (at ${turnsAt}) is found like what came before`, (t) => {
      const count = 9_000;
      const index = create().index({ dimension: DIMENSION, capacity: count });
      const next = vectorSource({ dimension: DIMENSION, identities: 400, shared, turnsAt });
      const early = next(500);
      index.upsert(sequence(500), early);
      for (let i = 500; i < count; i += 500) index.upsert(sequence(500, i), next(500));
      for (const queries of [next(25), early.subarray(0, 25 * DIMENSION)]) {
        const share = recallOf(index, queries, { k: 10 });
        t.true(share >= 0.98, `${share}`);
      }
      index.close();
    });
  }

  test(`${name}: with a mean that is given it finds the same, and so under any rotation`, (t) => {
    const next = vectorSource(set);
    const vectors = next(6_000);
    const queries = next(10);
    const mean = new Float32Array(DIMENSION);
    for (let i = 0; i < 6_000; i++) {
      const unit = vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION);
      const length = Math.hypot(...unit);
      for (let j = 0; j < DIMENSION; j++) mean[j] = (mean[j] as number) + (unit[j] as number) / length / 6_000;
    }
    for (const options of [{ mean }, { rotationSeed: 1 }, { mean, rotationSeed: Number.MAX_SAFE_INTEGER }]) {
      const index = create().index({ dimension: DIMENSION, capacity: 6_000, ...options });
      index.upsert(sequence(6_000), vectors);
      const share = recallOf(index, queries, { k: 10 });
      t.true(share >= 0.98, `${share}`);
      t.true(index.stats().exhaustive <= 11, 'those it is measured by');
    }
  });
}

function counts(test: TestFn, name: string, create: Create): void {
  test(`${name}: stats tell what searches read`, (t) => {
    const count = 12_000;
    const index = create().index({ dimension: DIMENSION, capacity: count });
    const nothing = {
      searches: 0,
      exhaustive: 0,
      coarseRows: 0,
      fineRows: 0,
      scoredRows: 0,
      reranked: 0,
      bytesRead: 0,
    };
    t.deepEqual({ ...index.stats() }, nothing);
    const next = vectorSource({ dimension: DIMENSION, identities: 400 });
    index.upsert(sequence(count), next(count));
    const query = next(1);
    index.search(query, { k: 5 });
    const one = index.stats();
    t.like(one, { searches: 1, exhaustive: 0, coarseRows: count, reranked: 0 });
    t.true(one.scoredRows >= 5 && one.scoredRows < count / 4, `${one.scoredRows}`);
    const read = 16 * count + 48 * one.fineRows + ROW_BYTES * one.scoredRows;
    t.true(one.bytesRead >= read && one.bytesRead <= read + 3 * count, `${one.bytesRead} for ${read}`);
    index.search(query, { k: 5, exact: true });
    const two = index.stats();
    t.like(two, { searches: 2, exhaustive: 1, coarseRows: count, scoredRows: one.scoredRows + count });
    t.is(two.bytesRead, one.bytesRead + count * ROW_BYTES);
  });

  test(`${name}: an index of 512 components takes at most 640 bytes a vector, sketches and columns and all`, (t) => {
    const index = create().index({ dimension: 512, capacity: 8_192 });
    const empty = index.bytes;
    t.true(empty < 64_000, `${empty}`);
    const vectors = vectorSource({ dimension: 512, identities: 0 })(1_024);
    for (let i = 0; i < 8; i++) index.upsert(sequence(1_024, i * 1_024), vectors);
    const each = index.bytes / 8_192;
    t.true(each < 640 && each > 600, `${each}`);
  });

  test(`${name}: at maxBytes an upsert fails whole, and what was there stays`, (t) => {
    const maxBytes = 2_000_000;
    const index = create().index({ dimension: DIMENSION, capacity: 100_000, maxBytes });
    const vectors = vectorSource({ dimension: DIMENSION, identities: 0 })(500);
    let size = 0;
    const full = t.throws(
      () => {
        for (; ; size += 500) index.upsert(sequence(500, size), vectors);
      },
      { code: 'index.full', name: 'EdgeError' },
    );
    t.regex(full?.message ?? '', /maxBytes/);
    t.true(size >= 5_000, `${size}`);
    t.is(index.size, size);
    t.true(index.bytes <= maxBytes, `${index.bytes}`);
    index.upsert(sequence(500), vectors);
    t.is(index.erase(sequence(500)), 500);
    index.upsert(sequence(500, 1_000_000), vectors);
    t.is(index.search(vectors.subarray(0, DIMENSION), { k: 65_536 }).keys.length, size);
  });
}

function many(test: TestFn, name: string, create: Create): void {
  test(`${name}: many queries at once find what each finds alone, now or beside other work`, async (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 6_000 });
    const next = vectorSource({ dimension: DIMENSION, identities: 100 });
    index.upsert(sequence(6_000), next(6_000), { type: Uint16Array.from({ length: 6_000 }, (_, i) => i % 3) });
    const queries = next(37);
    for (const options of [{ k: 10 }, { k: 3, type: 1 }, { k: 10, exact: true }, { k: 4, type: 9 }]) {
      const alone: SearchHits[] = [];
      for (let i = 0; i < 37; i++) alone.push(index.search(queries.subarray(i * 128, i * 128 + 128), options));
      t.deepEqual(index.searchMany(queries, options), alone);
      t.deepEqual(await index.searchManyAsync(queries, options), alone);
    }
    t.deepEqual(index.searchMany(new Float32Array(0), { k: 1 }), []);
    t.deepEqual(await index.searchManyAsync(new Float32Array(0), { k: 1 }), []);
  });

  test(`${name}: many queries are refused when they do not add up, or one has no direction`, async (t) => {
    const index = create().index({ dimension: 8, capacity: 10 });
    index.upsert(keysOf(1), new Float32Array(8).fill(1));
    const argument = { code: 'hotpath.argument', name: 'EdgeError' };
    const good = new Float32Array(24).fill(1);
    const wrong: [unknown, unknown][] = [
      [new Float32Array(12).fill(1), { k: 1 }],
      [new Float32Array(257 * 8).fill(1), { k: 1 }],
      [new Float64Array(8).fill(1), { k: 1 }],
      [good, { k: 0 }],
      [good, undefined],
      [good, { k: 1, exact: 'yes' }],
    ];
    for (const [queries, options] of wrong) {
      t.throws(() => index.searchMany(queries as never, options as never), argument);
      await t.throwsAsync(index.searchManyAsync(queries as never, options as never), argument);
    }
    t.is(index.searchMany(new Float32Array(256 * 8).fill(1), { k: 1 }).length, 256);
    const bad = { code: 'index.vector', message: /query 1\b/ };
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      good[9] = value;
      t.throws(() => index.searchMany(good, { k: 1 }), bad);
      await t.throwsAsync(index.searchManyAsync(good, { k: 1 }), bad);
    }
    good.fill(0, 8, 16);
    t.throws(() => index.searchMany(good, { k: 1 }), bad);
    const gone = new Float32Array(8).fill(1);
    structuredClone(gone, { transfer: [gone.buffer] });
    t.throws(() => index.searchMany(gone, { k: 1 }), { code: 'hotpath.detached' });
    index.close();
    const closed = { code: 'index.closed' };
    t.throws(() => index.searchMany(new Float32Array(8).fill(1), { k: 1 }), closed);
    await t.throwsAsync(index.searchManyAsync(new Float32Array(8).fill(1), { k: 1 }), closed);
    t.throws(() => index.expire(0), closed);
    t.throws(() => index.stats(), closed);
  });
}

function expiry(test: TestFn, name: string, create: Create): void {
  test(`${name}: expire erases what is older, says how much, and leaves the rest to be found`, (t) => {
    const count = 5_000;
    const index = create().index({ dimension: DIMENSION, capacity: count });
    const vectors = vectorSource({ dimension: DIMENSION, identities: 0 })(count);
    const timeMs = Float64Array.from({ length: count }, (_, i) => (i * 7_919) % count);
    index.upsert(sequence(count), vectors, { timeMs });
    t.is(index.expire(Number.NEGATIVE_INFINITY), 0);
    t.is(index.expire(0), 0);
    t.is(index.expire(2_000), 2_000);
    t.is(index.expire(2_000), 0);
    t.is(index.size, 3_000);
    const { keys } = index.search(vectors.subarray(0, DIMENSION), { k: 65_536 });
    t.is(keys.length, 3_000);
    t.true([...keys].every((key) => (timeMs[Number(key)] as number) >= 2_000));
    for (const key of [...keys].slice(0, 50)) {
      const at = Number(key) * DIMENSION;
      t.is(index.search(vectors.subarray(at, at + DIMENSION), { k: 1 }).keys[0], key);
    }
    t.throws(() => index.expire(Number.NaN), { code: 'hotpath.argument' });
    t.throws(() => index.expire('1' as never), { code: 'hotpath.argument' });
    t.is(index.expire(Number.POSITIVE_INFINITY), 3_000);
    t.is(index.size, 0);
  });

  test(`${name}: a search sees what stays, while entries expire, come and are sketched anew`, async (t) => {
    const index = create().index({ dimension: DIMENSION, capacity: 40_000 });
    const next = vectorSource({ dimension: DIMENSION, identities: 50, shared: 0.8 });
    const timeMs = (count: number, time: number) => ({ timeMs: new Float64Array(count).fill(time) });
    index.upsert(sequence(7_000), next(7_000), timeMs(7_000, 5));
    index.upsert(sequence(1_000, 7_000), next(1_000), timeMs(1_000, 1));
    const queries = next(6);
    const options = { k: 20, sinceMs: 5, untilMs: 5 };
    const before = index.searchMany(queries, options);
    const searches = before.map((_, i) => index.searchAsync(queries.slice(i * 128, i * 128 + 128), options));
    t.is(index.expire(2), 1_000);
    for (let i = 0; i < 30; i++) index.upsert(sequence(100, 10_000 + i * 100), next(100), timeMs(100, 9));
    for (const [i, { keys }] of (await Promise.all(searches)).entries()) {
      t.is(keys.length, 20);
      const wanted = new Set(before[i]?.keys);
      const found = [...keys].filter((key) => wanted.has(key)).length;
      t.true(found >= 17, `${found}`);
      t.true([...keys].every((key) => key < 7_000n));
    }
    t.is(index.size, 10_000);
    t.true(recallOf(index, queries, { k: 10 }) >= 0.97);
  });
}
