import { strewn } from '../experiments/sim-speed.js';
import { World } from '../world.js';
import { udpPlan } from './carrier-plans.js';
import { type Experiment, type GoalRow, SEED_CPU_MS } from './goal-row.js';

const NODES = 1_000;
const LOSS = 0.01;
const MINUTES = 10;
/** Short, so that giving up comes in time: in a mesh that starts each step is long. */
const STEP_MS = 10;
const MESSAGE_EVERY_MS = 10_000;
/** Given up a little before a seed's time is over. */
const PATIENCE_MS = 0.8 * SEED_CPU_MS;

const row: GoalRow = {
  id: 'sim-speed',
  what: '1,000 nodes, ten virtual minutes, degree 5, a broadcast every 10 s',
  unit: 's of CPU',
  target: { most: 60 },
  note: 'bitchat’s simulated mesh: 5 tests of a few nodes in 40 ms',
};

/** CPU time of ten virtual minutes from a cold start, the shipped engine in every node. Where it takes too long, the least it can be. */
export const simSpeed: Experiment = {
  rows: [row],
  alone: true,
  async measure(seed, { cpuMs }) {
    const from = cpuMs();
    const world = new World({ seed, nodes: NODES, maxPeers: NODES, carriers: [udpPlan(strewn(seed, NODES), LOSS)] });
    world.start();
    const until = MINUTES * 60_000;
    let nextAt = MESSAGE_EVERY_MS;
    while (world.now < until && cpuMs() - from < PATIENCE_MS) {
      await world.run(STEP_MS);
      if (world.now < nextAt) continue;
      nextAt += MESSAGE_EVERY_MS;
      world.broadcast(Math.floor(world.now / MESSAGE_EVERY_MS) % NODES);
    }
    const seconds = (cpuMs() - from) / 1_000;
    const reached = world.now / 1_000;
    const details = { virtualSeconds: reached };
    if (world.now >= until) return [{ ours: seconds, details }];
    const remark = `given up after ${Math.round(seconds)} s of CPU, ${reached} virtual seconds after the start: at least so much`;
    return [{ ours: seconds, details, remark }];
  },
};
