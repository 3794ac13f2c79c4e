import test from 'ava';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Offset } from '../wire/header.js';
import { watchAll } from './checkers/all.js';
import { assertNothingFound } from './seeds.js';
import { clique, componentsOf, type Pair } from './topologies.js';
import { World } from './world.js';

const NODES = 20;
const SETTLE_MS = 35_000;

async function crowd(seed: number, loss: number) {
  const world = new World({ seed, nodes: NODES, carriers: [{ kind: 'udp', pairs: clique(NODES), loss }] });
  const watched = watchAll(world);
  const sent = new Map<number, number>();
  world.watch({
    transmitted: (_node, { frame }) => {
      const type = frame[Offset.Type] as number;
      sent.set(type, (sent.get(type) ?? 0) + 1);
    },
  });
  world.start();
  await world.run(SETTLE_MS);
  sent.clear();
  return { world, watched, sent };
}

/** Links that both ends tell others of. */
function told(world: World): Pair[] {
  const pairs: Pair[] = [];
  for (const { index, id, mesh } of world.running())
    for (const other of mesh.routing.topology.edgesOf(id).keys()) {
      const to = world.indexOf(other);
      if (to > index && mesh.routing.topology.adjacent(id, other)) pairs.push([index, to]);
    }
  return pairs;
}

const isWhole = (world: World): boolean => {
  const running = new Set(world.running().map(({ index }) => index));
  const component = componentsOf(NODES, told(world), (node) => running.has(node));
  return new Set([...running].map((node) => component[node])).size === 1;
};

const LOSS = 0.2;

test('of twenty in earshot of each other each passes on to a few, and all is delivered, a fifth lost', async (t) => {
  const { world, watched, sent } = await crowd(1, LOSS);
  t.true(isWhole(world));
  const degrees = world.nodes.map(({ index }) => told(world).filter((pair) => pair.includes(index)).length);
  t.log(`${degrees.join(' ')}`);
  t.true(Math.min(...degrees) >= 3 && Math.max(...degrees) <= 12);
  for (const { mesh } of world.nodes) {
    t.is(mesh.links.neighbourCount, NODES - 1);
    t.true([...mesh.links.active()].length <= 12);
  }
  world.broadcast(3, { priority: Priority.Critical });
  await world.run(2_000);
  const frames = sent.get(FrameType.Message) ?? 0;
  t.log(`${frames} frames`);
  t.true(frames < 5 * NODES * (1 + 2 * LOSS), `${frames}`);
  // Straight to the neighbour, also over a link that stands by.
  const spare = world.node(0).mesh;
  const aside = [...spare.links.neighbours()].find((node) => spare.links.isStandby(node));
  t.is(spare.routing.path(aside as never)?.hops, 1);
  for (let to = 1; to < NODES; to++) world.send(0, to);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});
for (const loss of [0.01, LOSS])
  test(`what is not urgent goes to all in earshot straight from its origin, ${100 * loss} % lost`, async (t) => {
    const { world, watched, sent } = await crowd(11, loss);
    const broadcasts = 5;
    for (let i = 0; i < broadcasts; i++) {
      world.broadcast(3 * i, { priority: i % 2 === 0 ? Priority.Medium : Priority.Low });
      await world.run(2_000);
    }
    const frames = (sent.get(FrameType.Message) ?? 0) / broadcasts;
    t.log(`${frames} frames each`);
    t.true(frames <= 1.3 * NODES * (1 + 2 * loss), `${frames}`);
    await world.finish();
    assertNothingFound(t, 11, watched.findings);
  });

test('who does not hear an origin any more has what it says to all from others', async (t) => {
  const { world, watched } = await crowd(12, 0.05);
  const { mesh } = world.node(3);
  const [standing, active] = [true, false].map((stands) =>
    world.nodes.findIndex(({ id }, index) => index !== 3 && mesh.links.isStandby(id) === stands),
  ) as [number, number];
  const got = new Set<number>();
  world.watch({ delivered: ({ index }, { source }) => void (source === world.node(3).id && got.add(index)) });
  world.cut(3, standing);
  world.cut(3, active);
  world.broadcast(3);
  await world.run(500);
  t.true(got.size >= NODES - 3, `${got.size}`);
  t.false(got.has(standing));
  await world.run(9_500);
  t.true(got.has(standing) && got.has(active), `${[...got]}`);
  await world.finish();
  assertNothingFound(t, 12, watched.findings);
});

test('when nodes of a crowd die the others choose anew, and nobody is cut off', async (t) => {
  const { world, watched } = await crowd(2, 0.05);
  for (const victim of [4, 17]) {
    const { id } = world.node(victim);
    world.crash(victim);
    let ms = 0;
    const heals = (): boolean => isWhole(world) && world.running().every(({ mesh }) => !mesh.peers.isAlive(id));
    for (; ms < 10_000 && !heals(); ms += 100) await world.run(100);
    t.log(`whole, and all know it, after ${ms} ms`);
    t.true(ms < 8_000, `${ms} ms`);
    world.broadcast(0);
    await world.run(3_000);
    for (const { index, id: node, mesh } of world.running()) {
      const edges = mesh.routing.topology.edgesOf(node).size;
      t.true(edges >= 3, `${index} has ${edges}`);
    }
  }
  await world.finish();
  assertNothingFound(t, 2, watched.findings);
});

test('of forty that come at once no node takes more links than it has places for', async (t) => {
  const [nodes, maxLinks] = [40, 12];
  const world = new World({ seed: 3, nodes, maxLinks, carriers: [{ kind: 'udp', pairs: clique(nodes), loss: 0.05 }] });
  let most = 0;
  world.watch({
    stepped: ({ mesh }) => {
      most = Math.max(most, mesh.links.neighbourCount);
    },
  });
  world.start();
  await world.run(15_000);
  t.is(most, maxLinks);
});

test('a crowd that starts at once agrees on all within a minute, and says no more of it', async (t) => {
  const nodes = 40;
  const world = new World({ seed: 13, nodes, carriers: [{ kind: 'udp', pairs: clique(nodes), loss: 0.01 }] });
  let drips = 0;
  world.watch({
    transmitted: (_node, { frame }) => {
      if (frame[Offset.Type] === FrameType.Drip) drips++;
    },
  });
  world.start();
  await world.run(10_000);
  t.log(`${drips} frames at first`);
  t.true(drips < 15 * nodes * nodes, `${drips}`);
  await world.run(45_000);
  t.is(new Set(world.nodes.map(({ mesh }) => mesh.digest())).size, 1);
  drips = 0;
  await world.run(5_000);
  t.true(drips < nodes, `${drips}`);
});
