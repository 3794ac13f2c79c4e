import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { IndexOptions, IndexStats, SearchOptions, VectorIndex } from '../ports/hot-path.js';
import { keysOf, vectorsOf } from '../testing/contracts/hot-path-index.js';
import { type VectorSet, vectorSource } from '../testing/vector-sets.js';
import { createHotPath } from './hot-path.js';
import { loadAddon } from './load.js';

// The index of the addon and its twin must be told apart by nothing but speed: same rows, same sketches, same searches.
function both(title: string, run: (t: ExecutionContext) => void | Promise<void>): void {
  if (loadAddon().addon !== undefined) test(title, run);
  else test.skip(`${title} (skipped: no addon is built here)`, () => undefined);
}
const native = () => createHotPath({ kind: 'native' });
const twin = () => createHotPath({ kind: 'js' });

/** A pair of indexes that must do alike, and random numbers from a seed. */
class Pair {
  readonly indexes: readonly [VectorIndex, VectorIndex];
  readonly #t: ExecutionContext;
  #state: number;

  constructor(t: ExecutionContext, seed: number, options: readonly [IndexOptions, IndexOptions]) {
    this.#t = t;
    this.#state = seed | 1;
    this.indexes = [native().index(options[0]), twin().index(options[1])];
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((this.#state >>> 0) / 2 ** 32) * limit);
  }

  /** Does the same to both; answers, refusals, sizes and what searches read must be alike. */
  check<T>(what: string, run: (index: VectorIndex) => T): T {
    const answers = this.indexes.map((index) => {
      const before = index.stats();
      const answer = run(index);
      return { answer, size: index.size, read: difference(index.stats(), before) };
    });
    this.#t.deepEqual(answers[0], answers[1], what);
    return answers[0]?.answer as T;
  }

  close(): void {
    for (const index of this.indexes) index.close();
  }
}

const difference = (after: IndexStats, before: IndexStats) =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name as keyof IndexStats]]));

/** Keys that are new for the most part, and some that are not. */
function keysFor(pair: Pair, count: number, end: number): BigUint64Array {
  const isOld = pair.below(3) === 0;
  return BigUint64Array.from({ length: count }, (_, i) => BigInt(isOld ? pair.below(end + 1) : end + i));
}

function columnsFor(pair: Pair, count: number) {
  return {
    type: Uint16Array.from({ length: count }, () => pair.below(4)),
    node: Uint32Array.from({ length: count }, () => pair.below(30)),
    timeMs: Float64Array.from({ length: count }, () => pair.below(1_000)),
  };
}

function optionsFor(pair: Pair): SearchOptions {
  const k = [1, 3, 10, 10, 60, 400][pair.below(6)] as number;
  const sinceMs = pair.below(900);
  const all: SearchOptions[] = [
    { k },
    { k },
    { k, type: pair.below(5) },
    { k, node: pair.below(30) },
    { k, sinceMs },
    { k, type: 1, untilMs: sinceMs },
  ];
  const one = all[pair.below(all.length)] as SearchOptions;
  return pair.below(4) === 0 ? { ...one, exact: true } : one;
}

interface Life {
  readonly set: VectorSet;
  readonly rows: number;
  readonly options?: Partial<IndexOptions>;
  readonly file?: boolean;
}

async function live(t: ExecutionContext, { set, rows, options = {}, file = false }: Life, seed: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'differential-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { dimension } = set;
  const paths = [join(folder, 'native'), join(folder, 'twin')] as const;
  const made = { dimension, capacity: rows + 600, ...options };
  const pair = new Pair(t, seed, [
    { ...made, ...(file ? { exactPath: paths[0] } : {}) },
    { ...made, ...(file ? { exactPath: paths[1] } : {}) },
  ]);
  const next = vectorSource({ ...set, seed });
  const queries = next(40);
  const query = () => {
    const at = pair.below(40) * dimension;
    return queries.subarray(at, at + dimension);
  };
  for (let end = 0; end < rows; ) {
    const count = [1, 7, 100, 400, 500][pair.below(5)] as number;
    const [keys, vectors, columns] = [keysFor(pair, count, end), next(count), columnsFor(pair, count)];
    // A batch may come while a search holds the rows where they are.
    const held = pair.below(4) === 0 ? hold(pair, queries, dimension) : [];
    if (held.length > 0) step(pair, end);
    if (pair.below(5) === 0) {
      const values = Int8Array.from(vectors, (x) => Math.max(-128, Math.min(127, Math.round(x * 40))));
      for (let i = 0; i < count; i++) values[i * dimension] = 1;
      const scales = new Float32Array(count).fill(0.01);
      for (const index of pair.indexes) index.upsertInt8(keys, values, scales, columns);
    } else {
      for (const index of pair.indexes) index.upsert(keys, vectors, columns);
    }
    end += count;
    await Promise.all(held);
    step(pair, end);
    const asked = optionsFor(pair);
    const one = query();
    pair.check(`search ${JSON.stringify(asked)} of ${end}`, (index) => index.search(one, asked));
  }
  const asked = optionsFor(pair);
  pair.check('many', (index) => index.searchMany(queries, asked));
  if (file) t.true(readFileSync(paths[0]).equals(readFileSync(paths[1])), 'the files are alike');
  pair.close();
}

/** Searches that take so long that the twin has to let others have their turn; it runs shorter ones at once. */
function hold({ indexes }: Pair, queries: Float32Array, dimension: number): Promise<unknown>[] {
  const each = indexes[0].size * dimension;
  const count = Math.ceil(2 ** 24 / each);
  if (count > 256) return [];
  const all = Float32Array.from({ length: count * dimension }, (_, i) => queries[i % queries.length] as number);
  return indexes.map((index) => index.searchManyAsync(all, { k: 100, exact: true }));
}

/** Sometimes some entries go. */
function step(pair: Pair, end: number): void {
  const which = pair.below(6);
  if (which === 0) {
    const gone = BigUint64Array.from({ length: pair.below(200) }, () => BigInt(pair.below(end + 1)));
    pair.check('erase', (index) => index.erase(gone));
  } else if (which === 1) {
    const before = pair.below(60);
    pair.check('expire', (index) => index.expire(before));
  }
}

const LIVES: Readonly<Record<string, Life>> = {
  'without a mean': { set: { dimension: 128, identities: 100 }, rows: 5_000 },
  'that learn a mean, and another': {
    set: { dimension: 128, identities: 200, shared: 0.8, falling: true, turnsAt: 2_000 },
    rows: 12_000,
    options: { rotationSeed: 2 ** 53 - 1 },
  },
  'with a mean that is given': {
    set: { dimension: 132, identities: 80, positive: true },
    rows: 4_000,
    options: { mean: vectorsOf(1, 132, 3).map((x) => (x > 0 ? 0.07 : 0.03)), rotationSeed: 7 },
  },
  'without structure': { set: { dimension: 256, identities: 0 }, rows: 3_000 },
  'with a file': { set: { dimension: 192, identities: 50, shared: 0.5 }, rows: 4_000, file: true },
  'of 512 components': { set: { dimension: 512, identities: 60, shared: 0.4, falling: true }, rows: 5_000 },
  'of 768 components': { set: { dimension: 768, identities: 60, positive: true }, rows: 3_500 },
  'of 4,096 components': { set: { dimension: 4_096, identities: 30, shared: 1 }, rows: 1_600 },
  'too short for sketches': { set: { dimension: 64, identities: 20 }, rows: 2_000, file: true },
};

for (const [name, life] of Object.entries(LIVES)) {
  // FC_SEED=… replays a run, as for property tests.
  both(`indexes ${name} live the same life, to the bit`, async (t) => {
    const seed = Number(process.env['FC_SEED'] ?? 1 + Math.floor(Math.random() * 2 ** 30));
    t.log(`seed ${seed}`);
    await live(t, life, seed);
  });
}

both('indexes find the same entries with the same scores in the same order, to the bit', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 8, 60, 64, 68, 512, 516),
      fc.nat(),
      fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      fc.constantFrom(1, 1e-20, 1e20),
      (dimension, seed, keys, k, scale) => {
        const vectors = vectorsOf(keys.length, dimension, seed).map((x) => x * scale);
        const type = Uint16Array.from(keys, (key) => key % 3);
        const query = vectorsOf(1, dimension, seed + 1);
        const answers = [native(), twin()].map((hotPath) => {
          const index = hotPath.index({ dimension, capacity: 100 });
          index.upsert(keysOf(...keys), vectors, { type });
          index.erase(keysOf(...keys.filter((key) => key % 7 === 0)));
          return [index.search(query, { k }), index.search(query, { k, type: 1 }), index.size];
        });
        t.deepEqual(answers[0], answers[1]);
      },
    ),
  );
});
