import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { airNode, at } from '../testing/builders.js';
import { NodeAliases } from './node-aliases.js';

const HOUR = 3_600_000;
const [A, B] = [airNode(0xa1), airNode(0xb2)];
const TWIN = `${A.slice(0, 4)}ffffffffffff` as NodeId;
const ALIAS = 0xa1;

test('nodes are found by the first two bytes of their ids, all that have them', (t) => {
  const aliases = new NodeAliases();
  t.true(aliases.add(A, at(0)));
  t.false(aliases.add(A, at(1)));
  aliases.add(B, at(0));
  aliases.add(TWIN, at(0));
  t.deepEqual(aliases.knownAs(ALIAS), [A, TWIN]);
  aliases.forget(A);
  t.deepEqual(aliases.knownAs(ALIAS), [TWIN]);
  t.false(aliases.has(A));
  aliases.forget(TWIN);
  t.deepEqual(aliases.knownAs(ALIAS), []);
});

test('an alias is enough once its node has long been known, and is not when somebody lacks it', (t) => {
  const aliases = new NodeAliases();
  aliases.add(A, at(0));
  t.false(aliases.isSettled(A, at(60_000)));
  t.true(aliases.isSettled(A, at(HOUR)));
  t.false(aliases.isSettled(B, at(HOUR)), 'a node that is not known');
  aliases.lacked(ALIAS, at(HOUR));
  t.false(aliases.isSettled(A, at(HOUR + 60_000)));
  t.true(aliases.isSettled(A, at(2 * HOUR)));
});

test('beyond its limit the one known longest goes', (t) => {
  const aliases = new NodeAliases();
  for (let n = 0; n <= Limit.KnownNodes; n++) aliases.add(airNode(n), at(n));
  t.false(aliases.has(airNode(0)));
  t.true(aliases.has(airNode(1)));
  t.deepEqual(aliases.knownAs(0), []);
});
