import test from 'ava';
import fc from 'fast-check';
import { nodeNamed } from '../testing/builders.js';
import { compareHashes, type HashedItem, partsFor, readHashes, type SaidHashes, writeHashes } from './drip-hashes.js';
import { type DripItem, DripKind } from './drip-items.js';

const itemOf = (n: number): DripItem => ({
  ...{ kind: DripKind.State, source: nodeNamed(n), saltHint: 0, sequence: 1, rank: 1n, body: new Uint8Array(0) },
});
const held = (hashes: readonly number[]): HashedItem[] => hashes.map((hash, n) => ({ item: itemOf(n), hash }));
const anyHashes = fc.uniqueArray(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 300 });

const said = (items: readonly HashedItem[], salt: number, part: number, parts: number, bytes: number): SaidHashes =>
  readHashes(writeHashes(items, { salt, part, parts }, bytes)) as SaidHashes;

test('two that hold the same find no difference, whatever the salt', (t) => {
  fc.assert(
    fc.property(anyHashes, fc.nat(), (hashes, salt) => {
      const items = held(hashes);
      t.deepEqual(compareHashes(items, said(items, salt, 0, 1, 4_000)), { lacking: [], unknown: 0 });
    }),
  );
});

test('over all parts and a few salts whatever differs is found, and nothing else', (t) => {
  fc.assert(
    fc.property(anyHashes, fc.nat(20), fc.nat(20), (hashes, mine, theirs) => {
      const all = held(hashes);
      const ours = all.slice(Math.min(theirs, all.length));
      const others = all.slice(0, Math.max(0, all.length - mine));
      const parts = partsFor(others.length, 200);
      const lacking = new Set<DripItem>();
      let unknown = 0;
      for (let salt = 1; salt <= 4; salt++)
        for (let part = 0; part < parts; part++) {
          const difference = compareHashes(ours, said(others, salt * 7_919, part, parts, 4_000));
          for (const item of difference.lacking) lacking.add(item);
          unknown = Math.max(unknown, difference.unknown);
        }
      const expected = ours.filter((item) => !others.includes(item)).map(({ item }) => item);
      t.deepEqual([...lacking].sort(bySource), expected.sort(bySource));
      t.is(
        unknown > 0,
        others.some((item) => !ours.includes(item)),
      );
    }),
    { numRuns: 60 },
  );
});

const bySource = (a: DripItem, b: DripItem): number => (a.source < b.source ? -1 : 1);

test('a part keeps to its bytes, and parts are so many that most items find room', (t) => {
  const random = (n: number): number => Math.imul(n + 1, 0x9e37_79b1) >>> 0;
  for (const count of [0, 1, 50, 100, 400, 3_000]) {
    const items = held(Array.from({ length: count }, (_, n) => random(n)));
    const parts = partsFor(count, 227);
    let named = 0;
    for (let part = 0; part < parts; part++) {
      const body = writeHashes(items, { salt: 5, part, parts }, 227);
      t.true(body.length <= 227, `${body.length}`);
      named += readHashes(body)?.hashes.size ?? 0;
    }
    t.true(named >= 0.9 * count, `${named} of ${count}`);
  }
});

test('what is malformed is not read', (t) => {
  t.is(readHashes(Uint8Array.of(0xff)), undefined);
  t.is(readHashes(new Uint8Array(0)), undefined, 'no parts');
  t.is(readHashes(writeHashes([], { salt: 1, part: 2, parts: 2 }, 100)), undefined);
});
