import test from 'ava';
import { frameTypeName, Priority } from '../wire/frame-types.js';
import type { RegionName } from './lora/regions.js';
import { World } from './world.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** As far as the power of a region reaches, and not twice as far. */
const SPACING_M: Partial<Record<RegionName, number>> = { US915: 1_500, EU868: 1_200 };

/** Nodes in a line on LoRa, each in earshot of the next. */
function line(nodes: number, region: RegionName, overhears = true) {
  const positions = Array.from({ length: nodes }, (_, i) => ({ x: i * (SPACING_M[region] ?? 1_000), y: 0 }));
  const carriers = [{ kind: 'lora', preset: 'LongFast', region, positions, overhears }] as const;
  const world = new World({ seed: 11, nodes, carriers });
  const frames = new Map<string, number>();
  world.lora?.watch({
    sent: (_, form) => {
      const type = frameTypeName(world.fullFrame(form)[1] as number);
      frames.set(type, (frames.get(type) ?? 0) + 1);
    },
  });
  return { world, frames };
}

/** Frames by type that twenty messages over four hops take, and how many were delivered. */
async function cost(overhears: boolean) {
  const { world, frames } = line(5, 'US915', overhears);
  world.start();
  await world.run(2 * HOUR_MS);
  frames.clear();
  let delivered = 0;
  world.watch({ delivered: () => void delivered++ });
  for (let i = 0; i < 20; i++) {
    world.send(i % 2 ? 0 : 4, i % 2 ? 4 : 0, { lifeMs: 10 * MINUTE_MS });
    await world.run(MINUTE_MS);
  }
  const of = (type: string): number => frames.get(type) ?? 0;
  return { delivered, acks: of('hopack'), all: of('hopack') + of('message') + of('ack') };
}

test('over slow air hops are acknowledged by the relay that is overheard: half the frames of a message over four hops are saved', async (t) => {
  const [heard, deaf] = [await cost(true), await cost(false)];
  t.is(heard.delivered, 20);
  t.is(deaf.delivered, 20);
  t.true(heard.acks < 0.3 * deaf.acks, `${heard.acks} acknowledgements of hops, ${deaf.acks} where nobody overhears`);
  t.true(heard.all < 0.7 * deaf.all, `${heard.all} frames, ${deaf.all}`);
  t.log(JSON.stringify({ heard, deaf }));
});

for (const [hops, region, dutyCycle] of [
  [1, 'EU868', 0.1],
  [2, 'US915', 1],
  [3, 'EU868', 0.1],
] as const)
  test(`4 kB arrive whole over ${hops} hops of LoRa (${region}), within what the law leaves each node, while others speak`, async (t) => {
    const nodes = hops + 1;
    const { world, frames } = line(nodes, region);
    const arrived = new Map<string, number>();
    const bodies: Uint8Array[] = [];
    world.watch({
      delivered: (node, { id, body }, now) => {
        if (node.index !== hops) return;
        arrived.set(id, now);
        bodies.push(body);
      },
    });
    world.start();
    await world.run(2 * HOUR_MS);
    frames.clear();
    const before = world.nodes.map(({ index }) => world.lora?.airtimeMs[index] ?? 0);
    const from = world.now;
    const id = world.send(0, hops, { bytes: 4_000, lifeMs: HOUR_MS });
    // What all say meets the parts now and then, where two speak that do not hear each other.
    const random = world.random.fork('others');
    for (let i = 0; i < 60; i++) {
      await world.run(MINUTE_MS);
      if (!arrived.has(id)) world.broadcast(random.below(nodes), { priority: Priority.Low });
    }
    const ms = (arrived.get(id) ?? Number.POSITIVE_INFINITY) - from;
    t.true(ms < 20 * MINUTE_MS, `${ms} ms`);
    t.true(bodies.some(({ length }) => length === 4_000));
    for (const { index } of world.nodes) {
      const airMs = (world.lora?.airtimeMs[index] ?? 0) - (before[index] as number);
      t.true(airMs <= dutyCycle * HOUR_MS + 3_000, `node ${index}: ${airMs} ms`);
    }
    t.log(
      `${Math.round(ms / 1_000)} s, ${frames.get('message')} frames of messages, ${frames.get('hopack')} acknowledgements of hops`,
    );
  });
