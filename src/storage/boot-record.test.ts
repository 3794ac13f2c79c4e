import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { readU16 } from '../core/bytes.js';
import type { Crypto } from '../ports/crypto.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { HINTS_KEPT, nextBoot } from './boot-record.js';

const crypto = nodeCrypto();
const scratch = (): string => mkdtempSync(join(tmpdir(), 'edge-boot-'));

test('each start counts one up, with a fresh salt and a 31-bit first sequence', (t) => {
  const path = scratch();
  const boots = Array.from({ length: 20 }, () => nextBoot(path, crypto));
  t.deepEqual(
    boots.map((boot) => boot.counter),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  t.is(new Set(boots.map((boot) => Buffer.from(boot.salt).toString('hex'))).size, 20);
  for (const { salt, firstSequence } of boots) {
    t.is(salt.length, 16);
    t.true(Number.isInteger(firstSequence) && firstSequence >= 0 && firstSequence < 2 ** 31);
  }
  t.true(new Set(boots.map((boot) => boot.firstSequence)).size > 18);
});

test('a hint used in the last 64 starts is drawn again, an older one may come back', (t) => {
  const path = scratch();
  let next = 0;
  // Draws each hint twice in a row, and starts over after 66.
  const repeating: Crypto = {
    ...crypto,
    randomBytes: (length) => {
      const bytes = new Uint8Array(length);
      if (length === 16) bytes[1] = Math.floor(next++ / 2) % (HINTS_KEPT + 2);
      return bytes;
    },
  };
  const hints = Array.from({ length: 200 }, () => readU16(nextBoot(path, repeating).salt, 0));
  for (const [i, hint] of hints.entries())
    t.false(hints.slice(Math.max(0, i - HINTS_KEPT), i).includes(hint), `start ${i}`);
  t.is(new Set(hints).size, HINTS_KEPT + 2);
});

test('a random source that only repeats itself is an error, not an endless loop', (t) => {
  const path = scratch();
  const stuck: Crypto = { ...crypto, randomBytes: (length) => new Uint8Array(length) };
  nextBoot(path, stuck);
  t.throws(() => nextBoot(path, stuck), { code: 'identity.random' });
});

test('whatever happens to one of the two copies, the counter never goes back', (t) => {
  let runs = 0;
  const harm = fc.constantFrom('none', 'cut', 'flip', 'empty', 'remove');
  const step = fc.record({ copy: fc.constantFrom('boot.a', 'boot.b'), harm, at: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 12 }), (steps) => {
      const path = scratch();
      let last = nextBoot(path, crypto).counter;
      last = nextBoot(path, crypto).counter;
      for (const { copy, harm: kind, at } of steps) {
        const file = join(path, copy);
        const bytes = readFileSync(file);
        if (kind === 'cut') writeFileSync(file, bytes.subarray(0, at % bytes.length));
        if (kind === 'empty') writeFileSync(file, '');
        if (kind === 'remove') rmSync(file);
        if (kind === 'flip') {
          bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 0x10;
          writeFileSync(file, bytes);
        }
        const { counter } = nextBoot(path, crypto);
        if (counter <= last || counter > last + 2) return false;
        last = counter;
        // Two losses in a row would need both copies: let the pair heal.
        last = nextBoot(path, crypto).counter;
      }
      rmSync(path, { recursive: true });
      runs += 1;
      return true;
    }),
    { numRuns: 40 },
  );
  t.is(runs, 40);
});

test('when no copy is readable the start is refused rather than counted anew', (t) => {
  const path = scratch();
  nextBoot(path, crypto);
  nextBoot(path, crypto);
  writeFileSync(join(path, 'boot.a'), '');
  writeFileSync(join(path, 'boot.b'), 'garbage');
  t.throws(() => nextBoot(path, crypto), { code: 'identity.boot' });
  rmSync(join(path, 'boot.a'));
  t.throws(() => nextBoot(path, crypto), { code: 'identity.boot' });
  rmSync(join(path, 'boot.b'));
  t.is(nextBoot(path, crypto).counter, 1);
});
