import test from 'ava';
import { Priority } from '../wire/frame-types.js';
import { line } from './topologies.js';
import { World } from './world.js';

/** BLE-like links of 7 kB/s. */
const TRAITS = {
  connected: true,
  broadcast: false,
  mtuBytes: 1_024,
  bitsPerSecond: 56_000,
  reliable: true,
  latencyMs: 30,
};
const HONEST = [0, 1, 2, 3, 4];
const FLOODER = 5;
const SECONDS = 60;
const BYTES = 200;

interface Outcome {
  /** Useful messages that arrived somewhere within ten seconds. */
  readonly useful: number;
  /** Milliseconds until an alert was at each of the honest. */
  readonly alertMs: readonly number[];
}

/** A line whose last node is a member that floods `times` as much as all others together, under its own name. */
async function day(times: number, urgent: boolean): Promise<Outcome> {
  const world = new World({
    seed: 11,
    nodes: 6,
    carriers: [{ pairs: line(6), traits: TRAITS, air: { delayMinMs: 15, delayMaxMs: 30 } }],
  });
  const sentAt = new Map<string, number>();
  const alertsAt = new Map<string, number>();
  const alertMs: number[] = [];
  let useful = 0;
  world.watch({
    delivered: (node, { id }, now) => {
      if (node.index === FLOODER) return;
      const at = sentAt.get(id);
      if (at !== undefined && now - at <= 10_000) useful++;
      const alertAt = alertsAt.get(id);
      if (alertAt !== undefined) alertMs.push(now - alertAt);
    },
  });
  world.start();
  await world.run(60_000);
  for (let second = 0; second < SECONDS; second++) {
    for (const from of HONEST) sentAt.set(world.broadcast(from, { bytes: BYTES }), world.now);
    if (second % 10 === 5) alertsAt.set(world.broadcast(0, { priority: Priority.Critical, bytes: 60 }), world.now);
    for (let i = 0; i < HONEST.length * times; i++) {
      const priority = urgent ? Priority.Critical : Priority.Medium;
      world.broadcast(FLOODER, { priority, bytes: BYTES });
    }
    await world.run(1_000);
  }
  await world.run(10_000);
  return { useful, alertMs };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.POSITIVE_INFINITY;

for (const [what, urgent] of [['messages', false], ['alerts', true]] as const) // biome-ignore format: a line
  test(`while a neighbour floods ${what} ten times as much as all others, four of five useful ones arrive, and every alert soon`, async (t) => {
    const quiet = await day(0, urgent);
    const under = await day(10, urgent);
    t.is(quiet.useful, SECONDS * HONEST.length * (HONEST.length - 1));
    t.true(under.useful >= 0.8 * quiet.useful, `${under.useful} of ${quiet.useful}`);
    t.is(under.alertMs.length, quiet.alertMs.length);
    t.true(
      Math.max(...under.alertMs) <= 10 * median(quiet.alertMs),
      `${Math.max(...under.alertMs)} ms, quiet ${median(quiet.alertMs)} ms`,
    );
    t.log(
      `useful ${under.useful} of ${quiet.useful}; alerts ${median(quiet.alertMs)} ms quiet, at worst ${Math.max(...under.alertMs)} ms`,
    );
  });
