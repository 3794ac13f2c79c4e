import test from 'ava';
import fc from 'fast-check';
import { seededRandom } from '../../system/seeded-random.js';
import { Landscape, type LandscapeOptions, type Position } from './landscape.js';
import { scatter } from './placement.js';
import { pairNormal } from './shadow.js';

const OPTIONS: LandscapeOptions = {
  model: 'suburban',
  frequencyHz: 868e6,
  powerDbm: 27,
  antennaGainDbi: 0,
  heightM: 1,
  shadowDb: 4,
  asymmetryDb: 2,
  weakestDbm: -134.5,
};

const places = (seed: number, nodes: number): Position[] =>
  scatter(seededRandom(seed), { nodes, sideM: 12_000, leastM: 10 });

const byHand = (landscape: Landscape, from: number): number[] =>
  Array.from({ length: landscape.size }, (_, to) => to).filter(
    (to) => to !== from && landscape.powerDbm(from, to) >= OPTIONS.weakestDbm,
  );

test('who hears a node is found without looking at all, also after nodes have moved', (t) => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.tuple(fc.nat(59), fc.nat(12_000), fc.nat(12_000))), (seed, moves) => {
      const landscape = new Landscape(OPTIONS, places(seed, 60), seededRandom(seed));
      for (let node = 0; node < 60; node += 7) landscape.paths(node);
      for (const [node, x, y] of moves) landscape.move(node, { x, y });
      for (let node = 0; node < 60; node++) {
        const heard = landscape.paths(node).map(({ to }) => to);
        if (heard.join() !== byHand(landscape, node).join()) return false;
      }
      return true;
    }),
    { numRuns: 30 },
  );
  t.pass();
});

test('what lies between two places is the same both ways but for the asymmetry', (t) => {
  const at = places(3, 40);
  const symmetric = new Landscape({ ...OPTIONS, asymmetryDb: 0 }, at, seededRandom(1));
  const uneven = new Landscape(OPTIONS, at, seededRandom(1));
  let sum = 0;
  let pairs = 0;
  for (let a = 0; a < 40; a++) {
    for (let b = 0; b < a; b++) {
      t.is(symmetric.powerDbm(a, b), symmetric.powerDbm(b, a));
      sum += (uneven.powerDbm(a, b) - uneven.powerDbm(b, a)) ** 2;
      pairs += 1;
    }
  }
  // The difference of two draws of deviation 2 has 2·√2.
  t.true(Math.abs(Math.sqrt(sum / pairs) - 2.83) < 0.3, `${Math.sqrt(sum / pairs)}`);
});

test('the draws of pairs are normal, and their own', (t) => {
  const draws: number[] = [];
  for (let a = 0; a < 200; a++) for (let b = 0; b < 200; b++) draws.push(pairNormal(7, a, b));
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  const deviation = Math.sqrt(draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length);
  t.true(Math.abs(mean) < 0.02 && Math.abs(deviation - 1) < 0.02, `${mean} ${deviation}`);
  t.true(Math.abs(draws.filter((x) => Math.abs(x) < 1).length / draws.length - 0.683) < 0.01);
  t.is(new Set(draws).size, draws.length);
});

test('places keep their distance and are in reach of an earlier one; impossible wishes are refused', (t) => {
  const at = scatter(seededRandom(4), { nodes: 30, sideM: 15_000, leastM: 200, reachM: 2_000 });
  at.forEach((place, i) => {
    const distances = at.slice(0, i).map(({ x, y }) => Math.hypot(x - place.x, y - place.y));
    t.true(distances.every((distance) => distance >= 200));
    if (i > 0) t.true(Math.min(...distances) <= 2_000);
  });
  t.throws(() => scatter(seededRandom(4), { nodes: 5, sideM: 10, leastM: 100 }), { message: /no place for node 1/ });
});
