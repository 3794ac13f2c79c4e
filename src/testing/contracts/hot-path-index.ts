import type { TestFn } from 'ava';
import fc from 'fast-check';
import type { HotPath, SearchHits, VectorIndex } from '../../ports/hot-path.js';

/** Pseudo-random components in (-1, 1) that a test can name by a seed. */
export function vectorsOf(count: number, dimension: number, seed = 1): Float32Array {
  let state = seed * 2_654_435_761 + 1;
  return Float32Array.from({ length: count * dimension }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}

export const keysOf = (...keys: (number | bigint)[]): BigUint64Array => BigUint64Array.from(keys, BigInt);

const sequence = (count: number, from = 0): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) => BigInt(from + i));

const LEVELS = [18, 26, 31, 36, 41, 47, 54, 64] as const;

/** The vector as its row has it, by the definition: each block of eight components rounded as finely as it allows. */
function roundedRow(vector: Float32Array): Float64Array {
  const peakOf = (of: readonly number[]): number => Math.max(...of.map((j) => Math.abs(vector[j] ?? 0)));
  const peak = peakOf([...vector.keys()]);
  const row = new Float64Array(vector.length);
  for (let first = 0; first < vector.length; first += first % 64 === 28 ? 36 : 4) {
    const block = [0, 1, 2, 3, 32, 33, 34, 35].map((j) => first + j).filter((j) => j < vector.length);
    const level = LEVELS.find((one) => peakOf(block) * 64 <= peak * one) as number;
    for (const j of block) row[j] = level * Math.round(((vector[j] as number) * 127 * 64) / level / peak);
  }
  return row;
}

function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const product = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
    Array.from(x).reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

const listOf = ({ keys }: SearchHits): bigint[] => [...keys];

export function indexContract(test: TestFn, name: string, create: () => HotPath): void {
  const open = (dimension = 8, capacity = 10_000): VectorIndex => create().index({ dimension, capacity });
  scores(test, name, open);
  changes(test, name, open);
  filters(test, name, open);
  asynchronous(test, name, open);
  refusals(test, name, open);
}

type Open = (dimension?: number, capacity?: number) => VectorIndex;

function scores(test: TestFn, name: string, open: Open): void {
  for (const dimension of [4, 12, 64, 100, 512, 4_096]) {
    test(`${name}: scores of ${dimension} components are the cosines with the rounded vectors, best first`, (t) => {
      const count = dimension > 1_000 ? 40 : 1_500;
      const index = open(dimension);
      const vectors = vectorsOf(count, dimension, dimension);
      index.upsert(sequence(count), vectors);
      const query = vectorsOf(1, dimension, 99);
      const hits = index.search(query, { k: count });
      t.is(hits.keys.length, count);
      let last = 2;
      for (const [i, key] of hits.keys.entries()) {
        const score = hits.scores[i] as number;
        const at = Number(key) * dimension;
        const expected = cosineOf(query, roundedRow(vectors.subarray(at, at + dimension)));
        t.true(Math.abs(score - expected) < 2e-4, `${score} for ${expected}`);
        t.true(score <= last);
        last = score;
      }
      t.is(new Set(hits.keys).size, count);
      const ten = index.search(query, { k: 10 });
      t.deepEqual(ten.keys, hits.keys.slice(0, 10));
      t.deepEqual(ten.scores, hits.scores.slice(0, 10));
      t.deepEqual(ten.exact, new Uint8Array(10));
    });
  }

  test(`${name}: a vector finds itself, whatever its length, and its opposite comes last`, (t) => {
    const index = open(64);
    const vectors = vectorsOf(200, 64);
    vectors.subarray(64, 128).forEach((x, i, all) => {
      all[i] = x * 1e-30;
    });
    vectors.subarray(128, 192).forEach((x, i, all) => {
      all[i] = x * 1e30;
    });
    vectors.set(
      vectors.subarray(0, 64).map((x) => -x),
      199 * 64,
    );
    index.upsert(sequence(200), vectors);
    for (const i of [0, 1, 2, 77]) {
      const { keys, scores } = index.search(vectors.slice(i * 64, i * 64 + 64), { k: 200 });
      t.is(keys[0], BigInt(i));
      t.true((scores[0] as number) > 0.999 && (scores[0] as number) <= 1, `${scores[0]}`);
      if (i === 0) t.is(keys[199], 199n);
    }
  });

  test(`${name}: the largest sums there can be do not overflow`, (t) => {
    const index = open(4_096, 4);
    index.upsertInt8(keysOf(1, 2), new Int8Array(8_192).fill(-128, 0, 4_096).fill(127, 4_096), Float32Array.of(1, 1));
    const { keys, scores } = index.search(new Float32Array(4_096).fill(-3e38), { k: 2 });
    t.deepEqual([...keys], [1n, 2n]);
    t.true(Math.abs((scores[0] as number) - 1) < 1e-6 && Math.abs((scores[1] as number) + 1) < 1e-6);
  });

  test(`${name}: equal scores come by ascending key, as far as k goes`, (t) => {
    const index = open(4);
    const keys = [2n ** 64n - 1n, 5n, 2n ** 33n, 2n ** 32n + 1n, 3n, 2n ** 63n];
    index.upsert(keysOf(...keys), new Float32Array(24).fill(0.5));
    const query = Float32Array.of(1, 1, 1, 1);
    const sorted = [3n, 5n, 2n ** 32n + 1n, 2n ** 33n, 2n ** 63n, 2n ** 64n - 1n];
    for (const k of [1, 2, 5, 6, 100]) t.deepEqual(listOf(index.search(query, { k })), sorted.slice(0, k));
  });

  test(`${name}: an index without entries answers with none`, (t) => {
    const hits = open().search(new Float32Array(8).fill(1), { k: 5 });
    t.is(hits.keys.length, 0);
    t.is(hits.scores.length, 0);
  });

  test(`${name}: vectors that are int8 already are kept as they are, and their scale does not matter`, (t) => {
    for (const dimension of [64, 100, 512]) {
      const index = open(dimension);
      const values = Int8Array.from(vectorsOf(50, dimension), (x) => Math.round(x * 127));
      // Only one component is large, and most of the others must not be lost beside it.
      for (let at = 0; at < 10 * dimension; at++) values[at] = at % dimension === 5 ? -128 : (at % 3) - 1;
      index.upsertInt8(
        sequence(50),
        values,
        Float32Array.from({ length: 50 }, (_, i) => 0.001 * (i + 1)),
      );
      const query = vectorsOf(1, dimension, 7);
      const { keys, scores } = index.search(query, { k: 50 });
      t.is(keys.length, 50);
      for (const [i, key] of keys.entries()) {
        const at = Number(key) * dimension;
        const expected = cosineOf(query, values.subarray(at, at + dimension));
        t.true(Math.abs((scores[i] as number) - expected) < 1e-4, `${scores[i]} for ${expected}`);
      }
    }
  });

  test(`${name}: a block of small components is not rounded away beside a large one`, (t) => {
    const index = open(128);
    // 0.1 of the peak and less: as int8 of one scale 12 steps at most.
    const vector = vectorsOf(1, 128, 3).map((x, i) => (i === 70 ? 1 : x / 10));
    index.upsert(keysOf(1), vector);
    const query = vectorsOf(1, 128, 4).map((x, i) => (i === 70 ? 0 : x));
    const score = index.search(query, { k: 1 }).scores[0] as number;
    t.true(Math.abs(score - cosineOf(query, vector)) < 4e-4, `${score} for ${cosineOf(query, vector)}`);
  });
}

function changes(test: TestFn, name: string, open: Open): void {
  const axis = (at: number): Float32Array => new Float32Array(8).fill(0).fill(1, at, at + 1);

  test(`${name}: an upsert replaces vector and columns of a key, and the last of a batch wins`, (t) => {
    const index = open();
    index.upsert(keysOf(7), axis(0), { type: Uint16Array.of(3), node: Uint32Array.of(4), timeMs: Float64Array.of(5) });
    index.upsert(keysOf(7, 8, 7), Float32Array.of(...axis(1), ...axis(2), ...axis(3)));
    t.is(index.size, 2);
    t.deepEqual(listOf(index.search(axis(3), { k: 1 })), [7n]);
    t.is(index.search(axis(3), { k: 1 }).scores[0], 1);
    t.deepEqual(listOf(index.search(axis(0), { k: 5, type: 3 })), [], 'absent columns are zero');
    t.deepEqual(listOf(index.search(axis(0), { k: 5, type: 0, node: 0, untilMs: 0 })), [7n, 8n]);
  });

  test(`${name}: erased keys are gone, counted, and leave the others whole`, (t) => {
    const index = open(8, 5_000);
    const vectors = vectorsOf(3_000, 8);
    index.upsert(sequence(3_000), vectors);
    t.is(index.erase(sequence(1_500, 0)), 1_500);
    t.is(index.erase(keysOf(1, 2, 2_999, 2_999)), 1);
    t.is(index.size, 1_499);
    for (const key of [1_500, 2_000, 2_998]) {
      const { keys, scores } = index.search(vectors.slice(key * 8, key * 8 + 8), { k: 1 });
      t.is(keys[0], BigInt(key));
      t.true((scores[0] as number) > 0.999);
    }
    index.upsert(sequence(1_500, 0), vectors.slice(0, 12_000));
    t.is(index.size, 2_999);
    t.deepEqual(new Set(listOf(index.search(axis(0), { k: 3_000 }))).size, 2_999);
  });

  test(`${name}: an index does what a map of its entries does`, (t) => {
    const step = fc.record({ erase: fc.boolean(), keys: fc.array(fc.nat({ max: 20 }), { maxLength: 8 }) });
    const query = vectorsOf(1, 8, 3);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const index = open(8, 12);
        const model = new Map<number, number>();
        for (const [i, { erase, keys }] of steps.entries()) {
          if (erase) {
            t.is(index.erase(keysOf(...keys)), keys.filter((key) => model.delete(key)).length);
          } else if (new Set([...model.keys(), ...keys]).size > 12) {
            t.throws(() => index.upsert(keysOf(...keys), vectorsOf(keys.length, 8, i)), { code: 'index.full' });
          } else {
            index.upsert(keysOf(...keys), vectorsOf(keys.length, 8, i), {
              node: Uint32Array.from(keys, (_, j) => i * 100 + j),
            });
            for (const [j, key] of keys.entries()) model.set(key, i * 100 + j);
          }
          t.is(index.size, model.size);
        }
        const found = listOf(index.search(query, { k: 100 })).map(Number);
        t.deepEqual(
          found.sort((a, b) => a - b),
          [...model.keys()].sort((a, b) => a - b),
        );
        for (const [key, node] of model) t.deepEqual(listOf(index.search(query, { k: 5, node })), [BigInt(key)]);
      }),
    );
  });

  test(`${name}: a closed index is empty, refuses, and may be closed again`, async (t) => {
    const index = open();
    index.upsert(keysOf(1), axis(0));
    index.close();
    index.close();
    t.is(index.size, 0);
    t.is(index.bytes, 0);
    const closed = { code: 'index.closed', name: 'EdgeError' };
    t.throws(() => index.upsert(keysOf(1), axis(0)), closed);
    t.throws(() => index.erase(keysOf(1)), closed);
    t.throws(() => index.search(axis(0), { k: 1 }), closed);
    await t.throwsAsync(index.searchAsync(axis(0), { k: 1 }), closed);
  });
}

function filters(test: TestFn, name: string, open: Open): void {
  test(`${name}: filters by type, node and time leave just what they name, in the same order`, (t) => {
    const index = open(8);
    const count = 3_000;
    const vectors = vectorsOf(count, 8);
    const type = Uint16Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 65_535 : i % 3));
    const node = Uint32Array.from({ length: count }, (_, i) => (i % 5 === 0 ? 0xffff_ffff : i % 5));
    const timeMs = Float64Array.from({ length: count }, (_, i) => 1_700_000_000_000 + i);
    index.upsert(sequence(count), vectors, { type, node, timeMs });
    const query = vectorsOf(1, 8, 5);
    const all = listOf(index.search(query, { k: count })).map(Number);
    const [sinceMs, untilMs] = [1_700_000_000_100, 1_700_000_002_000];
    const isBetween = (i: number) => i >= 100 && i <= 2_000;
    const check = (options: object, keeps: (i: number) => boolean) => {
      const kept = all.filter(keeps);
      t.deepEqual(listOf(index.search(query, { k: count, ...options })).map(Number), kept);
      t.deepEqual(listOf(index.search(query, { k: 7, ...options })).map(Number), kept.slice(0, 7));
    };
    check({ type: 65_535 }, (i) => i % 3 === 0);
    check({ type: 0 }, () => false);
    check({ node: 0xffff_ffff }, (i) => i % 5 === 0);
    check({ type: 1, node: 2 }, (i) => i % 3 === 1 && i % 5 === 2);
    check({ sinceMs, untilMs }, isBetween);
    check({ sinceMs }, (i) => i >= 100);
    check({ untilMs }, (i) => i <= 2_000);
    check({ type: 2, node: 3, sinceMs, untilMs }, (i) => i % 3 === 2 && i % 5 === 3 && isBetween(i));
    check({ sinceMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY }, () => true);
    check({ type: undefined, node: undefined, sinceMs: undefined, untilMs: undefined }, () => true);
    check({ sinceMs: untilMs, untilMs: sinceMs }, () => false);
  });
}

function asynchronous(test: TestFn, name: string, open: Open): void {
  test(`${name}: an asynchronous search finds the same`, async (t) => {
    const index = open(64, 20_000);
    index.upsert(sequence(20_000), vectorsOf(20_000, 64));
    const query = vectorsOf(1, 64, 4);
    t.deepEqual(await index.searchAsync(query, { k: 50 }), index.search(query, { k: 50 }));
    t.deepEqual(await index.searchAsync(query, { k: 50, node: 1 }), index.search(query, { k: 50, node: 1 }));
  });

  test(`${name}: a search sees each entry that stays exactly once, whatever changes meanwhile`, async (t) => {
    const count = 30_000;
    const index = open(64, count + 5_000);
    const vectors = vectorsOf(count, 64);
    index.upsert(sequence(count), vectors);
    const searches = Array.from({ length: 4 }, (_, i) => index.searchAsync(vectorsOf(1, 64, i + 1), { k: 65_536 }));
    for (let round = 0; round < 50; round++) {
      index.erase(sequence(100, round * 100));
      index.upsert(sequence(60, count + round * 60), vectors.subarray(0, 60 * 64));
    }
    t.is(index.size, count - 5_000 + 3_000);
    for (const { keys } of await Promise.all(searches)) {
      const found = new Set(keys);
      t.is(found.size, keys.length, 'none twice');
      for (let key = 5_000; key < count; key++) if (!found.has(BigInt(key))) t.fail(`${key} was missed`);
    }
    t.is(index.search(vectorsOf(1, 64, 1), { k: 65_536 }).keys.length, count - 2_000);
    t.is(index.erase(sequence(count + 5_000)), count - 2_000);
    t.is(index.size, 0);
  });

  test(`${name}: closing does not harm a search under way`, async (t) => {
    const index = open(64, 5_000);
    index.upsert(sequence(5_000), vectorsOf(5_000, 64));
    const search = index.searchAsync(vectorsOf(1, 64, 2), { k: 3 });
    index.close();
    t.is((await search).keys.length, 3);
  });

  test(`${name}: the 65th search at a time is refused`, async (t) => {
    const index = open(512, 10_000);
    index.upsert(sequence(10_000), vectorsOf(10_000, 512));
    const query = vectorsOf(1, 512, 2);
    const searches = Array.from({ length: 64 }, () => index.searchAsync(query, { k: 1 }));
    await t.throwsAsync(index.searchAsync(query, { k: 1 }), { code: 'index.busy', name: 'EdgeError' });
    t.is(new Set((await Promise.all(searches)).map(({ keys }) => keys[0])).size, 1);
    await index.searchAsync(query, { k: 1 });
  });
}

function refusals(test: TestFn, name: string, open: Open): void {
  test(`${name}: a batch with a vector without direction is refused whole, and the first such is named`, (t) => {
    const index = open(4);
    const bad = { code: 'index.vector', name: 'EdgeError' };
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const vectors = Float32Array.of(1, 1, 1, 1, 1, wrong, 1, 1, 0, 0, 0, 0);
      t.regex(t.throws(() => index.upsert(keysOf(1, 2, 3), vectors), bad)?.message ?? '', /vector 1\b/);
      t.throws(() => index.search(vectors.slice(4, 8), { k: 1 }), bad);
    }
    t.throws(() => index.upsert(keysOf(1), new Float32Array(4)), bad);
    t.throws(() => index.upsertInt8(keysOf(1), new Int8Array(4), Float32Array.of(1)), bad);
    const values = Int8Array.of(1, 2, 3, 4);
    for (const scale of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      t.throws(() => index.upsertInt8(keysOf(1), values, Float32Array.of(scale)), bad);
    }
    t.is(index.size, 0);
    index.upsert(keysOf(1), new Float32Array(4).fill(1e-45));
    t.is(index.search(new Float32Array(4).fill(1e-45), { k: 1 }).scores[0], 1, 'the smallest numbers have a direction');
  });

  test(`${name}: an index refuses arguments of wrong types, lengths and ranges`, async (t) => {
    const index = open(4, 10);
    const argument = { code: 'hotpath.argument', name: 'EdgeError' };
    const one = new Float32Array(4).fill(1);
    t.throws(() => index.upsert(keysOf(1, 2), one), argument);
    t.throws(() => index.upsert(new BigInt64Array(1) as never, one), argument);
    t.throws(() => index.upsert(keysOf(1), new Float64Array(4) as never), argument);
    t.throws(() => index.upsert(keysOf(1), one, { type: Uint16Array.of(1, 2) }), argument);
    t.throws(() => index.upsert(keysOf(1), one, { node: Uint16Array.of(1) as never }), argument);
    t.throws(() => index.upsert(keysOf(1), one, { timeMs: Float64Array.of(Number.NaN) }), argument);
    t.throws(() => index.upsert(keysOf(1), one, 5 as never), argument);
    t.throws(() => index.upsertInt8(keysOf(1), new Int8Array(4).fill(1), new Float32Array(2)), argument);
    t.throws(() => index.erase([1n] as never), argument);
    t.is(index.size, 0);
    for (const k of [0, -1, 1.5, Number.NaN, 65_537, undefined as never, '1' as never]) {
      t.throws(() => index.search(one, { k }), argument, `k ${k}`);
      await t.throwsAsync(index.searchAsync(one, { k }), argument);
    }
    t.throws(() => index.search(one, undefined as never), argument);
    t.throws(() => index.search(new Float32Array(8), { k: 1 }), argument);
    t.throws(() => index.search(one, { k: 1, type: 65_536 }), argument);
    t.throws(() => index.search(one, { k: 1, node: -1 }), argument);
    t.throws(() => index.search(one, { k: 1, sinceMs: Number.NaN }), argument);
    t.throws(() => index.search(one, { k: 1, untilMs: '1' as never }), argument);
    for (const dimension of [0, 3, 6, 4_100, 4.5]) t.throws(() => open(dimension), argument, `${dimension}`);
    for (const capacity of [0, 2 ** 24 + 1, Number.NaN]) t.throws(() => open(4, capacity), argument, `${capacity}`);
  });

  test(`${name}: getters that take the memory away while they are read do no harm`, (t) => {
    const index = open(4, 10);
    const vectors = new Float32Array(4).fill(1);
    const columns = {
      get type() {
        if (vectors.length > 0) structuredClone(vectors, { transfer: [vectors.buffer] });
        return Uint16Array.of(1);
      },
    };
    t.throws(() => index.upsert(keysOf(1), vectors, columns));
    const query = new Float32Array(4).fill(1);
    const options = {
      get k() {
        if (query.length > 0) structuredClone(query, { transfer: [query.buffer] });
        return 1;
      },
    };
    t.throws(() => index.search(query, options), { code: 'hotpath.detached' });
    const closing = {
      get k() {
        index.close();
        return 1;
      },
    };
    t.throws(() => index.search(new Float32Array(4).fill(1), closing), { code: 'index.closed' });
  });
}
