import test from 'ava';
import { LinkLimit } from './link-limit.js';

test('what the controller refused once is asked again ten seconds later', (t) => {
  const limit = new LinkLimit(7);
  t.is(limit.max(0), 7);
  t.true(limit.refused(3, 1_000));
  t.is(limit.max(1_000), 3);
  t.is(limit.max(11_001), 7);
});

test('what it refuses at the same number three times in a row is asked again two minutes later', (t) => {
  const limit = new LinkLimit(7);
  t.true(limit.refused(3, 0));
  t.false(limit.refused(3, 40_000), 'it is no news');
  t.is(limit.max(51_000), 7);
  t.false(limit.refused(3, 80_000));
  t.is(limit.max(80_000 + 119_000), 3);
  t.is(limit.max(80_000 + 121_000), 7);
});

test('links that it has are links that it takes', (t) => {
  const limit = new LinkLimit(7);
  limit.refused(2, 0);
  limit.has(2);
  t.is(limit.max(1), 2);
  limit.has(3);
  t.is(limit.max(1), 7);
  t.true(limit.refused(1, 2), 'it was busy ending one');
  t.is(limit.max(2), 3);
});

test('a refusal beside no link leaves one, and one beside all that are wanted says nothing', (t) => {
  const limit = new LinkLimit(4);
  t.false(limit.refused(4, 0));
  t.is(limit.max(0), 4);
  t.true(limit.refused(0, 0));
  t.is(limit.max(0), 1);
});
