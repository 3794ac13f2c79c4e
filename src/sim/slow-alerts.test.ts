import test from 'ava';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Arrivals } from './arrivals.js';
import { clique, type Pair } from './topologies.js';
import { World } from './world.js';

const TRAITS = { mtuBytes: 256, bitsPerSecond: 2_400, latencyMs: 100 };
const ALERTS = 12;
const EVERY_MS = 120_000;
const PATIENCE_MS = 300_000;
/** Rows of three columns, each in earshot of the next; and a leaf that one node alone hears. */
const COLUMNS: readonly Pair[] = [...clique(6).filter(([a, b]) => Math.abs((a % 3) - (b % 3)) < 2), [2, 6]];

/** Receptions that had not come five minutes after each alert, those that took more than two, and alert frames for each. */
async function missedOf(seed: number, loss: number): Promise<{ missed: number; frames: number; late: number }> {
  const world = new World({
    seed,
    nodes: 7,
    carriers: [{ pairs: COLUMNS, traits: TRAITS, air: { delayMinMs: 50, delayMaxMs: 100, loss } }],
  });
  const arrivals = new Arrivals();
  world.watch(arrivals);
  let frames = 0;
  world.watch({
    transmitted: (_, { frame }) => {
      if (world.fullFrame(frame)[1] === FrameType.Alert) frames++;
    },
  });
  world.start();
  await world.run(3_600_000);
  const random = world.random.fork('who');
  for (let i = 0; i < ALERTS; i++) {
    world.broadcast(random.below(7), { bytes: 40, priority: Priority.Critical, type: FrameType.Alert });
    await world.run(EVERY_MS);
  }
  await world.run(PATIENCE_MS - EVERY_MS);
  const came = arrivals.all().filter(({ ms }) => ms <= PATIENCE_MS);
  return {
    missed: ALERTS * 6 - came.length,
    late: came.filter(({ ms }) => ms > EVERY_MS).length,
    frames: frames / ALERTS,
  };
}

for (const loss of [0, 0.2, 0.4])
  test(`every node has every alert, next to always within two minutes, on slow air that loses ${loss * 100} % of all frames`, async (t) => {
    const { missed, late, frames } = await missedOf(3, loss);
    t.is(missed, 0);
    t.true(late <= 5 * loss, `${late} after more than two minutes`);
    t.true(frames < 8 + 40 * loss, `${frames} frames for each`);
  });
