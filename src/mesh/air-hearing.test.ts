import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { airNode } from '../testing/builders.js';
import { AirHearing, HEARD_MAX } from './air-hearing.js';
import { writeHeard } from './air-lists.js';

const [ME, A, B, C, D] = [1, 2, 3, 4, 5].map(airNode) as [NodeId, NodeId, NodeId, NodeId, NodeId];
/** The same alias as B. */
const B2 = `${B.slice(0, 4)}ffffffffffff` as NodeId;
const FLOOR_DB = -17.5;
/** What was heard within a second is named. */
const SECOND = { intervals: 1, usualMs: 1_000 };

const hearingOf = (self = ME): AirHearing => new AirHearing(self, FLOOR_DB, 10_000, 0);

const listOf = (nodes: readonly [NodeId, number][], number = 1, whole: readonly NodeId[] = []) => ({
  ...writeHeard(
    nodes.map(([node, chance]) => ({ node, chance, whole: whole.includes(node) })),
    200,
  ),
  reached: new Uint8Array(0),
  unaware: new Uint8Array(0),
  intervalS: 60,
  number,
});

const near = (t: { true(so: boolean, why: string): unknown }, value: number | undefined, expected: number): void =>
  void t.true(value !== undefined && Math.abs(value - expected) < 0.01, `${value} is not ${expected}`);

test('a node that is heard is no neighbour until it says that it hears us', (t) => {
  const hearing = hearingOf();
  t.true(hearing.heard(A, -5, 0));
  t.false(hearing.heard(A, -5, 10));
  t.is(hearing.neighbours.size, 0);
  t.true(hearing.isBlind);
  t.true(hearing.listed(A, listOf([[B, 0.8]]), 0));
  t.false(hearing.isBlind);
  t.is(hearing.neighbours.size, 0);
  t.true(hearing.listed(A, listOf([[ME, 0.8]], 2), 0));
  near(t, hearing.neighbours.get(A), 0.8);
  hearing.forget(A);
  t.is(hearing.neighbours.size, 0);
});

test('the list of a node that was not heard, and one that is malformed, change nothing', (t) => {
  const hearing = hearingOf();
  t.false(hearing.listed(A, listOf([[ME, 1]]), 0));
  hearing.heard(A, undefined, 0);
  t.false(hearing.listed(A, { ...listOf([[ME, 1]]), heard: new Uint8Array(4) }, 0));
  t.is(hearing.neighbours.size, 0);
});

test('who hears a node is known from those who say so, and from its own list of those that say nothing', (t) => {
  const hearing = hearingOf();
  for (const node of [A, B, C]) hearing.heard(node, 0, 0);
  t.is(hearing.earshot(A), undefined, 'it has not said whom it hears');
  hearing.listed(
    A,
    listOf([
      [ME, 0.9],
      [B, 0.6],
      [D, 0.5],
    ]),
    0,
  );
  hearing.listed(B, listOf([[A, 0.7]]), 0);
  const earshot = hearing.earshot(A);
  near(t, earshot?.get(B), 0.7);
  near(t, earshot?.get(D) ?? [...(earshot ?? [])].find(([node]) => node.startsWith('?'))?.[1], 0.5);
  t.true((earshot?.get(ME) ?? 0) > 0.5, 'we hear it ourselves');
  t.false(earshot?.has(C) ?? true);
});

test('two nodes of one alias are told apart by their whole ids', (t) => {
  const hearing = hearingOf();
  for (const node of [A, B, B2]) hearing.heard(node, 0, 0);
  const { heard, heardIds } = hearing.ownList(SECOND, 200, 1_000);
  t.is(heard.length, 3);
  t.is(heardIds.length, 18);
  const other = hearingOf(B);
  other.heard(ME, 0, 0);
  other.heard(B2, 0, 0);
  other.listed(ME, { ...listOf([]), heard, heardIds }, 0);
  t.true(other.neighbours.has(ME));
  const third = hearingOf(B);
  third.heard(ME, 0, 0);
  third.heard(B2, 0, 0);
  third.listed(ME, listOf([[B, 1]]), 0);
  t.false(third.neighbours.has(ME), 'the alias may be the other one’s');
});

test('the chance that a node is heard falls with each list that is missed, and rises with each that comes', (t) => {
  const hearing = hearingOf();
  hearing.heard(A, 0, 0);
  hearing.listed(A, listOf([], 1), 0);
  const first = hearing.ear(A)?.chance as number;
  hearing.listed(A, listOf([], 5), 0);
  const missed = hearing.ear(A)?.chance as number;
  t.true(missed < first);
  for (let number = 6; number < 20; number++) hearing.listed(A, listOf([], number), 0);
  t.true((hearing.ear(A)?.chance as number) > missed);
  hearing.listed(A, listOf([], 2 ** 31), 0);
  t.true((hearing.ear(A)?.chance as number) >= 0.2, 'whatever number it says');
});

test('a node that is barely heard counts for less than one that is heard well', (t) => {
  const hearing = hearingOf();
  hearing.heard(A, FLOOR_DB + 1, 0);
  hearing.heard(B, FLOOR_DB + 20, 0);
  t.true((hearing.ear(A)?.chance as number) < (hearing.ear(B)?.chance as number));
});

test('its own list has those heard lately, as many as there is room for', (t) => {
  const hearing = hearingOf();
  for (let n = 10; n < 40; n++) hearing.heard(airNode(n), 0, n < 20 ? 0 : 1_000);
  t.is(hearing.ownList({ intervals: 1, usualMs: 500 }, 1_000, 1_000).heard.length, 20 * 3);
  t.is(hearing.ownList(SECOND, 31, 1_000).heard.length, 10 * 3);
});

test('who is heard rarely by its own word is named as many of its own intervals', (t) => {
  const hearing = hearingOf();
  for (const node of [A, B]) hearing.heard(node, 0, 0);
  hearing.listed(A, { ...listOf([]), intervalS: 100 }, 0);
  const named = (now: number): number => hearing.ownList({ intervals: 2, usualMs: 10_000 }, 200, now).heard.length / 3;
  t.is(named(20_000), 2);
  t.is(named(21_000), 1);
  t.is(named(200_000), 1);
  t.is(named(201_000), 0);
});

test('whether a list names a node, by its alias or its whole id', (t) => {
  const hearing = hearingOf();
  hearing.heard(A, 0, 0);
  t.false(hearing.isNamed(A, B));
  hearing.listed(A, listOf([[C, 0.9]]), 0);
  t.true(hearing.isNamed(A, C));
  t.false(hearing.isNamed(A, B));
  t.false(hearing.isNamed(B, C), 'who is not heard says nothing');
});

test('beyond its bound the node unheard longest goes', (t) => {
  const hearing = hearingOf();
  for (let n = 0; n <= HEARD_MAX; n++) hearing.heard(airNode(100 + n), 0, n);
  t.is(hearing.size, HEARD_MAX);
  t.is(hearing.ear(airNode(100)), undefined);
  t.truthy(hearing.ear(airNode(101)));
});

test('a mesh has settled some time after the last news, and at the latest after so long', (t) => {
  const hearing = hearingOf();
  t.is(hearing.settledAt(0), 10_000);
  hearing.heard(A, 0, 8_000);
  t.true(hearing.settledAt(8_000) >= 18_000);
  t.is(hearing.settledAt(100_000), 100_000);
  for (let n = 0; n < 250; n++) hearing.heard(airNode(100 + n), 0, 190_000);
  t.is(hearing.settledAt(190_000), 200_000);
});

test('who is heard by one that it does not hear is told so by a third, until it says that it knows', (t) => {
  const [third, heardOne] = [hearingOf(C), hearingOf(A)];
  for (const node of [A, B]) third.heard(node, 0, 0);
  third.listed(A, listOf([[C, 0.9]]), 0);
  const list = listOf([
    [A, 0.8],
    [C, 0.9],
  ]);
  third.listed(B, list, 0);
  const told = third.ownList(SECOND, 200, 1_000);
  t.is(told.unaware.length, 5);
  heardOne.heard(C, 0, 0);
  heardOne.listed(C, { ...listOf([[A, 0.9]]), unaware: told.unaware }, 1_000);
  const [reached] = [...heardOne.neighbours].filter(([node]) => node !== C);
  near(t, reached?.[1], 0.8);
  const own = heardOne.ownList(SECOND, 200, 1_000);
  t.is(own.reached.length, 3);
  third.listed(A, { ...listOf([[C, 0.9]]), reached: own.reached }, 1_000);
  t.is(third.ownList(SECOND, 200, 1_000).unaware.length, 0);
  near(t, third.earshot(A)?.get(B), 0.8);
  t.is(
    heardOne.ownList({ intervals: 1, usualMs: 30_000_000 }, 200, 30_000_000).reached.length,
    0,
    'what nobody says again is forgotten',
  );
});

test('who hears one that does not hear it says so, and it goes from ear to ear until that one knows', (t) => {
  // D hears A and is heard by B alone; B is heard by C, and C by A.
  const [a, b, c, d] = [A, B, C, D].map((self) => hearingOf(self)) as [AirHearing, AirHearing, AirHearing, AirHearing];
  const say = (from: AirHearing): void => {
    const said = { ...from.ownList(SECOND, 200, 1_000), intervalS: 60, number: ++number };
    for (const [hearer, heard] of [
      [d, a],
      [b, d],
      [c, b],
      [a, c],
      [c, a],
      [b, c],
    ] as const) {
      if (heard !== from) continue;
      hearer.heard(from.self, 0, 1_000);
      hearer.listed(from.self, said, 1_000);
    }
  };
  let number = 0;
  say(a);
  say(a);
  t.is(d.ownList(SECOND, 200, 1_000).unaware.length, 5, 'left out twice');
  for (const node of [d, b, c]) say(node);
  t.is([...a.neighbours.keys()].filter((node) => node !== C).length, 1, 'D, which it does not hear');
  say(a);
  t.is(d.ownList(SECOND, 200, 1_000).unaware.length, 0, 'it knows');
  for (const node of [d, b, c])
    t.is(node.ownList({ intervals: 1, usualMs: 9_000_000 }, 200, 9_000_000).unaware.length, 0);
});

test('how far a source is follows from whom one hears and whom those hear, and is open beyond', (t) => {
  const hearing = hearingOf();
  hearing.heard(A, -5, 0);
  hearing.listed(A, listOf([[B, 0.8]]), 0);
  t.is(hearing.distanceFrom(A), 1);
  t.is(hearing.distanceFrom(B), 2);
  t.is(hearing.distanceFrom(C), undefined);
  hearing.listed(A, listOf([[C, 0.5]], 2, [C]), 0);
  t.is(hearing.distanceFrom(C), 2);
  t.is(hearing.distanceFrom(B), undefined, 'no longer');
});
