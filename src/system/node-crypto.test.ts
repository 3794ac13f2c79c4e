import test from 'ava';
import { toHex } from '../core/bytes.js';
import { cryptoContract } from '../testing/contracts/crypto.js';
import { KEY_CACHE_MAX, nodeCrypto } from './node-crypto.js';

cryptoContract('node crypto', { open: nodeCrypto, standard: true });

test('more keys than the cache holds still sign and verify', (t) => {
  const crypto = nodeCrypto();
  const message = Uint8Array.of(1, 2, 3);
  const keys = Array.from({ length: KEY_CACHE_MAX + 20 }, () => crypto.generate());
  const signatures = keys.map((pair) => crypto.sign(pair, message));
  for (let round = 0; round < 2; round++)
    t.true(keys.every((pair, i) => crypto.verify(pair.publicKey, message, signatures[i] as Uint8Array)));
});

test('changing the bytes of a key after use changes the key that is used', (t) => {
  const crypto = nodeCrypto();
  const [one, two] = [crypto.generate(), crypto.generate()];
  const message = Uint8Array.of(9);
  const key = one.publicKey.slice();
  t.true(crypto.verify(key, message, crypto.sign(one, message)));
  key.set(two.publicKey);
  t.false(crypto.verify(key, message, crypto.sign(one, message)));
  t.true(crypto.verify(key, message, crypto.sign(two, message)), toHex(key));
});
