import { seededRandom } from '../../system/seeded-random.js';
import type { AnyCarrierPlan } from '../carriers.js';
import type { LoraAir } from '../lora/lora-air.js';
import { scatter } from '../lora/placement.js';
import { clique, line } from '../topologies.js';
import { World } from '../world.js';
import { blePlan, loraPlan, udpPlan } from './carrier-plans.js';
import type { Experiment, GoalRow } from './goal-row.js';
import { median } from './statistics.js';

const IP_NODES = 11;
const BLE_NODES = 6;
const LORA_NODES = 50;
/** All of them hear each other. */
const LORA_SIDE_M = 500;
const [SETTLE_MS, WINDOW_MS] = [300_000, 1_200_000];
/** Fifty nodes that start together have told each other of all of them after an hour. */
const [LORA_SETTLE_MS, LORA_WINDOW_MS] = [3_600_000, 1_800_000];

const row: GoalRow = {
  id: 'idle',
  what: 'traffic when nothing happens: frame bytes a node sends to 10 peers over IP; per BLE link; share of a LoRa channel with 50 nodes',
  unit: 'kB/min',
  target: { most: 10, also: { 'BLE kB/min a link': { most: 1 }, 'LoRa % of the channel': { most: 5 } } },
  peers: { 'bitchat, 10 links': 10, 'Reticulum, 10 links': 0.034 },
  note: 'bitchat 1 to 2.6 kB/min a link by its constants, Reticulum 0.45 bit/s',
};

/** Frame bytes that each node sends in a minute once all is settled. */
async function bytesPerMinute(seed: number, nodes: number, carrier: AnyCarrierPlan): Promise<number[]> {
  const world = new World({ seed, nodes, carriers: [carrier] });
  const bytes = new Array<number>(nodes).fill(0);
  world.start();
  await world.run(SETTLE_MS);
  world.watch({
    transmitted: ({ index }, { frame }) => {
      bytes[index] = (bytes[index] as number) + frame.length;
    },
  });
  await world.run(WINDOW_MS);
  return bytes.map((sum) => sum / (WINDOW_MS / 60_000));
}

/** Share of the time that the channel is taken, all nodes together. */
async function channelShare(seed: number): Promise<number> {
  const placement = { nodes: LORA_NODES, sideM: LORA_SIDE_M, leastM: 10 };
  const positions = scatter(seededRandom(`idle ${seed}`), placement);
  const world = new World({ seed, nodes: LORA_NODES, carriers: [loraPlan(positions)] });
  const { counters } = world.lora as LoraAir;
  world.start();
  await world.run(LORA_SETTLE_MS);
  const before = counters.airtimeMs;
  await world.run(LORA_WINDOW_MS);
  return (counters.airtimeMs - before) / LORA_WINDOW_MS;
}

/** What a mesh at rest says, after it has had time to come to rest. A BLE link is counted in both directions. */
export const idle: Experiment = {
  rows: [row],
  async measure(seed) {
    const ip = await bytesPerMinute(seed, IP_NODES, udpPlan(clique(IP_NODES)));
    const ble = await bytesPerMinute(seed, BLE_NODES, blePlan(line(BLE_NODES)));
    const perLink = ble.reduce((sum, bytes) => sum + bytes, 0) / (BLE_NODES - 1);
    const share = await channelShare(seed);
    return [
      {
        ours: median(ip) / 1_000,
        also: { 'BLE kB/min a link': perLink / 1_000, 'LoRa % of the channel': share * 100 },
      },
    ];
  },
};
