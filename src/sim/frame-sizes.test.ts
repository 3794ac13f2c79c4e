import { readFileSync } from 'node:fs';
import test from 'ava';
import { encodeSnapshot } from '../replication/node-state.js';
import { Flag, overheadBytes } from '../wire/header.js';
import { frameSizes, sizeTable, typicalBeacon, typicalState } from './frame-sizes.js';

const sizeOf = (type: string, what: string): number =>
  frameSizes().find((row) => row.type === type && row.what.startsWith(what))?.bytes ?? Number.NaN;

test('a heartbeat takes at most forty bytes', (t) => {
  t.true(sizeOf('heartbeat', 'the longest') <= 40);
});

test('a beacon takes some eighty bytes beside key and signature', (t) => {
  const bytes = overheadBytes(0) + typicalBeacon(false).length;
  t.true(bytes <= 80, `${bytes}`);
});

test('the state of a node with four neighbours takes some two hundred bytes', (t) => {
  const bytes = encodeSnapshot(typicalState).length;
  t.true(bytes <= 210, `${bytes}`);
});

test('a tagged broadcast has at most forty bytes of overhead, a signed one at most a hundred', (t) => {
  t.true(overheadBytes(0) <= 40);
  t.true(overheadBytes(Flag.Directed) <= 40);
  t.true(overheadBytes(Flag.Signed) <= 100);
});

test('the table of sizes in docs/protocol.md is the one the code gives', (t) => {
  const docs = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
  const table = sizeTable(frameSizes());
  t.log(table);
  t.true(docs.includes(table), 'put the table above into docs/protocol.md under "Sizes"');
});
