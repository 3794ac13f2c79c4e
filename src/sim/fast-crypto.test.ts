import test from 'ava';
import { toHex } from '../core/bytes.js';
import { seededRandom } from '../system/seeded-random.js';
import { cryptoContract } from '../testing/contracts/crypto.js';
import { fastCrypto } from './fast-crypto.js';

cryptoContract('fast crypto', { open: () => fastCrypto(seededRandom('keys')), standard: false });

test('two worlds of one seed draw the same keys and signatures', (t) => {
  const draw = () => {
    const crypto = fastCrypto(seededRandom(5));
    const keys = crypto.generate();
    return toHex(keys.publicKey) + toHex(crypto.sign(keys, crypto.randomBytes(100)));
  };
  t.is(draw(), draw());
});
