import test from 'ava';
import type { Delivered } from '../mesh/types.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Offset } from '../wire/header.js';
import { watchAll } from './checkers/all.js';
import { ROUGH_AIR } from './scenarios.js';
import { assertNothingFound, seeds } from './seeds.js';
import { clique, line, type Pair, ring, star } from './topologies.js';
import { World, type WorldOptions } from './world.js';

const CLEAR = { delayMinMs: 1, delayMaxMs: 3 } as const;

async function settled(options: Partial<WorldOptions> & { pairs: readonly Pair[]; nodes: number; rough?: boolean }) {
  const { pairs, rough, ...rest } = options;
  const carriers = [{ pairs, air: rough ? ROUGH_AIR : CLEAR }];
  const world = new World({ seed: 1, carriers, ...rest });
  const watched = watchAll(world);
  const delivered: { node: number; message: Delivered }[] = [];
  const sent = new Map<number, number>();
  world.watch({
    delivered: (node, message) => void delivered.push({ node: node.index, message }),
    transmitted: (_node, { frame }) => {
      const type = frame[Offset.Type] as number;
      sent.set(type, (sent.get(type) ?? 0) + 1);
    },
  });
  world.start();
  // The beats that follow the first states are out after half a minute.
  await world.run(40_000);
  sent.clear();
  return { world, watched, delivered, sent };
}

test('along a line of twenty a broadcast takes a relay at each node, and everybody knows everybody', async (t) => {
  const { world, watched, delivered, sent } = await settled({ nodes: 20, pairs: line(20) });
  world.broadcast(0);
  await world.run(1_000);
  t.is(delivered.length, 19);
  for (const { node, message } of delivered) t.is(message.hops, node, `at ${node}`);
  t.is(sent.get(FrameType.Message), 19);
  t.is(world.node(0).mesh.routing.path(world.node(19).id)?.hops, 19);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

for (const seed of seeds(0.3)) {
  test(`a directed message crosses nineteen lossy hops and is acknowledged (seed ${seed})`, async (t) => {
    const { world, watched, delivered } = await settled({ seed, nodes: 20, pairs: line(20), rough: true });
    const before = world.now;
    world.send(0, 19, { bytes: 3_000 });
    await world.run(20_000);
    t.is(delivered.length, 1);
    t.is(delivered[0]?.node, 19);
    t.true((delivered[0]?.message.at.mono ?? 0) - before < 10_000);
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });

  test(`a ring that loses an edge still reaches everybody, also at that very moment (seed ${seed})`, async (t) => {
    const { world, watched } = await settled({ seed, nodes: 12, pairs: ring(12), rough: true });
    world.cut(11, 0);
    for (let i = 0; i < 12; i++) {
      world.broadcast((i * 5) % 12, { priority: (i % 4) as Priority });
      await world.run(300);
    }
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });

  test(`who was left to a neighbour whose edge is gone gets the message another way (seed ${seed})`, async (t) => {
    const pairs: Pair[] = [[0, 1], [0, 2], [1, 2], [2, 3]]; // biome-ignore format: a line
    const { world, watched } = await settled({ seed, nodes: 4, pairs, rough: true });
    world.cut(0, 1);
    world.broadcast(0, { priority: Priority.Low });
    world.broadcast(3, { priority: Priority.Low });
    await world.run(15_000);
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });
}

test('in a clique of twelve a broadcast costs one frame and one acknowledgement for each receiver', async (t) => {
  const { world, watched, delivered, sent } = await settled({ nodes: 12, pairs: clique(12) });
  world.broadcast(5, { priority: Priority.Medium });
  await world.run(300);
  t.is(delivered.length, 11);
  t.is(sent.get(FrameType.Message), 11);
  t.is(sent.get(FrameType.HopAck), 11);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('an urgent broadcast in a clique is relayed by everybody, once', async (t) => {
  const { world, watched, delivered, sent } = await settled({ nodes: 12, pairs: clique(12) });
  world.broadcast(5, { priority: Priority.Critical });
  await world.run(300);
  t.is(delivered.length, 11);
  t.true((sent.get(FrameType.Message) ?? 0) <= 11 + 11 * 10, `${sent.get(FrameType.Message)} frames`);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('over a star everything goes through the middle, and stops when the middle stops', async (t) => {
  const { world, watched, delivered, sent } = await settled({ nodes: 15, pairs: star(15) });
  world.broadcast(3);
  await world.run(300);
  t.is(delivered.length, 14);
  t.is(sent.get(FrameType.Message), 14);
  world.crash(0);
  await world.run(20_000);
  for (const node of world.running())
    t.deepEqual(
      [...node.mesh.peers.all()].filter((peer) => node.mesh.peers.isAlive(peer)),
      [],
    );
  world.start(0);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('a mesh at rest sends little: heartbeats of at most forty bytes, a beacon now and then, no more', async (t) => {
  const { world, sent } = await settled({ nodes: 12, pairs: ring(12) });
  let bytes = 0;
  world.watch({
    transmitted: (_node, { frame }) => {
      bytes += frame.length;
    },
  });
  await world.run(60_000);
  const perNodeAndSecond = bytes / 60 / 12;
  t.true(perNodeAndSecond < 60, `${perNodeAndSecond.toFixed(1)} bytes a second for each node with two links`);
  t.deepEqual([...sent.keys()].sort(), [FrameType.Beacon, FrameType.Heartbeat]);
});
