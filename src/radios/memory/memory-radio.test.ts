import test from 'ava';
import type { RadioTraits } from '../../ports/radio.js';
import { type MakePair, radioContract } from '../../testing/contracts/radio.js';
import { handClock, seededRandom } from '../../testing/radio-world.js';
import { createMemoryAir } from './air.js';

const makePair =
  (traits: Partial<RadioTraits>): MakePair =>
  async () => {
    const clock = handClock();
    const air = createMemoryAir({ clock, random: seededRandom(1), defaults: { delayMinMs: 1, delayMaxMs: 5 } });
    const [a, b, bystander] = ['a', 'b', 'c'].map((name) => air.radio(name, traits));
    if (a === undefined || b === undefined || bystander === undefined) throw new Error('three names, three radios');
    const addressOf = (radio: { localAddresses(): readonly string[] }): string => radio.localAddresses()[0] as string;
    return { a, b, bystander, addressOf, settle: () => clock.advance(10_000) };
  };

radioContract(test, 'memory', makePair({}));
radioContract(
  test,
  'memory with links',
  makePair({ broadcast: false, connected: true, reliable: true, mtuBytes: 200 }),
);
