import { seededRandom } from '../../system/seeded-random.js';
import { Priority } from '../../wire/frame-types.js';
import { Arrivals } from '../arrivals.js';
import { type BlePlan, makeCarrier } from '../carriers.js';
import { Bitchat } from '../rivals/bitchat.js';
import { SimClock } from '../sim-clock.js';
import { line } from '../topologies.js';
import { World } from '../world.js';
import { blePlan } from './carrier-plans.js';
import type { Experiment, GoalRow } from './goal-row.js';
import { median, percentile } from './statistics.js';

const HOPS = 6;
const MESSAGES = 300;
const EVERY_MS = 500;
const BYTES = 16;
const SETTLE_MS = 60_000;
/** What comes later is lost. */
const LATE_MS = 10_000;
/** A controller that scans beside its links misses one connection event in ten. */
const MISSED_BY_SCANNING = 0.1;

/** Delays of the broadcasts that crossed six hops; those that did not are `LATE_MS`. */
async function across(seed: number, plan: Partial<BlePlan>): Promise<number[]> {
  const carrier = blePlan(line(HOPS + 1), { missed: MISSED_BY_SCANNING, ...plan });
  const world = new World({ seed, nodes: HOPS + 1, carriers: [carrier] });
  const arrivals = new Arrivals();
  const random = world.random.fork('messages');
  world.start();
  await world.run(SETTLE_MS);
  world.watch(arrivals);
  for (let i = 0; i < MESSAGES; i++) {
    world.broadcast(0, { bytes: BYTES, priority: Priority.Medium });
    await world.run(EVERY_MS + random.below(50));
  }
  await world.run(LATE_MS);
  return arrivals.messages().map(({ id }) => {
    const arrival = arrivals.of(id).find(({ node }) => node === HOPS);
    return Math.min(LATE_MS, arrival?.ms ?? LATE_MS);
  });
}

/** The same line and links under bitchat's policy: the median of its delays. */
async function bitchatAcross(seed: number, plan: Partial<BlePlan>): Promise<number> {
  const random = seededRandom(`bitchat ${seed}`);
  const clock = new SimClock();
  const carrier = makeCarrier(blePlan(line(HOPS + 1), { missed: MISSED_BY_SCANNING, ...plan }), {
    nodes: HOPS + 1,
    clock,
    random: random.fork('air 0'),
  });
  const [sentAt, delays] = [new Map<number, number>(), [] as number[]];
  const nodes = Array.from({ length: HOPS + 1 }, (_, node) => {
    const delivered = ({ id }: { readonly id: number }): void => {
      if (node === HOPS) delays.push(clock.now() - (sentAt.get(id) ?? 0));
    };
    return new Bitchat({ node, radio: carrier.radio(node), clock, random: random.fork(`node ${node}`), delivered });
  });
  for (const node of nodes) await node.open();
  clock.advance(SETTLE_MS);
  for (let id = 1; id <= MESSAGES; id++) {
    sentAt.set(id, clock.now());
    nodes[0]?.send(id, BYTES);
    clock.advance(EVERY_MS + random.below(50));
  }
  clock.advance(LATE_MS);
  return median(delays);
}

const row: GoalRow = {
  id: 'ble-6-hops',
  what: 'a message of 16 B over 6 BLE hops: median at 15 ms intervals; at 30 ms and 5 % lost packets p99 and delivered; scanning on',
  unit: 'ms',
  target: { most: 120, also: { 'p99 at 30 ms': { most: 300 }, 'delivered %': { least: 99 } } },
  peers: { 'Bluetooth Mesh, TI': 191, 'Bluetooth Mesh, Silicon Labs': 200 },
  note: 'scanning costs a controller one connection event in ten here',
};

/** A line of seven nodes; every half second a broadcast enters at one end. */
export const bleHops: Experiment = {
  rows: [row],
  async measure(seed) {
    const fast = await across(seed, { intervalMs: 15 });
    const slow = await across(seed, { intervalMs: 30, loss: 0.05 });
    const bitchat = await bitchatAcross(seed, { intervalMs: 15 });
    const came = (delays: readonly number[]): number =>
      (delays.filter((ms) => ms < LATE_MS).length / delays.length) * 100;
    return [
      {
        ours: median(fast),
        also: { 'p99 at 30 ms': percentile(slow, 0.99), 'delivered %': came(slow) },
        peers: { 'bitchat, same links': bitchat },
        details: {
          'p99 at 15 ms': percentile(fast, 0.99),
          'median at 30 ms': median(slow),
          'delivered % at 15 ms': came(fast),
        },
      },
    ];
  },
};
