import type { NodeId } from '../../core/ids.js';
import { hearingMaxMs, heartbeatIntervalMs } from '../../mesh/intervals.js';
import { isPacedAt } from '../../mesh/pace.js';
import type { PeerChange } from '../../mesh/types.js';
import type { Random } from '../../ports/random.js';
import type { AnyCarrierPlan } from '../carriers.js';
import type { ObservedNode } from '../observer.js';
import { clique, grid, ring } from '../topologies.js';
import { World } from '../world.js';
import { blePlan, loraPlan, udpPlan } from './carrier-plans.js';
import { type Experiment, Fold, type GoalRow } from './goal-row.js';
import { median, percentile } from './statistics.js';

const IP_LOSS = 0.2;
const SETTLE_MS = 60_000;
const BACK_MS = 45_000;
/** Links are looked at so often. */
const LOOK_MS = 50;
/** A controller that hears nothing gives a link up after so long: what the radio of the agent asks for. */
const SUPERVISION_MS = 2_500;
/** Nodes of the long watch, their stalls, and how long it is: ten seeds make three weeks of one node. */
const WATCH = { nodes: 2, weeks: 0.15, stallEveryMs: 600_000, stallMostMs: 1_000, stepMs: 60_000 } as const;
const WEEK_MS = 7 * 86_400_000;

interface Trial {
  readonly nodes: number;
  readonly carrier: AnyCarrierPlan;
  readonly settleMs: number;
  readonly deaths: number;
  /** Given up after so long. */
  readonly patienceMs: number;
}

const neighboursOf = (world: World, node: number): number[] =>
  [...world.node(node).mesh.links.neighbours()].map((id) => world.indexOf(id));

interface Deaths {
  /** Until each neighbour said that the node is offline. Those that never did count as the patience. */
  readonly ms: readonly number[];
  /** Until each neighbour had given up its link. */
  readonly linkMs: readonly number[];
  readonly heartbeatMs: number;
}

/** Nodes crash one after the other. */
async function deaths(seed: number, trial: Trial): Promise<Deaths> {
  const world = new World({ seed, nodes: trial.nodes, carriers: [trial.carrier] });
  const random = world.random.fork('deaths');
  let noticed: (node: number, peer: NodeId) => void = () => {};
  world.watch({
    peer: (node: ObservedNode, peer: NodeId, change: PeerChange) => {
      if (change === 'offline') noticed(node.index, peer);
    },
  });
  world.start();
  await world.run(trial.settleMs);
  const traits = world.node(0).radios[0]?.traits;
  // Over slow air that many share the lists of whom a node hears are its heartbeats.
  const intervalMs = traits?.broadcast && isPacedAt(traits.bitsPerSecond) ? hearingMaxMs : heartbeatIntervalMs;
  const heartbeatMs = traits ? intervalMs(traits, neighboursOf(world, 0).length, world.timing) : 0;
  const [ms, linkMs]: [number[], number[]] = [[], []];
  for (let i = 0; i < trial.deaths; i++) {
    await world.run(random.below(5_000));
    const death = await oneDeath(world, random.below(trial.nodes), trial, (to) => (noticed = to));
    ms.push(...death.ms);
    linkMs.push(...death.linkMs);
  }
  return { ms, linkMs, heartbeatMs };
}

async function oneDeath(
  world: World,
  victim: number,
  { patienceMs, settleMs }: Trial,
  listen: (to: (node: number, peer: NodeId) => void) => void,
): Promise<Pick<Deaths, 'ms' | 'linkMs'>> {
  const waiting = new Set(neighboursOf(world, victim));
  const linked = new Set(waiting);
  const { id } = world.node(victim);
  const diedAt = world.now;
  const [ms, linkMs]: [number[], number[]] = [[], []];
  listen((node, peer) => {
    if (peer === id && waiting.delete(node)) ms.push(world.now - diedAt);
  });
  world.crash(victim);
  while (waiting.size > 0 && world.now - diedAt < patienceMs) {
    await world.run(LOOK_MS);
    for (const node of linked)
      if (world.node(node).mesh.links.upTo(id).length === 0 && linked.delete(node)) linkMs.push(world.now - diedAt);
  }
  ms.push(...[...waiting].map(() => patienceMs));
  linkMs.push(...[...linked].map(() => patienceMs));
  listen(() => {});
  world.start(victim);
  await world.run(Math.max(BACK_MS, settleMs / 4));
  return { ms, linkMs };
}

/** Peers called offline although they ran, in a long time of loss and stalls. */
async function falseAlarms(seed: number): Promise<{ alarms: number; nodeWeeks: number }> {
  const { nodes, weeks, stallEveryMs, stallMostMs, stepMs } = WATCH;
  const world = new World({ seed, nodes, carriers: [udpPlan(clique(nodes), IP_LOSS)] });
  const random: Random = world.random.fork('stalls');
  let alarms = 0;
  world.start();
  await world.run(SETTLE_MS);
  world.watch({
    peer: (_node, _peer, change) => {
      if (change === 'offline') alarms++;
    },
  });
  for (const until = world.now + weeks * WEEK_MS; world.now < until; ) {
    await world.run(stepMs);
    for (const { index } of world.nodes)
      if (random.chance(stepMs / stallEveryMs)) world.stall(index, random.below(stallMostMs));
  }
  return { alarms, nodeWeeks: nodes * weeks };
}

/** A processor that hangs while its BLE controller keeps the link: only heartbeats tell. */
async function hang(seed: number): Promise<number> {
  const world = new World({ seed, nodes: 6, carriers: [blePlan(ring(6))] });
  let at: number | undefined;
  world.start();
  await world.run(SETTLE_MS);
  const { id } = world.node(3);
  const hungAt = world.now;
  world.watch({
    peer: (node, peer, change, now) => {
      if (peer === id && change === 'offline' && node.index !== 3) at ??= now;
    },
  });
  world.stall(3, 600_000);
  await world.run(120_000);
  return (at ?? hungAt + 120_000) - hungAt;
}

/** Near enough for each to hear all others. */
const positions = Array.from({ length: 6 }, (_, i) => ({ x: 600 * (i % 3), y: 600 * Math.floor(i / 3) }));

const row: GoalRow = {
  id: 'detect',
  what: 'a dead node is noticed by its neighbours: IP at 20 % loss; BLE; LoRa; and false alarms with stalls of up to 1 s',
  unit: 's',
  target: {
    most: 3,
    also: {
      'IP p99 s': { most: 5 },
      'BLE p99 s': { most: 10 },
      'LoRa heartbeats': { most: 3 },
      'false alarms': { most: 0 },
    },
  },
  folds: { 'false alarms': Fold.Sum, 'node-weeks watched': Fold.Sum },
  peers: { Meshtastic: 7_200, 'bitchat, at best': 45, 'memberlist, 10 nodes': 5 },
  note: 'a BLE controller gives a silent link up after 2.5 s, which is counted; false alarms count IP nodes at 20 % loss',
};

/**
 * IP: 12 nodes, each with two to four neighbours, 20 deaths. BLE: 6 nodes in a ring, 6 deaths, and a processor that hangs. LoRa: 6
 * nodes that all hear each other, 2 deaths, in heartbeat intervals of that channel. A sample is one
 * neighbour's: when it says that the node is offline, which it does when it knows no other way there any more.
 */
export const detect: Experiment = {
  rows: [row],
  async measure(seed) {
    const ip = await deaths(seed, {
      ...{ nodes: 12, carrier: udpPlan(grid(4, 3), IP_LOSS), settleMs: SETTLE_MS, deaths: 20, patienceMs: 60_000 },
    });
    const ble = await deaths(seed, {
      ...{ nodes: 6, carrier: blePlan(ring(6)), settleMs: SETTLE_MS, deaths: 6, patienceMs: 60_000 },
    });
    const lora = await deaths(seed, {
      ...{ nodes: 6, carrier: loraPlan(positions), settleMs: 900_000, deaths: 2, patienceMs: 7_200_000 },
    });
    const { alarms, nodeWeeks } = await falseAlarms(seed);
    const hungMs = await hang(seed);
    return [
      {
        ours: median(ip.ms) / 1_000,
        also: {
          'IP p99 s': percentile(ip.ms, 0.99) / 1_000,
          'BLE p99 s': (percentile(ble.ms, 0.99) + SUPERVISION_MS) / 1_000,
          'LoRa heartbeats': median(lora.ms) / lora.heartbeatMs,
          'false alarms': alarms,
        },
        details: {
          'node-weeks watched': nodeWeeks,
          'IP link given up, median s': median(ip.linkMs) / 1_000,
          'IP link given up, p99 s': percentile(ip.linkMs, 0.99) / 1_000,
          'BLE hung processor s': hungMs / 1_000,
          'LoRa median s': median(lora.ms) / 1_000,
          'LoRa heartbeat s': lora.heartbeatMs / 1_000,
        },
      },
    ];
  },
};
