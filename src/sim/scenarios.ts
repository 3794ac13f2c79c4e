import type { Random } from '../ports/random.js';
import { seededRandom } from '../system/seeded-random.js';
import { Priority } from '../wire/frame-types.js';
import { type Watched, watchAll } from './checkers/all.js';
import { randomConnected } from './topologies.js';
import { World } from './world.js';

export const ROUGH_AIR = { loss: 0.1, duplicate: 0.03, reorder: 0.08, delayMinMs: 1, delayMaxMs: 15 } as const;

const NODES = 20;
const EXTRA_PAIRS = 15;
const PRIORITIES = [Priority.Critical, Priority.High, Priority.Medium, Priority.Low] as const;

/** Users at work: now and then a broadcast, a directed message, a state, a record, an erase; from anybody who runs. */
export class Traffic {
  readonly #world: World;
  readonly #random: Random;
  #records = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork('traffic');
  }

  async run(seconds: number): Promise<void> {
    for (const until = this.#world.now + seconds * 1_000; this.#world.now < until; ) {
      this.#act();
      await this.#world.run(500 + this.#random.below(1_000));
    }
  }

  #act(): void {
    const [world, random] = [this.#world, this.#random];
    const running = world.running().map((node) => node.index);
    const from = running[random.below(running.length)] as number;
    const priority = PRIORITIES[random.below(4)] as Priority;
    // Some are larger than a frame.
    const bytes = random.chance(0.1) ? 1_200 + random.below(4_000) : 14 + random.below(200);
    world.broadcast(from, { priority, bytes });
    const to = random.below(world.nodes.length);
    if (to !== from) world.send(from, to, { priority, bytes: 20, ack: random.chance(0.8) });
    if (random.chance(0.2)) world.patch(from, { fields: { fps: random.below(60) } });
    if (random.chance(0.4)) world.put(from, `record ${this.#records++}`);
    if (random.chance(0.1) && this.#records > 0) world.erase(from, `record ${random.below(this.#records)}`);
  }
}

/**
 * A day in the field, in two and a half minutes: twenty nodes in no particular shape, on air that loses, delays,
 * repeats and reorders; a partition of 40 s and its healing; a crash and a restart; an edge lost and one gained; one
 * node that leaves. Traffic goes on throughout.
 */
export async function fieldDay(seed: number): Promise<{ world: World; watched: Watched }> {
  const random = seededRandom(`field day ${seed}`);
  const pairs = randomConnected(random, NODES, EXTRA_PAIRS);
  const world = new World({ seed, nodes: NODES, carriers: [{ pairs, air: ROUGH_AIR }] });
  const watched = watchAll(world);
  const traffic = new Traffic(world);
  for (const node of world.nodes) world.skew(node.index, random.below(4_000) - 2_000);
  for (const node of world.nodes) {
    world.start(node.index);
    await world.run(random.below(200));
  }
  await traffic.run(30);
  const some = world.nodes.map((node) => node.index).filter(() => random.chance(0.4));
  world.partition([some]);
  await traffic.run(40);
  world.heal();
  await traffic.run(28);
  const victim = random.below(NODES);
  world.crash(victim);
  await traffic.run(8);
  const [lost] = pairs.filter(([a, b]) => a !== victim && b !== victim);
  if (lost) world.cut(...lost);
  await traffic.run(12);
  world.start(victim);
  world.join(random.below(NODES / 2), NODES / 2 + random.below(NODES / 2));
  await traffic.run(20);
  world.stop(random.below(NODES));
  await traffic.run(5);
  await world.finish();
  return { world, watched };
}
