import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { airNode } from '../testing/builders.js';
import { CANDIDATES_MAX } from '../wire/compact.js';
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

test('a node always knows itself, however many others it knows', (t) => {
  const aliases = new NodeAliases(A);
  for (let n = 0; n <= Limit.KnownNodes; n++) aliases.add(`${n.toString(16).padStart(4, '0')}111111111111` as NodeId);
  aliases.forget(A);
  t.true(aliases.knownAs(ALIAS).includes(A));
  t.true(aliases.isFull);
});

test('no more share an alias than frames are read with: who is known is not made unreadable by those that come later', (t) => {
  const aliases = new NodeAliases();
  aliases.add(A);
  const twins = Array.from({ length: 2 * CANDIDATES_MAX }, (_, n) => `${A.slice(0, 4)}${n}`.padEnd(16, '1') as NodeId);
  const taken = twins.filter((twin) => aliases.add(twin));
  t.is(taken.length, CANDIDATES_MAX - 1);
  t.is(aliases.knownAs(ALIAS).length, CANDIDATES_MAX);
  t.true(aliases.has(A));
  aliases.forget(taken[0] as NodeId);
  t.true(aliases.add(twins.at(-1) as NodeId), 'there is room again');
});
