import test from 'ava';
import type { MessageId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { DeliveredIds } from './delivered-ids.js';

const idOf = (n: number): MessageId => n.toString(16).padStart(28, '0') as MessageId;

test('however much the engine talks, ids of users’ messages stay', (t) => {
  const ids = new DeliveredIds();
  t.true(ids.add(idOf(1), true));
  for (let i = 0; i < 2 * Limit.DeliveredIds; i++) ids.add(idOf(1_000 + i), false);
  t.is(ids.size, Limit.DeliveredIds);
  t.false(ids.add(idOf(1), true));
  t.false(ids.add(idOf(1_000 + 2 * Limit.DeliveredIds - 1), false), 'the last of the others are known');
});

test('of users’ messages the oldest goes, on disk too, and the others leave room for the engine’s', (t) => {
  const ids = new DeliveredIds();
  for (let i = 0; i < Limit.DeliveredIds; i++) ids.add(idOf(i), true);
  ids.takeOps();
  ids.add(idOf(90_000), false);
  t.true(ids.has(idOf(90_000)));
  t.false(ids.has(idOf(0)));
  t.deepEqual(
    ids.takeOps().map(({ op }) => op),
    ['delete'],
  );
});
