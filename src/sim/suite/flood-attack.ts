import type { MessageId } from '../../core/ids.js';
import { seededRandom } from '../../system/seeded-random.js';
import { FrameType, Priority } from '../../wire/frame-types.js';
import { Arrivals } from '../arrivals.js';
import type { AnyCarrierPlan } from '../carriers.js';
import { Flooder } from '../flooder.js';
import { scatter } from '../lora/placement.js';
import { componentsOf, grid } from '../topologies.js';
import { World } from '../world.js';
import { blePlan, loraPlan } from './carrier-plans.js';
import { type Experiment, Fold, type GoalRow } from './goal-row.js';
import { median } from './statistics.js';

const TIMES_THE_RATE = 10;
/** Places drawn until all nodes form one mesh. */
const PLACES_MAX = 1_000;

interface Scene {
  readonly nodes: number;
  /** A place to try. */
  carrier(attempt: number): AnyCarrierPlan;
  readonly warmUpMs: number;
  readonly forMs: number;
  /** Useful broadcasts, of all nodes together. */
  readonly everyMs: number;
  readonly alertEveryMs: number;
  readonly bytes: number;
  /** What comes later does not count. */
  readonly deadlineMs: number;
  /** How long alerts are waited for. */
  readonly patienceMs: number;
}

interface Outcome {
  /** Share of what the useful broadcasts could reach in time, percent. */
  readonly delivered: number;
  /** Useful broadcasts that reached somebody in time, each node counted; a second. */
  readonly rate: number;
  /** Of each alert, until the last of the others had it. */
  readonly alertMs: readonly number[];
  /** Others that an alert never reached. */
  readonly lost: number;
  /** Messages that left the flooder's radio; and the share of the time that its radio spoke, where one is shared. */
  readonly flooded: number;
  readonly flooderAir: number;
}

/** Three rows of four, each linked to those beside it. */
const bleScene: Scene = {
  nodes: 12,
  carrier: () => blePlan(grid(4, 3)),
  warmUpMs: 60_000,
  forMs: 60_000,
  everyMs: 200,
  alertEveryMs: 5_000,
  bytes: 100,
  deadlineMs: 10_000,
  patienceMs: 60_000,
};

/**
 * 15 useful messages in five minutes, as MeshCore's users had, on the fast channel of their network; where no law silences the flooder. Nodes as
 * dense as the reach of such a radio makes a mesh of some five neighbours, that have known each other for an hour.
 */
const loraScene = (seed: number): Scene => {
  const placement = { nodes: 12, sideM: 4_500, leastM: 10, reachM: 1_900 };
  return {
    nodes: 12,
    carrier: (attempt) => loraPlan(scatter(seededRandom(`flood-attack ${seed} ${attempt}`), placement), 'US915'),
    warmUpMs: 3_600_000,
    forMs: 1_200_000,
    everyMs: 20_000,
    alertEveryMs: 120_000,
    bytes: 40,
    deadlineMs: 60_000,
    patienceMs: 300_000,
  };
};

/** Nodes that all reach each other, and one of them without which the others still do: the flooder. */
function place(seed: number, { nodes, carrier }: Scene): { world: World; flooder: number } {
  for (let attempt = 0; attempt < PLACES_MAX; attempt++) {
    const world = new World({ seed, nodes, carriers: [carrier(attempt)] });
    const pairs = world.carriers.flatMap((each) => [...each.pairs()]);
    const isWhole = (without: number): boolean =>
      new Set(componentsOf(nodes, pairs, (node) => node !== without).filter((group) => group >= 0)).size === 1;
    const flooder = world.nodes.findIndex(({ index }) => isWhole(index));
    if (isWhole(-1) && flooder >= 0) return { world, flooder };
  }
  throw new RangeError(`no place of ${PLACES_MAX} made one mesh of ${nodes} nodes`);
}

/** The scene with or without its flooder: what the others sent each other. */
async function play(seed: number, scene: Scene, isFlooded: boolean): Promise<Outcome> {
  const { nodes, everyMs, alertEveryMs, bytes, deadlineMs } = scene;
  const { world, flooder: node } = place(seed, scene);
  const arrivals = new Arrivals();
  world.watch(arrivals);
  world.start();
  await world.run(scene.warmUpMs);
  const flooder = new Flooder(world, { node, perSecond: (TIMES_THE_RATE * 1_000) / everyMs, bytes });
  if (isFlooded) flooder.start();
  const from = world.now;
  const airtime = (): number => world.lora?.airtimeMs[node] ?? 0;
  const airBefore = airtime();
  const random = world.random.fork('traffic');
  const sender = (): number => (node + 1 + random.below(nodes - 1)) % nodes;
  // Out of step: an alert that begins in the same millisecond as another message is a rarity.
  let [nextAt, alertAt] = [from, from + alertEveryMs + everyMs / 2];
  while (world.now < from + scene.forMs) {
    await world.run(Math.min(nextAt, alertAt) - world.now);
    if (world.now >= nextAt) {
      world.broadcast(sender(), { bytes });
      nextAt += everyMs;
    }
    if (world.now >= alertAt) {
      world.broadcast(sender(), { bytes, priority: Priority.Critical, type: FrameType.Alert });
      alertAt += alertEveryMs;
    }
  }
  // Who floods goes on while alerts are waited for.
  const [flooded, flooderAir] = [flooder.sent, (airtime() - airBefore) / (world.now - from)];
  await world.run(scene.patienceMs);
  flooder.stop();
  const others = (id: MessageId) => arrivals.of(id).filter((arrival) => arrival.node !== node);
  const [alerts, useful] = partition(arrivals.messages(), ({ priority }) => priority === Priority.Critical);
  const count = useful.flatMap(({ id }) => others(id)).filter(({ ms }) => ms <= deadlineMs).length;
  return {
    delivered: (count / Math.max(1, useful.length * (nodes - 2))) * 100,
    rate: count / (scene.forMs / 1_000),
    alertMs: alerts.map(({ id }) => Math.max(0, ...others(id).map(({ ms }) => ms))),
    lost: alerts.reduce((lost, { id }) => lost + nodes - 2 - others(id).length, 0),
    flooded,
    flooderAir,
  };
}

function partition<T>(all: readonly T[], which: (one: T) => boolean): [T[], T[]] {
  return [all.filter(which), all.filter((one) => !which(one))];
}

interface Comparison {
  readonly share: number;
  readonly alerts: number;
  readonly quiet: Outcome;
  readonly flooded: Outcome;
}

async function compare(seed: number, scene: Scene): Promise<Comparison> {
  const quiet = await play(seed, scene, false);
  const flooded = await play(seed, scene, true);
  const alerts = Math.max(...flooded.alertMs) / median(quiet.alertMs);
  return { share: quiet.rate === 0 ? 0 : (flooded.rate / quiet.rate) * 100, alerts, quiet, flooded };
}

const row: GoalRow = {
  id: 'flood-attack',
  what: 'useful traffic that is left while a neighbour floods at 10 × its rate: the lesser of BLE links and LoRa',
  unit: '% of the quiet rate',
  target: { least: 80, also: { 'slowest alert ÷ quiet median': { most: 10 }, 'alerts lost': { most: 0 } } },
  folds: { 'slowest alert ÷ quiet median': Fold.Most, 'alerts lost': Fold.Sum },
  peers: { MeshCore: 13 },
  note: 'MeshCore: 11 to 20 packets in 5 minutes became 2 (its issue 3278). An alert has come when the last of the others has it; lost: that one of them never had it',
};

const detailsOf = (name: string, { share, alerts, quiet, flooded }: Comparison) => ({
  [`${name} % of the quiet rate`]: share,
  [`${name} % delivered when quiet`]: quiet.delivered,
  [`${name} slowest alert ÷ quiet median`]: alerts,
  [`${name} quiet alert ms`]: median(quiet.alertMs),
  [`${name} slowest quiet alert ms`]: Math.max(...quiet.alertMs),
  [`${name} slowest alert ms`]: Math.max(...flooded.alertMs),
  [`${name} alerts lost when quiet`]: quiet.lost,
  [`${name} alerts lost`]: flooded.lost,
  [`${name} messages of the flooder`]: flooded.flooded,
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
        also: {
          'slowest alert ÷ quiet median': Math.max(ble.alerts, lora.alerts),
          'alerts lost': ble.flooded.lost + lora.flooded.lost,
        },
        details: {
          ...detailsOf('BLE', ble),
          ...detailsOf('LoRa', lora),
          'LoRa % of the time the flooder speaks': lora.flooded.flooderAir * 100,
        },
      },
    ];
  },
};
