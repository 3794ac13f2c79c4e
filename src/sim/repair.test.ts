import test from 'ava';
import type { MessageId } from '../core/ids.js';
import type { AirConditions } from '../radios/memory/conditions.js';
import { FIRST_FAR_TYPE } from '../wire/frame-types.js';
import { Offset } from '../wire/header.js';
import type { Pair } from './topologies.js';
import { simTracer } from './tracing.js';
import { World } from './world.js';

const air = { delayMinMs: 1, delayMaxMs: 3 };

function watched(world: World) {
  const arrived = new Map<MessageId, number>();
  const tries = new Map<MessageId, number>();
  world.watch({
    delivered: (_, { id }, now) => void arrived.set(id, now),
    trail: (_, { id, what }) => {
      if (what === 'tried' || what === 'spread') tries.set(id, (tries.get(id) ?? 0) + 1);
    },
  });
  return { arrived, tries };
}

/** Of a link in one direction. */
const shape = (world: World, from: number, to: number, conditions: Partial<AirConditions>): void =>
  world.airs[0]?.shapeEdge(world.addressOf(from), world.addressOf(to), conditions);

/** 0 – 1 – 2 – 3 – 4 – 5, and 6 beside 3. */
const DETOUR: readonly Pair[] = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [2, 6], [6, 4]]; // biome-ignore format: a line

for (const seed of [1, 2])
  test(`a hop that breaks in the middle is repaired by its neighbour within seconds, while messages flow (seed ${seed})`, async (t) => {
    const world = new World({ seed, nodes: 7, carriers: [{ pairs: DETOUR, air }] });
    const { arrived, tries } = watched(world);
    world.start();
    await world.run(30_000);
    // Whichever of the two nodes the way goes through.
    const way = await simTracer(world, 0).trace(5);
    const middle = way.hops[2]?.name === 'n3' ? 3 : 6;
    const sent: { id: MessageId; at: number }[] = [];
    const send = async (ms: number) => {
      for (const until = world.now + ms; world.now < until; ) {
        sent.push({ id: world.send(0, 5), at: world.now });
        await world.run(100);
      }
    };
    await send(1_000);
    const brokenAt = world.now;
    world.crash(middle);
    const before = sent.length;
    await send(10_000);
    await world.run(20_000);
    const slowest = Math.max(...sent.map(({ id, at }) => (arrived.get(id) ?? Number.POSITIVE_INFINITY) - at));
    const after = sent.slice(before);
    const healed = after.find(({ id, at }) => (arrived.get(id) ?? Number.POSITIVE_INFINITY) - at < 100);
    const alone = after.filter(({ id }) => tries.get(id) === 1).length;
    t.log(
      `slowest ${slowest} ms; as before after ${(healed?.at ?? Number.NaN) - brokenAt} ms; ${alone} of ${after.length} in one try`,
    );
    t.true(slowest < 5_000, `${slowest}`);
    t.true(healed !== undefined && healed.at - brokenAt < 5_000, 'as fast as before within seconds');
    t.true(
      alone >= after.length * 0.8,
      `the origin had to try again: only ${alone} of ${after.length} came in one try`,
    );
  });

for (const seed of [1, 2])
  test(`a link that works in one direction only is never used (seed ${seed})`, async (t) => {
    const pairs: readonly Pair[] = [[0, 1], [0, 2], [2, 1]]; // biome-ignore format: a line
    const world = new World({ seed, nodes: 3, carriers: [{ pairs, deaf: [[0, 1]], air }] });
    const { arrived } = watched(world);
    let over = 0;
    world.watch({
      transmitted: (node, { to, frame }) => {
        const isPair =
          (node.index === 0 && to === world.addressOf(1)) || (node.index === 1 && to === world.addressOf(0));
        if (isPair && (frame[Offset.Type] as number) >= FIRST_FAR_TYPE) over++;
      },
    });
    world.start();
    await world.run(30_000);
    const ids = Array.from({ length: 20 }, (_, i) => world.send(i % 2, 1 - (i % 2)));
    await world.run(10_000);
    for (const id of ids) t.true(arrived.has(id), id);
    t.is(over, 0);
    for (const [a, b] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { routing } = world.node(a).mesh;
      t.is(routing.path(world.node(b).id)?.nextHop, world.node(2).id);
      t.deepEqual(routing.waysTo(world.node(b).id, { mono: world.now, wall: 0 }), [world.node(2).id]);
    }
  });

for (const seed of [1, 2])
  test(`a link that turns deaf in one direction is left within seconds, and no message is lost (seed ${seed})`, async (t) => {
    const pairs: readonly Pair[] = [[0, 1], [0, 2], [2, 1]]; // biome-ignore format: a line
    const world = new World({ seed, nodes: 3, carriers: [{ pairs, air }] });
    const { arrived } = watched(world);
    world.start();
    await world.run(30_000);
    t.is(world.node(0).mesh.routing.path(world.node(1).id)?.hops, 1);
    shape(world, 0, 1, { loss: 1 });
    const from = world.now;
    const ids: MessageId[] = [];
    for (let i = 0; i < 50; i++) {
      ids.push(world.send(i % 2, 1 - (i % 2)));
      await world.run(200);
    }
    await world.run(20_000);
    for (const id of ids) t.true(arrived.has(id), id);
    const slow = ids.filter((id) => (arrived.get(id) ?? 0) - (world.sent.get(id)?.at ?? 0) > 500);
    const last = Math.max(0, ...slow.map((id) => (world.sent.get(id)?.at ?? 0) - from));
    t.log(`${slow.length} were slow, the last of them sent after ${last} ms`);
    t.true(last < 8_000, `${last}`);
    for (const [a, b] of [
      [0, 1],
      [1, 0],
    ] as const)
      t.is(world.node(a).mesh.routing.path(world.node(b).id)?.hops, 2, 'both ends go around');
  });

for (const seed of [1, 4])
  test(`two good hops are preferred to one bad (seed ${seed})`, async (t) => {
    const pairs: readonly Pair[] = [[0, 1], [0, 2], [2, 1]]; // biome-ignore format: a line
    const world = new World({ seed, nodes: 3, carriers: [{ pairs, air }] });
    shape(world, 0, 1, { loss: 0.5 });
    shape(world, 1, 0, { loss: 0.5 });
    const { arrived } = watched(world);
    world.start();
    await world.run(60_000);
    for (let i = 0; i < 100; i++) {
      world.send(0, 1);
      await world.run(300);
    }
    const way = await simTracer(world, 0).trace(1);
    t.deepEqual(
      way.hops.map(({ name }) => name),
      ['n2', 'n1'],
      JSON.stringify(way.hops),
    );
    const entry = world
      .node(0)
      .mesh.routing.entries({ mono: world.now, wall: 0 })
      .find(({ destination }) => destination === world.node(1).id);
    t.is(entry?.ways[0]?.nextHop, world.node(2).id);
    const id = world.send(0, 1);
    await world.run(1_000);
    t.true(arrived.has(id));
  });
