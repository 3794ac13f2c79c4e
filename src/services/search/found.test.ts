import test from 'ava';
import fc from 'fast-check';
import { seededRandom } from '../../system/seeded-random.js';
import { vectorOf } from '../../testing/service-mesh.js';
import { cosine, dequantise, quantise } from '../vectors.js';
import { marginOf, reachOf } from './found.js';

const blurred = (vector: Float32Array): Float32Array => dequantise(quantise(vector));

for (const [dimension, spike] of [
  [16, 1],
  [64, 1],
  [512, 1],
  [512, 12],
] as const)
  test(`int8 scores are in the wrong order by less than the margin: ${dimension} values, one ${spike} times as large`, (t) => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = seededRandom(seed);
        const shaped = (): Float32Array => vectorOf(random, dimension).map((x, i) => (i === 3 ? x * spike : x));
        const query = shaped();
        const others = Array.from({ length: 20 }, () => shaped().map((x, i) => 0.6 * x + (query[i] as number)));
        const asked = blurred(query);
        const errors = others.map((other) => cosine(asked, blurred(other)) - cosine(query, other));
        t.true(Math.max(...errors) - Math.min(...errors) < marginOf(query));
      }),
      { numRuns: 200, seed: 7 },
    );
  });

test('reach is a margin below the k-th best score, and nobody is out of it while there are fewer', (t) => {
  const scored = [0.5, 0.9, 0.7, 0.8].map((score) => ({ score }));
  t.is(reachOf(scored, 2, 0.125), 0.8 - 0.125);
  t.is(reachOf(scored, 4, 0), 0.5);
  t.is(reachOf(scored, 5, 0), Number.NEGATIVE_INFINITY);
});
