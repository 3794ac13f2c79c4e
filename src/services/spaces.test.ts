import test from 'ava';
import fc from 'fast-check';
import { nodeCrypto } from '../system/node-crypto.js';
import { seededRandom } from '../system/seeded-random.js';
import { vectorOf } from '../testing/service-mesh.js';
import { fromLittleEndian, littleEndian, Spaces } from './spaces.js';
import { cosine, dequantise, normOf, quantise, sketchOf } from './vectors.js';

const crypto = nodeCrypto();

test('a space is named by all that makes vectors comparable', (t) => {
  const idOf = (config: object): string => new Spaces(crypto, [{ name: 'm', dimension: 8, ...config }]).get('m').id;
  const ids = [idOf({}), idOf({ dimension: 12 }), idOf({ rotationSeed: 1 }), idOf({ mean: [1, 0, 0, 0, 0, 0, 0, 0] })];
  t.is(new Set(ids).size, 4);
  t.is(idOf({}), idOf({ rotationSeed: 0 }));
  t.is(new Spaces(crypto).get().dimension, 512);
});

test('a wrong configuration is refused with what is wrong', (t) => {
  const wrong = [
    [{ name: '', dimension: 8 }],
    [{ name: 'm', dimension: 6 }],
    [{ name: 'm', dimension: 4_100 }],
    [{ name: 'm', dimension: 8, rotationSeed: -1 }],
    [{ name: 'm', dimension: 8, mean: [1] }],
    [
      { name: 'm', dimension: 8 },
      { name: 'm', dimension: 12 },
    ],
    Array.from({ length: 17 }, (_, i) => ({ name: `m${i}`, dimension: 8 })),
  ];
  for (const configs of wrong) t.throws(() => new Spaces(crypto, configs), { name: 'EdgeError' });
  t.throws(() => new Spaces(crypto).get('x'), { message: /known: default/ });
});

test('float32 vectors survive their bytes', (t) => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 40 }), (vector) => {
      t.deepEqual(fromLittleEndian(littleEndian(vector), vector.length), vector);
    }),
  );
  t.is(fromLittleEndian(new Uint8Array(7), 2), undefined);
});

test('int8 keeps the direction of a vector of any length', (t) => {
  const random = seededRandom(1);
  for (const factor of [1e-30, 1e-6, 1, 1e6, 1e30]) {
    const vector = vectorOf(random, 512).map((x) => x * factor);
    const back = dequantise(quantise(vector));
    t.true(cosine(vector, back) > 0.9999);
    t.true(Math.abs(normOf(back) - 1) < 0.01);
  }
});

test('sketches of alike vectors agree, of others they differ in half of their bits', (t) => {
  const random = seededRandom(2);
  const space = new Spaces(crypto).get();
  const bits = (a: Uint8Array, b: Uint8Array): number =>
    a.reduce((sum, byte, i) => sum + (byte ^ (b[i] as number)).toString(2).replaceAll('0', '').length, 0);
  const one = vectorOf(random, 512).map(Math.abs);
  const alike = one.map((x) => x + random.below(100) / 500);
  const other = vectorOf(random, 512);
  t.is(sketchOf(space, one).length, 64);
  t.deepEqual(
    sketchOf(space, one),
    sketchOf(
      space,
      one.map((x) => x * 2),
    ),
  );
  t.true(bits(sketchOf(space, one), sketchOf(space, alike)) < 100);
  const far = bits(sketchOf(space, one), sketchOf(space, other));
  t.true(far > 200 && far < 312);
});
