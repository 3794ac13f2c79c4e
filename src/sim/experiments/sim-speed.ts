import { seededRandom } from '../../system/seeded-random.js';
import type { Pair } from '../topologies.js';
import { World } from '../world.js';

interface SpeedFigures {
  readonly nodes: number;
  readonly virtualMs: number;
  readonly pairs: number;
  readonly messages: number;
  /** Of all that were to have a message, who had it at the end. */
  readonly delivered: number;
  readonly frames: string;
  readonly steps: number;
}

const MESSAGE_EVERY_MS = 10_000;
/** Of the square in which a node hears those within a unit; makes about five neighbours. */
const DENSITY = 5.5;
const UNIT_M = 100;
const STEPS = 2 ** 32;

/** Nodes strewn over a square, joined where near; islands are joined to the nearest node elsewhere. */
export function strewn(seed: number, nodes: number): Pair[] {
  const random = seededRandom(`strewn ${seed}`);
  const side = UNIT_M * Math.sqrt((nodes * Math.PI) / DENSITY);
  const share = (): number => random.u32() / STEPS;
  const at = Array.from({ length: nodes }, () => ({ x: share() * side, y: share() * side }));
  const distance = (a: number, b: number): number =>
    Math.hypot((at[a]?.x ?? 0) - (at[b]?.x ?? 0), (at[a]?.y ?? 0) - (at[b]?.y ?? 0));
  const pairs: Pair[] = [];
  for (let a = 0; a < nodes; a++) for (let b = a + 1; b < nodes; b++) if (distance(a, b) <= UNIT_M) pairs.push([a, b]);
  const island = Array.from({ length: nodes }, (_, node) => node);
  const find = (node: number): number => {
    let root = node;
    while (island[root] !== root) root = island[root] as number;
    return root;
  };
  for (const [a, b] of pairs) island[find(a)] = find(b);
  for (let a = 1; a < nodes; a++) {
    if (find(a) === find(0)) continue;
    let best = -1;
    for (let b = 0; b < nodes; b++)
      if (find(b) !== find(a) && (best < 0 || distance(a, b) < distance(a, best))) best = b;
    pairs.push([a, best]);
    island[find(a)] = find(best);
  }
  return pairs;
}

/** The row sim-speed: shipped engines over UDP-like edges, heartbeats and all, and a message for everybody now and then. */
export async function simSpeed(seed: number, nodes = 1_000, virtualMs = 600_000): Promise<SpeedFigures> {
  const pairs = strewn(seed, nodes);
  const air = { loss: 0.01, delayMinMs: 1, delayMaxMs: 5 };
  const world = new World({ seed, nodes, carriers: [{ pairs, air }] });
  let delivered = 0;
  world.watch({
    delivered: () => {
      delivered += 1;
    },
  });
  const random = seededRandom(`sim speed ${seed}`);
  world.start();
  let messages = 0;
  for (let now = 0; now < virtualMs; now += MESSAGE_EVERY_MS) {
    await world.run(Math.min(MESSAGE_EVERY_MS, virtualMs - now));
    if (now < virtualMs / 3 || now >= virtualMs * 0.9) continue;
    world.broadcast(random.below(nodes));
    messages += 1;
  }
  const steps = world.nodes.reduce((sum, node) => sum + node.steps, 0);
  const share = delivered / Math.max(1, messages * (nodes - 1));
  return { nodes, virtualMs, pairs: pairs.length, messages, delivered: share, frames: world.traceHash(), steps };
}
