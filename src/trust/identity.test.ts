import test from 'ava';
import { selfNamed, testCrypto } from '../testing/builders.js';
import { nodeIdOfKey, saltHintOf, sameBoot } from './identity.js';

test('a node id is the first eight bytes of the hash of its key', (t) => {
  const { keys, id } = selfNamed(3);
  t.is(nodeIdOfKey(testCrypto, keys.publicKey), id);
  t.deepEqual(Buffer.from(id, 'hex'), Buffer.from(testCrypto.sha256(keys.publicKey).subarray(0, 8)));
});

test('the hint is the first two bytes of the salt', (t) => {
  t.is(saltHintOf(Uint8Array.of(0xab, 0xcd, 1, 2)), 0xabcd);
});

test('a boot is the same when salt and counter are', (t) => {
  const { boot } = selfNamed(1);
  t.true(sameBoot(boot, { ...boot, salt: boot.salt.slice() }));
  t.false(sameBoot(boot, { ...boot, counter: 2 }));
  t.false(sameBoot(boot, { ...boot, salt: new Uint8Array(16) }));
});
