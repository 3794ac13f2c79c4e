import test from 'ava';
import { nodeNamed, testRandom } from '../testing/builders.js';
import { someOf, TOLD_MANY, TOLD_SOME } from './drip-listeners.js';

test('all of a few are told, and of many some, each of them sooner or later', (t) => {
  const nodes = Array.from({ length: 40 }, (_, i) => nodeNamed(i + 1));
  const random = testRandom(1);
  t.deepEqual(someOf(nodes.slice(0, TOLD_MANY), random), nodes.slice(0, TOLD_MANY));
  t.deepEqual(someOf([], random), []);
  const told = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const some = someOf(nodes, random);
    t.is(new Set(some).size, TOLD_SOME);
    for (const node of some) told.add(node);
  }
  t.is(told.size, nodes.length);
});
