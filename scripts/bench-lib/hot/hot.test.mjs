import assert from 'node:assert/strict';
import test from 'node:test';
import { curveSvg } from './curve.mjs';
import { DataKind, DataSet } from './data-set.mjs';
import { arrayDedup, mapDedup } from './dedup-peers.mjs';
import { interleaved, recallIn } from './interleave.mjs';
import { Stream } from './random.mjs';
import { Best, exactNeighbours, plainDot, recallOf } from './truth.mjs';

const KINDS = Object.values(DataKind);
const small = (kind, count = 300) => new DataSet({ kind, count, dimension: 64, seed: 7 });

function valuesOf(set) {
  const values = [];
  for (const { vectors } of set.chunks(128)) values.push(...vectors);
  return values;
}

test('a set is the same each time, whichever row is asked for first, held or not', () => {
  for (const kind of KINDS) {
    const [set, held] = [small(kind), small(kind)];
    held.hold();
    const late = set.row(299);
    const all = valuesOf(set);
    assert.deepEqual(all.slice(-64), [...late]);
    assert.deepEqual(valuesOf(held), all);
    assert.notDeepEqual([...small(kind).query(3)], [...set.row(3)]);
    assert.notDeepEqual([...new DataSet({ kind, count: 300, dimension: 64, seed: 8 }).row(0)], [...set.row(0)]);
  }
});

test('vectors are units, and as near to each other as their kind says', () => {
  const strangers = { clustered: 0, random: 0, spectrum: 0.17 };
  for (const kind of KINDS) {
    const set = new DataSet({ kind, count: 4_000, seed: 3 });
    const rows = Array.from({ length: 600 }, (_, i) => set.row(i));
    const [same, other] = [[], []];
    rows.forEach((a, i) => {
      assert.ok(Math.abs(plainDot(a, a) - 1) < 1e-5);
      for (let j = 0; j < i; j++) (set.identityOf(i) === set.identityOf(j) ? same : other).push(plainDot(a, rows[j]));
    });
    const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
    assert.ok(Math.abs(mean(other) - strangers[kind]) < 0.02, `${kind}: ${mean(other)}`);
    if (kind === DataKind.Random) assert.ok(Math.abs(mean(same)) < 0.02);
    else assert.ok(mean(same) > 0.65 && mean(same) < 0.8, `${kind}: ${mean(same)}`);
  }
});

test('what no set can be is refused', () => {
  assert.throws(() => new DataSet({ kind: 'other', count: 1 }), RangeError);
  assert.throws(() => new DataSet({ kind: DataKind.Spectrum, count: 1, dimension: 768 }), RangeError);
  assert.equal(new DataSet({ kind: DataKind.Clustered, count: 1, dimension: 768 }).row(0).length, 768);
});

test('the stream of random words is even and does not depend on its neighbour', () => {
  const stream = new Stream();
  let ones = 0;
  for (let index = 0; index < 2_000; index++) {
    let word = stream.start(1, 1, index);
    for (; word !== 0; word &= word - 1) ones++;
  }
  assert.ok(Math.abs(ones / (2_000 * 32) - 0.5) < 0.01);
});

test('the truth is what sorting all products gives, with and without a filter', () => {
  const set = small(DataKind.Clustered, 5_000);
  const queries = [set.query(0), set.query(1)];
  const sorted = (query, allows) =>
    Array.from({ length: set.count }, (_, row) => ({ row, score: plainDot(set.row(row), query) }))
      .filter(({ row }) => allows(row))
      .sort((a, b) => b.score - a.score)
      .slice(0, 10)
      .map(({ row }) => row);
  assert.deepEqual(
    exactNeighbours(set, { queries, k: 10 }),
    queries.map((query) => sorted(query, () => true)),
  );
  const allows = (row, i) => row % 3 === i;
  assert.deepEqual(
    exactNeighbours(set, { queries, k: 10, allows }),
    queries.map((query, i) => sorted(query, (row) => allows(row, i))),
  );
  const wrong = (a, b) => plainDot(a, b) + 0.01;
  assert.throws(() => exactNeighbours(set, { queries, k: 10, dot: wrong }), /off by/);
});

test('the best are kept, the lower row first where scores are equal', () => {
  const best = new Best(3);
  for (const [row, score] of [
    [5, 1],
    [2, 3],
    [9, 3],
    [1, 0],
    [4, 2],
  ])
    best.offer(row, score);
  assert.deepEqual(best.rows, [2, 9, 4]);
  assert.equal(best.floor, 2);
});

test('recall is the share of the truth that was found, whatever numbers the keys are', () => {
  assert.equal(recallOf([[1n, 2n, 5n]], [[1, 2, 3, 4]]), 0.5);
  assert.equal(recallOf([new Float64Array([1, 2])], [[1, 2]]), 1);
});

test('engines are asked in turn, slow ones less often, and judged by what they were asked', () => {
  const order = [];
  const engine = (name, every) => ({
    name,
    every,
    search: (_, i) => {
      order.push(`${name}${i}`);
      return [i];
    },
  });
  const queries = Array.from({ length: 4 }, () => new Float32Array(1));
  const series = interleaved([engine('a'), engine('b', 2)], queries, { warmUps: 0 });
  assert.deepEqual(order, ['a0', 'b0', 'a1', 'a2', 'b2', 'a3']);
  assert.deepEqual(series.get('b').asked, [0, 2]);
  assert.equal(recallIn(series.get('b'), [[0], [9], [2], [9]]), 1);
  assert.equal(recallIn(series.get('a'), [[0], [9], [2], [9]]), 0.5);
});

test('the caches to compare with agree, also when ids leave by age or for want of room', () => {
  for (const options of [
    { capacity: 8, ttlMs: 1_000_000 },
    { capacity: 64, ttlMs: 30 },
  ]) {
    const caches = [mapDedup(options), arrayDedup(options)];
    const stream = new Stream();
    stream.start(5, 1, 0);
    for (let nowMs = 0; nowMs < 600; nowMs++) {
      const ids = Buffer.alloc(4 * 16);
      for (let i = 0; i < 4; i++) ids.writeInt32LE(stream.next() % 24, i * 16);
      const outs = caches.map((cache) => {
        const out = new Uint8Array(4);
        cache.seenMany(ids, nowMs, out);
        return [...out];
      });
      assert.deepEqual(outs[1], outs[0]);
    }
  }
});

test('the curve names each engine once and puts high recall on top', () => {
  assert.equal(curveSvg([]), undefined);
  const svg = curveSvg([
    { kind: 'clustered', count: 100_000, engine: 'hnswlib', recall: 0.5, us: 100 },
    { kind: 'clustered', count: 100_000, engine: 'hnswlib ef 128', recall: 1, us: 900 },
    { kind: 'random', count: 1_000_000, engine: 'ours <b>', recall: 0.9, us: 2_000 },
  ]);
  assert.equal(svg.match(/hnswlib, 100k<\/text>/g).length, 1);
  assert.match(svg, /ours &lt;b&gt;, 1M<\/text>/);
  const heights = [...svg.matchAll(/cy="([\d.]+)" r="3"/g)].map(([, y]) => Number(y));
  assert.deepEqual(heights, [125, 0]);
  assert.doesNotMatch(svg, /NaN|undefined/);
});
