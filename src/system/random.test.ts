import test from 'ava';
import { randomContract, seededRandomContract } from '../testing/contracts/random.js';
import { seededRandom } from './seeded-random.js';
import { systemRandom } from './system-random.js';

randomContract('system random', () => systemRandom());
randomContract('seeded random', () => seededRandom('a fixed seed'));
seededRandomContract('seeded random', seededRandom);

test('a seeded stream is the same in every release', (t) => {
  const draw = (seed: number | string) => {
    const random = seededRandom(seed);
    return [random.u32(), random.u32(), random.below(1_000), random.fork('x').u32()];
  };
  t.deepEqual(draw(1), [2023106824, 2118839180, 716, 452830401]);
  t.deepEqual(draw('edge'), [714619630, 3535670973, 856, 2391056236]);
});

test('two system streams differ', (t) => {
  t.notDeepEqual(systemRandom().bytes(16), systemRandom().bytes(16));
});
