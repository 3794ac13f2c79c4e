import test from 'ava';
import { OneWayLinks, PASSED_ON_MAX } from './one-way-links.js';

const HOUR = 3_600_000;
const always = (): boolean => true;

test('a link that was told of is passed on until nobody tells of it any more', (t) => {
  const links = new OneWayLinks();
  links.told({ from: 1, to: 2, chance: 0.5 }, 0);
  links.told({ from: 1, to: 2, chance: 0.7 }, HOUR);
  t.deepEqual(links.list(2.5 * HOUR, always), [{ from: 1, to: 2, chance: 0.7 }]);
  t.deepEqual(links.list(3.5 * HOUR, always), []);
});

test('what is no longer worth telling is forgotten', (t) => {
  const links = new OneWayLinks();
  for (const to of [2, 3]) links.told({ from: 1, to, chance: 0.5 }, 0);
  const left = links.list(0, ({ to }) => to === 3);
  t.deepEqual(
    left.map(({ to }) => to),
    [3],
  );
  t.deepEqual(links.list(0, always), left);
});

test('of more links than are kept those told of last stay', (t) => {
  const links = new OneWayLinks();
  for (let to = 0; to < PASSED_ON_MAX + 3; to++) links.told({ from: 1, to, chance: 0.5 }, 0);
  const kept = links.list(0, always).map(({ to }) => to);
  t.is(kept.length, PASSED_ON_MAX);
  t.is(kept[0], 3);
});
