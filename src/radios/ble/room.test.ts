import test from 'ava';
import { Neighbours } from './neighbours.js';
import { Parts } from './parts.js';
import { Room } from './room.js';

const OWN = new Uint8Array(8).fill(0x80);
const LOWER = 0x10;
const HIGHER = 0x90;
const OTHER_MARK = 1;
const root = (first: number): Uint8Array => Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 0);
const keyOf = (first: number): string => `${first.toString(16)}00000000000001`;

/** A node whose parent is at the end of link 1, and which hears one of another part all the time. */
function scene() {
  const parts = new Parts(root(0x50), 0);
  parts.heard(1, { root: root(0), distance: 0, isParent: false, hasOtherWay: false }, 0);
  const neighbours = new Neighbours(() => 0);
  const room = new Room(neighbours, parts, () => 0);
  const view = (handle: number, isParent: boolean, hasOtherWay = false): void =>
    parts.heard(handle, { root: root(0), distance: isParent ? 2 : 1, isParent, hasOtherWay }, 0);
  const hear = (first: number, now: number, type = 0, part = OTHER_MARK): void => {
    const report = { type, addressType: 1, address: 'aa', data: new Uint8Array(0), rssi: -50 } as const;
    const token = Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 1);
    neighbours.heard({ hint: 0, token, part }, report, true, parts.mark, now);
  };
  /** When, and which link is given up; the neighbour is heard every half second. */
  const wait = (first: number, from: number, to: number, type = 0): readonly [number, number] | undefined => {
    for (let now = from; now <= to; now += 500) {
      hear(first, now, type);
      const handle = room.make({ now, ownToken: OWN, links: [1, 2, 3] });
      if (handle !== undefined) return [now, handle];
    }
    return undefined;
  };
  return { parts, room, view, hear, wait };
}

test('a link outside the tree goes after two seconds, before one that has a substitute', (t) => {
  const s = scene();
  s.view(2, true, true);
  s.view(3, false);
  t.deepEqual(s.wait(HIGHER, 0, 60_000), [2_000, 3]);
});

test('without one, a link goes whose other end has another way', (t) => {
  const s = scene();
  s.view(2, true);
  s.view(3, true, true);
  t.deepEqual(s.wait(HIGHER, 0, 60_000), [2_000, 3]);
});

test('where all are needed one goes in the end, but not the way to the root', (t) => {
  const s = scene();
  s.view(2, true);
  s.view(3, true);
  t.deepEqual(s.wait(HIGHER, 0, 60_000), [8_000, 2]);
});

test('of two that have no place the one with the lower token makes room first', (t) => {
  const first = scene();
  first.view(3, false);
  t.deepEqual(first.wait(HIGHER, 0, 60_000, 3), [2_000, 3]);
  const second = scene();
  second.view(3, false);
  t.deepEqual(second.wait(LOWER, 0, 60_000, 3), [5_000, 3]);
});

test('news that takes a moment to all makes nobody give up a link', (t) => {
  const s = scene();
  s.view(3, false);
  for (let now = 0; now < 60_000; now += 2_000) {
    t.is(s.wait(HIGHER, now, now + 1_500), undefined);
    s.hear(HIGHER, now + 1_900, 0, s.parts.mark);
  }
});

test('while it is looked for a way to the root nothing is given up', (t) => {
  const s = scene();
  s.view(3, true);
  s.parts.remove(1, 0);
  t.false(s.parts.isSettled);
  t.is(s.wait(HIGHER, 0, 60_000), undefined);
});

test('the place is kept for whom it was made, and made for the same again ever more seldom', (t) => {
  const s = scene();
  s.view(3, false);
  const times: number[] = [];
  for (let from = 0; from < 300_000; ) {
    const made = s.wait(HIGHER, from, 300_000);
    if (made === undefined) break;
    times.push(made[0]);
    t.is(s.room.keptFor(made[0]), keyOf(HIGHER));
    t.is(s.room.keptFor(made[0] + 6_000), undefined);
    from = made[0] + 500;
  }
  const waits = times.slice(1).map((time, i) => time - (times[i] as number));
  t.deepEqual(waits.slice(0, 5), [8_000, 16_000, 32_000, 64_000, 64_000]);
  s.room.reached(keyOf(HIGHER));
  t.is(s.room.keptFor(300_000), undefined);
});
