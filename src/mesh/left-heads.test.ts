import test from 'ava';
import { at, nodeNamed } from '../testing/builders.js';
import { LEFT_MAX, LEFT_MS, LeftHeads } from './left-heads.js';

const [A, B] = [nodeNamed(1), nodeNamed(2)];

test('what is said of a head that was left counts when it is newer', (t) => {
  const left = new LeftHeads(() => true);
  t.false(left.bars(A, 0, at(0)));
  left.add(A, 7, at(0));
  t.true(left.bars(A, 7, at(1)));
  t.false(left.bars(A, 8, at(1)));
  t.false(left.bars(B, 1, at(1)));
  t.is(left.numberOf(A), 7);
});

test('a number that was a lie keeps nobody from a head for ever that has signed for a segment', (t) => {
  const backed = new Set([A]);
  const left = new LeftHeads((head) => backed.has(head));
  for (const head of [A, B]) left.add(head, 2 ** 47, at(0));
  t.true(left.bars(A, 5, at(LEFT_MS - 1)));
  t.false(left.bars(A, 5, at(LEFT_MS)));
  t.true(left.bars(B, 5, at(10 * LEFT_MS)), 'nothing shows that it exists');
  t.true(left.has(A), 'it was left all the same');
  left.add(A, 2 ** 47, at(LEFT_MS));
  t.true(left.bars(A, 5, at(LEFT_MS + 1)), 'for so long again');
});

test('the head that was left first is forgotten beyond the limit', (t) => {
  const left = new LeftHeads(() => true);
  left.add(A, 1, at(0));
  left.add(B, 1, at(0));
  left.add(A, 2, at(1));
  for (let n = 0; n < LEFT_MAX - 1; n++) left.add(nodeNamed(100 + n), 1, at(2));
  t.is(left.size, LEFT_MAX);
  t.true(left.has(A));
  t.false(left.has(B));
});
