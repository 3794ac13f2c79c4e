import test from 'ava';
import fc from 'fast-check';
import { editDistance, nearest } from './nearest.js';

test('a swap of neighbours is one edit', (t) => {
  t.is(editDistance('listen', 'lisetn'), 1);
  t.is(editDistance('listen', 'listen'), 0);
  t.is(editDistance('', 'abc'), 3);
});

test('the distance is symmetric and zero only for equal texts', (t) => {
  const short = fc.string({ maxLength: 20 });
  fc.assert(
    fc.property(
      short,
      short,
      (a, b) => editDistance(a, b) === editDistance(b, a) && (editDistance(a, b) === 0) === (a === b),
    ),
  );
  t.pass();
});

test('the nearest candidate is found over case, hyphens and slips', (t) => {
  const known = ['heartbeat_interval', 'peer_timeout', 'forget_after'];
  t.is(nearest('heartbeat-interval', known), 'heartbeat_interval');
  t.is(nearest('Peer_Timeot', known), 'peer_timeout');
  t.is(nearest('colour', known), undefined);
});

test('a text of any length is compared in bounded time', (t) => {
  t.is(nearest('x'.repeat(1_000_000), ['listen']), undefined);
});
