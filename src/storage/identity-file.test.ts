import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { toHex } from '../core/bytes.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { loadIdentity } from './identity-file.js';

const crypto = nodeCrypto();
const scratch = (): string => mkdtempSync(join(tmpdir(), 'edge-identity-'));

test('an identity is drawn once, kept for its owner only, and the same ever after', (t) => {
  const path = scratch();
  const first = loadIdentity(path, crypto);
  t.true(first.created);
  t.is(statSync(join(path, 'identity.key')).mode & 0o777, 0o600);
  const second = loadIdentity(path, crypto);
  t.false(second.created);
  t.is(toHex(second.keys.publicKey), toHex(first.keys.publicKey));
  t.is(toHex(second.keys.secretKey), toHex(first.keys.secretKey));
  t.not(toHex(loadIdentity(scratch(), crypto).keys.publicKey), toHex(first.keys.publicKey));
});

test('a key that others may read is refused with the command that mends it', (t) => {
  const path = scratch();
  loadIdentity(path, crypto);
  const file = join(path, 'identity.key');
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    chmodSync(file, mode);
    const error = t.throws(() => loadIdentity(path, crypto), { code: 'identity.permissions' });
    t.is((error as { fix?: string } | undefined)?.fix, `chmod 600 ${file}`);
  }
  chmodSync(file, 0o400);
  t.notThrows(() => loadIdentity(path, crypto));
});

test('a damaged key is refused and left as it is', (t) => {
  const path = scratch();
  loadIdentity(path, crypto);
  const file = join(path, 'identity.key');
  const good = readFileSync(file);
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] as number) ^ 1;
    writeFileSync(file, bad);
    t.throws(() => loadIdentity(path, crypto), { code: 'identity.corrupt' }, `byte ${at}`);
    t.deepEqual(readFileSync(file), bad);
  }
  for (const bad of [Buffer.alloc(0), good.subarray(0, 80), Buffer.concat([good, good])]) {
    writeFileSync(file, bad);
    t.throws(() => loadIdentity(path, crypto), { code: 'identity.corrupt' });
  }
  writeFileSync(file, good);
  t.notThrows(() => loadIdentity(path, crypto));
});
