import { seededRandom } from '../../system/seeded-random.js';
import { Priority } from '../../wire/frame-types.js';
import { Arrivals } from '../arrivals.js';
import type { AnyCarrierPlan } from '../carriers.js';
import { Flooder } from '../flooder.js';
import { scatter } from '../lora/placement.js';
import { grid } from '../topologies.js';
import { World } from '../world.js';
import { blePlan, loraPlan } from './carrier-plans.js';
import { type Experiment, Fold, type GoalRow } from './goal-row.js';
import { median } from './statistics.js';

const TIMES_THE_RATE = 10;

interface Scene {
  readonly nodes: number;
  readonly carrier: AnyCarrierPlan;
  readonly warmUpMs: number;
  readonly forMs: number;
  /** Useful broadcasts, of all nodes together. */
  readonly everyMs: number;
  readonly alertEveryMs: number;
  readonly bytes: number;
  /** What comes later does not count. */
  readonly deadlineMs: number;
}

interface Outcome {
  /** Share of what the useful broadcasts could reach in time, percent. */
  readonly delivered: number;
  /** Useful broadcasts that reached somebody in time, each node counted; a second. */
  readonly rate: number;
  /** Delays of alerts at everybody, those that did not come as the deadline. */
  readonly alertMs: readonly number[];
}

/** Three rows of four, each linked to those beside it. */
const bleScene: Scene = {
  nodes: 12,
  carrier: blePlan(grid(4, 3)),
  warmUpMs: 60_000,
  forMs: 60_000,
  everyMs: 200,
  alertEveryMs: 5_000,
  bytes: 100,
  deadlineMs: 10_000,
};

/** 15 useful messages in five minutes, as MeshCore's users had, on the fast channel of their network. */
const loraScene = (seed: number): Scene => {
  const placement = { nodes: 12, sideM: 9_000, leastM: 10, reachM: 4_000 };
  return {
    nodes: 12,
    carrier: loraPlan(scatter(seededRandom(`flood-attack ${seed}`), placement)),
    warmUpMs: 600_000,
    forMs: 1_200_000,
    everyMs: 20_000,
    alertEveryMs: 120_000,
    bytes: 40,
    deadlineMs: 60_000,
  };
};

/** The scene with or without its flooder, which is node 0: what the others sent each other. */
async function play(seed: number, scene: Scene, isFlooded: boolean): Promise<Outcome> {
  const { nodes, carrier, everyMs, alertEveryMs, bytes, deadlineMs } = scene;
  const world = new World({ seed, nodes, carriers: [carrier] });
  const arrivals = new Arrivals();
  world.watch(arrivals);
  world.start();
  await world.run(scene.warmUpMs);
  const flooder = new Flooder(world, { node: 0, perSecond: (TIMES_THE_RATE * 1_000) / everyMs, bytes });
  if (isFlooded) flooder.start();
  const from = world.now;
  const random = world.random.fork('traffic');
  const sender = (): number => 1 + random.below(nodes - 1);
  let [nextAt, alertAt] = [from, from + alertEveryMs];
  while (world.now < from + scene.forMs) {
    await world.run(Math.min(nextAt, alertAt) - world.now);
    if (world.now >= nextAt) {
      world.broadcast(sender(), { bytes });
      nextAt += everyMs;
    }
    if (world.now >= alertAt) {
      world.broadcast(sender(), { bytes, priority: Priority.Critical });
      alertAt += alertEveryMs;
    }
  }
  flooder.stop();
  await world.run(deadlineMs);
  const isOther = ({ node }: { node: number }): boolean => node !== 0;
  const inTime = arrivals.all(({ priority }) => priority !== Priority.Critical).filter(isOther);
  const useful = arrivals.messages().filter(({ priority }) => priority !== Priority.Critical).length;
  const count = inTime.filter(({ ms }) => ms <= deadlineMs).length;
  const alerts = arrivals.messages().filter(({ priority }) => priority === Priority.Critical);
  return {
    delivered: (count / Math.max(1, useful * (nodes - 2))) * 100,
    rate: count / (scene.forMs / 1_000),
    alertMs: alerts.flatMap(({ id }) => padded(arrivals.of(id).filter(isOther), nodes - 2, deadlineMs)),
  };
}

/** Those who had none count as having it at the deadline. */
function padded(arrivals: readonly { readonly ms: number }[], expected: number, deadlineMs: number): number[] {
  const delays = arrivals.map(({ ms }) => Math.min(ms, deadlineMs));
  return [...delays, ...new Array<number>(Math.max(0, expected - delays.length)).fill(deadlineMs)];
}

interface Comparison {
  readonly share: number;
  readonly alerts: number;
  readonly quiet: Outcome;
  readonly quietMs: number;
}

async function compare(seed: number, scene: Scene): Promise<Comparison> {
  const quiet = await play(seed, scene, false);
  const flooded = await play(seed, scene, true);
  const quietMs = median(quiet.alertMs);
  // Where most alerts do not come even in quiet times there is nothing to compare with.
  const alerts = quietMs < scene.deadlineMs ? Math.max(...flooded.alertMs) / quietMs : Number.POSITIVE_INFINITY;
  return { share: quiet.rate === 0 ? 0 : (flooded.rate / quiet.rate) * 100, alerts, quiet, quietMs };
}

const row: GoalRow = {
  id: 'flood-attack',
  what: 'useful traffic that is left while a neighbour floods at 10 × its rate: the lesser of BLE links and LoRa',
  unit: '% of the quiet rate',
  target: { least: 80, also: { 'slowest alert ÷ quiet median': { most: 10 } } },
  folds: { 'slowest alert ÷ quiet median': Fold.Most },
  peers: { MeshCore: 13 },
  note: 'MeshCore: 11 to 20 packets in 5 minutes became 2 (its issue 3278). An alert that did not come counts as one that came at the deadline',
};

const detailsOf = (name: string, { share, alerts, quiet, quietMs }: Comparison) => ({
  [`${name} % of the quiet rate`]: share,
  [`${name} % delivered when quiet`]: quiet.delivered,
  [`${name} slowest alert ÷ quiet median`]: alerts,
  [`${name} quiet alert ms`]: quietMs,
});

/**
 * The same useful traffic twice, once beside a member that sends new messages at ten times the rate of all others together,
 * past its own engine's limits: 12 nodes on BLE links of 7 kB/s (5 useful broadcasts of 100 B a second), and 12 nodes on LoRa
 * LongFast (15 of 40 B in five minutes).
 */
export const floodAttack: Experiment = {
  rows: [row],
  async measure(seed) {
    const ble = await compare(seed, bleScene);
    const lora = await compare(seed, loraScene(seed));
    return [
      {
        ours: Math.min(ble.share, lora.share),
        also: { 'slowest alert ÷ quiet median': Math.max(ble.alerts, lora.alerts) },
        details: { ...detailsOf('BLE', ble), ...detailsOf('LoRa', lora) },
      },
    ];
  },
};
