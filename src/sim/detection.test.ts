import test from 'ava';
import { BLE_TRAITS, type DetectionTimes, detectionTimes, quantile, UDP_TRAITS } from './detection.js';
import { LivenessLab } from './liveness-lab.js';
import { seeds } from './seeds.js';
import { clique, line, ring, star } from './topologies.js';

const UDP = { traits: UDP_TRAITS, air: { delayMinMs: 1, delayMaxMs: 3 } } as const;
const LOSSY = { traits: UDP_TRAITS, air: { delayMinMs: 1, delayMaxMs: 3, loss: 0.2 } } as const;
const BLE = { traits: BLE_TRAITS, air: { delayMinMs: 15, delayMaxMs: 30 } } as const;

/** Node-days of watching nobody die, shared out over the tests: `LIVENESS_DAYS=21` looks at three node-weeks each. */
const DAYS = Number(process.env['LIVENESS_DAYS'] ?? 0.25);
const DAY_MS = 86_400_000;

const figures = (times: readonly number[]): string =>
  [0.5, 0.99, 1].map((share) => Math.round(quantile(times, share))).join(' / ');

const summary = ({ first, each, back }: DetectionTimes): string =>
  `median / p99 / most: first ${figures(first)} ms, each ${figures(each)} ms, back after ${figures(back)} ms`;

async function over(run: (seed: number) => Promise<DetectionTimes>): Promise<DetectionTimes> {
  const all = await Promise.all(seeds(1 / 15).map(run));
  const flat = (key: 'first' | 'each' | 'back'): number[] => all.flatMap((times) => times[key]);
  const falseAlarms = all.flatMap((times) => times.falseAlarms);
  return { first: flat('first'), each: flat('each'), back: flat('back'), falseAlarms };
}

const CASES = [
  { name: 'eleven on one wire', nodes: 11, pairs: clique(11), carrier: UDP, medianMs: 3_000, p99Ms: 5_000 },
  {
    name: 'eleven, a fifth of all frames lost',
    nodes: 11,
    pairs: clique(11),
    carrier: LOSSY,
    medianMs: 3_000,
    p99Ms: 5_000,
  },
  { name: 'two, a fifth lost', nodes: 2, pairs: line(2), carrier: LOSSY, medianMs: 3_000, p99Ms: 5_000 },
  { name: 'a star, a fifth lost', nodes: 7, pairs: star(7), carrier: LOSSY, medianMs: 3_000, p99Ms: 5_000 },
  { name: 'BLE', nodes: 5, pairs: ring(5), carrier: BLE, medianMs: 9_000, p99Ms: 10_000 },
] as const;

for (const { name, nodes, pairs, carrier, medianMs, p99Ms } of CASES) {
  test(`a node that dies is noticed by each neighbour in time, and nobody else is called dead (${name})`, async (t) => {
    const times = await over((seed) => detectionTimes({ seed, nodes, pairs, carrier, deaths: 4 }));
    t.log(summary(times));
    t.true(quantile(times.each, 0.5) <= medianMs, figures(times.each));
    t.true(quantile(times.each, 0.99) <= p99Ms, figures(times.each));
    t.deepEqual(times.falseAlarms, []);
    t.true(quantile(times.back, 0.99) <= 5_000, figures(times.back));
  });
}

const LAB = [
  { name: 'two', nodes: 2, loss: 0, traits: UDP_TRAITS },
  { name: 'two, a fifth of all frames lost', nodes: 2, loss: 0.2, traits: UDP_TRAITS },
  { name: 'four, a fifth lost', nodes: 4, loss: 0.2, traits: UDP_TRAITS },
  { name: 'two over BLE', nodes: 2, loss: 0, traits: BLE_TRAITS },
] as const;

for (const { name, nodes, loss, traits } of LAB) {
  test(`nobody is called dead who only stands still for up to a second now and then (${name})`, (t) => {
    const [seed = 1] = seeds();
    const lab = new LivenessLab({ seed, nodes, traits, loss, stallEveryMs: 60_000, stallMs: 1_000 });
    const { falseAlarms, suspected, stalls, frames } = lab.run((DAYS * DAY_MS) / nodes);
    t.log(
      `seed ${seed}: ${DAYS} node-days, ${stalls} standstills, ${frames} frames, ${suspected} suspected for a moment`,
    );
    t.deepEqual(falseAlarms, []);
    t.true(stalls > 0);
  });
}

test('the lab would notice: who stands still for five seconds is called dead', (t) => {
  const lab = new LivenessLab({
    seed: 1,
    nodes: 2,
    traits: UDP_TRAITS,
    loss: 0,
    stallEveryMs: 60_000,
    stallMs: 10_000,
  });
  t.true(lab.run(DAY_MS / 8).falseAlarms.length > 0);
});
