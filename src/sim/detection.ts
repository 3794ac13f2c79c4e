import type { NodeId } from '../core/ids.js';
import type { Random } from '../ports/random.js';
import { seededRandom } from '../system/seeded-random.js';
import { endStall, stall } from './stalls.js';
import { componentsOf, type Pair } from './topologies.js';
import { type CarrierPlan, World } from './world.js';

/** UDP and BLE as the radios describe themselves, on air that loses what the caller says. */
export const UDP_TRAITS = { mtuBytes: 1_200, bitsPerSecond: 100_000_000 } as const;
export const BLE_TRAITS = {
  mtuBytes: 4_096,
  bitsPerSecond: 200_000,
  broadcast: false,
  connected: true,
  reliable: true,
  costPerByte: 2,
} as const;

export interface DetectionOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly pairs: readonly Pair[];
  readonly carrier: Omit<CarrierPlan, 'pairs'>;
  /** Nodes that die, one after the other, each started again once all noticed. */
  readonly deaths: number;
}

export interface DetectionTimes {
  /** From each death until the first node knows, in ms. */
  readonly first: readonly number[];
  /** From each death until each former neighbour knows, in ms. */
  readonly each: readonly number[];
  /** Nodes called offline while they ran. */
  readonly falseAlarms: readonly string[];
  /** From a restart until every neighbour holds the node alive again, in ms. */
  readonly back: readonly number[];
}

const SETTLE_MS = 40_000;
const LONGEST_MS = 60_000;
const RETURN_MS = 5_000;

/** Lets nodes die without a word, and times how long their neighbours take to notice. */
export async function detectionTimes(options: DetectionOptions): Promise<DetectionTimes> {
  const { seed, nodes, pairs, carrier, deaths } = options;
  const world = new World({ seed, nodes, carriers: [{ ...carrier, pairs }] });
  const random: Random = seededRandom(`detection ${seed}`);
  const dead = new Set<NodeId>();
  const heardAt = new Map<number, number>();
  const falseAlarms: string[] = [];
  // Who comes back has its links one by one: paths over it come and go meanwhile.
  let quietFrom = 0;
  const reachable = (a: number, b: number): boolean => {
    const group = componentsOf(nodes, pairs, (node) => !dead.has(world.node(node).id));
    return group[a] === group[b];
  };
  world.watch({
    peer: (node, peer, change, now) => {
      if (change !== 'offline') return;
      if (dead.has(peer)) heardAt.set(node.index, Math.min(now, heardAt.get(node.index) ?? now));
      else if (now > quietFrom && node.running && reachable(node.index, world.indexOf(peer)))
        falseAlarms.push(`${node.index} on ${world.indexOf(peer)} at ${Math.round(now)}`);
    },
  });
  world.start();
  await world.run(SETTLE_MS);
  const [first, each, back]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < deaths; i++) {
    await world.run(random.below(10_000));
    const victim = random.below(nodes);
    const { id } = world.node(victim);
    const neighbours = pairs.flatMap(([a, b]) => (a === victim ? [b] : b === victim ? [a] : []));
    heardAt.clear();
    dead.add(id);
    const diedAt = world.now;
    // It hangs: a radio that were closed would tell others.
    stall(world, world.node(victim), Number.POSITIVE_INFINITY);
    await until(world, () => neighbours.every((node) => heardAt.has(node)));
    const times = neighbours.map((node) => (heardAt.get(node) ?? Number.POSITIVE_INFINITY) - diedAt);
    first.push(Math.min(...times));
    each.push(...times);
    endStall(world.node(victim));
    world.crash(victim);
    await world.run(1_000);
    dead.delete(id);
    quietFrom = world.now + RETURN_MS;
    const startedAt = world.now;
    world.start(victim);
    await until(world, () => neighbours.every((node) => world.node(node).mesh.peers.isAlive(id)));
    back.push(world.now - startedAt);
    await world.run(15_000);
  }
  return { first, each, falseAlarms, back };
}

async function until(world: World, isSo: () => boolean): Promise<void> {
  for (const from = world.now; !isSo() && world.now - from < LONGEST_MS; ) await world.run(50);
}

/** The value below which `share` of them lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
