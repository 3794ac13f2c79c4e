import test from 'ava';
import { faultOfJson, JSON_DEPTH_MAX } from './json.js';

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

test('what JSON can say passes up to the depth', (t) => {
  for (const value of [null, 1, 'x', true, [], {}, { a: [{ b: null }] }, nested(JSON_DEPTH_MAX)])
    t.is(faultOfJson(value), undefined);
});

test('deeper values, cycles and keys that would change an object are named', (t) => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  for (const value of [nested(JSON_DEPTH_MAX + 1), nested(100_000), cyclic])
    t.regex(faultOfJson(value) ?? '', /deeper/);
  t.regex(faultOfJson(JSON.parse('{"a":[{"__proto__":1}]}')) ?? '', /__proto__/);
  t.is(faultOfJson({ constructor: 1, prototype: 2 }), undefined);
});
