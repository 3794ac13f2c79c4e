import test from 'ava';
import { at, nodeNamed, testRandom, upLink } from '../testing/builders.js';
import { Bridges, LOOK_AGAIN_MS } from './bridges.js';
import { Links } from './links.js';

function setup() {
  const link = upLink(new Links(), nodeNamed(2));
  link.isBridge = true;
  const ways = { other: false, asked: 0 };
  const reachesWithout = (): boolean => {
    ways.asked++;
    return ways.other;
  };
  return { link, ways, bridges: new Bridges({ reachesWithout }, testRandom(1)) };
}

test('a bridge is looked at again when it has been one for a while, and is none once there is another way', (t) => {
  const { link, ways, bridges } = setup();
  t.false(bridges.isNeedless(link, at(0)));
  for (let now = 0; now < 10 * LOOK_AGAIN_MS; now += 1_000) t.false(bridges.isNeedless(link, at(now)));
  t.true(ways.asked >= 4 && ways.asked <= 10, `${ways.asked}`);
  ways.other = true;
  const found = Array.from({ length: 20 }, (_, i) => bridges.isNeedless(link, at(10 * LOOK_AGAIN_MS + i * 1_000)));
  t.true(found.includes(true));
});

test('a bridge that has only just become one again has its time again', (t) => {
  const { link, ways, bridges } = setup();
  ways.other = true;
  bridges.isNeedless(link, at(0));
  link.isBridge = false;
  t.false(bridges.isNeedless(link, at(3 * LOOK_AGAIN_MS)));
  link.isBridge = true;
  t.false(bridges.isNeedless(link, at(3 * LOOK_AGAIN_MS + 1)));
  t.true(bridges.isNeedless(link, at(5 * LOOK_AGAIN_MS + 1)));
});
