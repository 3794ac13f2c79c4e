import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { airNode } from '../testing/builders.js';
import { NodeAliases } from './node-aliases.js';

const [A, B] = [airNode(0xa1), airNode(0xb2)];
const TWIN = `${A.slice(0, 4)}ffffffffffff` as NodeId;
const ALIAS = 0xa1;

test('nodes are found by the first two bytes of their ids, all that have them', (t) => {
  const aliases = new NodeAliases();
  t.true(aliases.add(A));
  t.false(aliases.add(A));
  aliases.add(B);
  aliases.add(TWIN);
  t.deepEqual(aliases.knownAs(ALIAS), [A, TWIN]);
  aliases.forget(A);
  t.deepEqual(aliases.knownAs(ALIAS), [TWIN]);
  t.false(aliases.has(A));
  aliases.forget(TWIN);
  t.deepEqual(aliases.knownAs(ALIAS), []);
});

/** As often as it takes. */
function nameEnough(aliases: NodeAliases, node: NodeId): number {
  let times = 0;
  for (; !aliases.isSettled(node) && times < 100; times++) aliases.named(node);
  return times;
}

test('an alias is enough once its node was named whole a few times, and is not when somebody lacks it or is new', (t) => {
  const aliases = new NodeAliases();
  aliases.named(A);
  t.false(aliases.has(A), 'to name is not to know');
  aliases.add(A);
  aliases.add(B);
  t.false(aliases.isSettled(A));
  const times = nameEnough(aliases, A);
  t.true(times > 1 && times < 10, `${times}`);
  t.false(aliases.isSettled(B), 'each for itself');
  aliases.lacked(ALIAS);
  t.false(aliases.isSettled(A));
  t.is(nameEnough(aliases, A), times);
  nameEnough(aliases, B);
  aliases.came();
  t.deepEqual(
    [A, B].map((node) => aliases.isSettled(node)),
    [false, false],
  );
});

test('beyond its limit the one known longest goes', (t) => {
  const aliases = new NodeAliases();
  for (let n = 0; n < Limit.KnownNodes; n++) aliases.add(airNode(n));
  t.true(aliases.isFull);
  aliases.add(airNode(Limit.KnownNodes));
  t.false(aliases.has(airNode(0)));
  t.true(aliases.has(airNode(1)));
  t.deepEqual(aliases.knownAs(0), []);
});
