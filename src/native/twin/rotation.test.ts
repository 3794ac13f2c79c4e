import test from 'ava';
import fc from 'fast-check';
import { coarseDistance, coarseRows, fineDistance } from './hamming.js';
import { hammingLimit } from './hamming-limit.js';
import { Mean } from './mean.js';
import { Rotation } from './rotation.js';

/** One component of the Hadamard transform by its definition. */
function transformed(x: readonly number[], row: number): number {
  let sum = 0;
  for (const [j, value] of x.entries()) {
    let bits = row & j;
    let parity = 0;
    for (; bits !== 0; bits &= bits - 1) parity ^= 1;
    sum += parity === 0 ? value : -value;
  }
  return sum;
}

/** The first output words of splitmix64 from seed 0, as its author gives them. */
const SPLIT_MIX_0 = [0xe220_a839_7b1d_cdafn, 0x6e78_9e6a_a1b9_65f4n, 0x06c4_5d18_8009_454fn];

const signOf = (seedWords: readonly bigint[], i: number): number =>
  ((seedWords[i >> 6] as bigint) >> BigInt(i & 63)) & 1n ? -1 : 1;

test('a rotation is linear and keeps lengths, but for its scale', (t) => {
  const rotation = new Rotation(512, 0);
  const rotated = (...components: readonly [number, number][]): number[] => {
    const row = new Int8Array(512);
    for (const [at, value] of components) row[at] = value;
    const y = new Int32Array(512);
    rotation.apply(row, 0, y);
    return [...y];
  };
  t.is(rotation.scale, 512);
  const base = rotated([0, 1]);
  t.is(
    base.reduce((sum, x) => sum + x * x, 0),
    512 ** 2,
  );
  for (const at of [1, 2, 63, 64, 100, 511]) {
    const other = rotated([at, 1]);
    t.is(
      other.reduce((sum, x, i) => sum + x * (base[i] as number), 0),
      0,
    );
    t.deepEqual(
      rotated([0, 3], [at, -5]),
      base.map((x, i) => 3 * x - 5 * (other[i] as number)),
    );
  }
});

test('the integer rotation and that in doubles agree, at every size', (t) => {
  for (const dimension of [128, 512, 516, 1_024, 2_048, 4_096]) {
    const rotation = new Rotation(dimension, 9);
    const row = Int8Array.from({ length: dimension }, (_, i) => ((i * 37) % 255) - 127);
    const y = new Int32Array(rotation.padded);
    rotation.apply(row, 0, y);
    const doubles = rotation.applyToMean(Float32Array.from(row));
    const off = y.reduce((most, value, i) => Math.max(most, Math.abs(value - (doubles[i] as number))), 0);
    // Only where bits are dropped between the rounds do they differ.
    if (dimension <= 2_048) t.is(off, 0, `${dimension}`);
    else t.true(off <= 4_096, `${off}`);
  }
});

test('a rotation is two rounds of sign flips from splitmix64 and Hadamard transforms', (t) => {
  const rotation = new Rotation(512, 0);
  const unit = new Int8Array(512);
  const y = new Int32Array(512);
  // R e0 = H D2 H D1 e0 = s · H d2, as H e0 is all ones: so H of it gives back s · 512 · d2.
  unit[0] = 1;
  rotation.apply(unit, 0, y);
  const back = Array.from({ length: 192 }, (_, i) => transformed([...y], i) / 512);
  t.true(back.every((x) => Math.abs(x) === 1));
  unit[0] = 0;
  unit[1] = 1;
  rotation.apply(unit, 0, y);
  const other = Array.from({ length: 192 }, (_, i) => transformed([...y], i) / 512);
  const sign = signOf(SPLIT_MIX_0, 0) * signOf(SPLIT_MIX_0, 1);
  for (let i = 0; i < 192; i++) t.is((other[i] as number) * (back[i] as number), sign * (i % 2 === 0 ? 1 : -1));
});

test('distances count the bits that differ', (t) => {
  const words = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 16, maxLength: 16 });
  const differ = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, i) => sum + ((x ^ (b[i] as number)) >>> 0).toString(2).replaceAll('0', '').length, 0);
  fc.assert(
    fc.property(words, words, (query, row) => {
      const coarse = Int32Array.from([1, 2, 3, 4, ...row.slice(0, 4)]);
      const fine = Int32Array.from([...new Array(12).fill(0), ...row.slice(4)]);
      const asked = Int32Array.from(query);
      const out = new Uint8Array(4);
      coarseRows(asked, coarse, 0, 2, out, 1);
      const near = differ(query.slice(0, 4), row.slice(0, 4));
      t.deepEqual([out[0], out[2], out[3]], [0, near, 0]);
      t.is(coarseDistance(asked, coarse, 1), near);
      t.is(fineDistance(asked, fine, 1), differ(query.slice(4), row.slice(4)));
    }),
  );
  const all = new Int32Array(16).fill(-1);
  t.is(coarseDistance(all, new Int32Array(4), 0), 128);
  t.is(fineDistance(all, new Int32Array(12), 0), 384);
});

test('the limit of differing bits follows the angle, at every cosine', (t) => {
  let last = 512;
  for (let i = -4_096; i <= 4_096; i++) {
    const p = Math.acos(i / 4_096) / Math.PI;
    const expected = Math.min(512, 512 * p + 2.8 * Math.sqrt(512 * p * (1 - p)));
    const limit = hammingLimit(512, 2.8, i / 4_096);
    t.true(limit <= expected + 1e-3 && limit > expected - 1 - 1e-3, `${i}: ${limit} for ${expected}`);
    t.true(limit <= last || i < 0, 'nearer ones may differ in fewer');
    last = limit;
  }
  t.is(hammingLimit(128, 3, 1), 0);
  t.is(hammingLimit(128, 3, -1), 128);
  t.is(hammingLimit(128, 3, 7), 0, 'clamped');
});

test('rows of a cosine differ in no more bits than the limit, but for one in a hundred', (t) => {
  const rotation = new Rotation(128, 3);
  const mean = new Mean(rotation.applyToMean(new Float32Array(128).fill(0.05)), rotation.scale);
  const [y, z] = [new Int32Array(512), new Int32Array(512)];
  let state = 5;
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.trunc(40 + state / 2 ** 25.5);
  };
  let missed = 0;
  for (let round = 0; round < 400; round++) {
    const one = Int8Array.from({ length: 128 }, draw);
    const two = one.map((x) => Math.trunc(0.8 * x + 0.5 * draw()));
    const squares = (row: Int8Array): number => row.reduce((sum, x) => sum + x * x, 0);
    const cosine = one.reduce((sum, x, i) => sum + x * (two[i] as number), 0) / Math.sqrt(squares(one) * squares(two));
    rotation.apply(one, 0, y);
    rotation.apply(two, 0, z);
    const [a, b] = [new Int32Array(16), new Int32Array(16)];
    mean.sketch(y, squares(one), a, 0, a, 4);
    mean.sketch(z, squares(two), b, 0, b, 4);
    mean.count(z, squares(two));
    const limit = mean.limit(512, 2.8, cosine, mean.along(y, squares(one)));
    if (coarseDistance(a, b, 0) + fineDistance(a, b.slice(4), 0) > limit) missed++;
  }
  t.true(missed <= 4, `${missed} of 400`);
});
