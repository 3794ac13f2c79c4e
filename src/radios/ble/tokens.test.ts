import test from 'ava';
import { SLOT_MS, Tokens } from './tokens.js';

const KEY = new Uint8Array(16).fill(3);
const NOON = 1_790_000_000_000;

test('a token stays for its slot, changes with the next, and differs between nodes and meshes', (t) => {
  const a = new Tokens({ key: KEY, id: 'a' });
  const start = NOON - (NOON % SLOT_MS);
  const token = a.name(start).token;
  t.is(token.length, 8);
  t.deepEqual(a.name(start + SLOT_MS - 1).token, token);
  t.notDeepEqual(a.name(start + SLOT_MS).token, token);
  t.notDeepEqual(new Tokens({ key: KEY, id: 'b' }).name(start).token, token);
  t.notDeepEqual(new Tokens({ key: new Uint8Array(16), id: 'a' }).name(start).token, token);
});

test('who knows the key knows its own, whatever the time; who does not is a stranger', (t) => {
  const a = new Tokens({ key: KEY, id: 'a' });
  const other = new Tokens({ key: KEY, id: 'b' });
  const stranger = new Tokens({ key: new Uint8Array(16), id: 'c' });
  t.true(a.isOurs(other.name(NOON)));
  t.true(a.isOurs(other.name(NOON - 10 * SLOT_MS)));
  t.false(a.isOurs(stranger.name(NOON)));
});

test('the hint is taken a slot early and late, and is six bits', (t) => {
  const a = new Tokens({ key: KEY, id: 'a' });
  for (const step of [-1, 0, 1]) t.true(a.mayBeOurs(a.hint(NOON + step * SLOT_MS), NOON));
  t.true(a.hint(NOON) < 64);
});
