import test from 'ava';
import { seededRandom } from '../system/seeded-random.js';
import { watchAll } from './checkers/all.js';
import { Churn } from './churn.js';
import type { Position } from './lora/landscape.js';
import { scatter } from './lora/placement.js';
import { Mobility } from './mobility.js';
import { assertNothingFound } from './seeds.js';
import { clique, type Pair, ring } from './topologies.js';
import { World } from './world.js';

const SIDE_M = 300;
const places = (nodes: number): Position[] => scatter(seededRandom(3), { nodes, sideM: SIDE_M, leastM: 1 });

function walk(seed: number, seconds: number) {
  const positions = places(20);
  const trail: Position[][] = positions.map((at) => [at]);
  const world = { now: 0, move: (node: number, at: Position) => void trail[node]?.push(at) };
  const plan = { positions, sideM: SIDE_M, speed: [1, 2], pauseMs: 5_000 } as const;
  const mobility = new Mobility(world, seededRandom(seed), plan);
  for (let now = 100; now <= seconds * 1_000; now += 100) mobility.sampled(now);
  return { trail, mobility };
}

test('walkers stay inside, never go faster than they may, and one seed is one walk', (t) => {
  const { trail } = walk(1, 600);
  for (const steps of trail) {
    t.true(steps.length > 200);
    steps.forEach(({ x, y }, i) => {
      t.true(x >= 0 && y >= 0 && x <= SIDE_M && y <= SIDE_M);
      const before = steps[Math.max(0, i - 1)] as Position;
      t.true(Math.hypot(x - before.x, y - before.y) <= 2 + 1e-9);
    });
  }
  t.deepEqual(walk(1, 600).trail, trail);
  t.notDeepEqual(walk(2, 600).trail, trail);
});

test('ranges follow those who walk, over every carrier, and the truth the checkers know with them', async (t) => {
  const positions = places(12);
  const range = { positions, reachM: 120 };
  const carriers = [
    { kind: 'udp', range },
    { kind: 'ble', range: { ...range, reachM: 60 } },
    { kind: 'lora', preset: 'ShortFast', region: 'EU868_G1', positions, physics: { model: 'free-space' } },
  ] as const;
  const world = new World({ seed: 1, nodes: 12, carriers });
  const mobility = new Mobility(world, world.random.fork('walk'), { positions, sideM: SIDE_M, speed: [2, 4] });
  world.watch(mobility);
  await world.run(120_000);
  const at = Array.from({ length: 12 }, (_, node) => world.lora?.position(node) as Position);
  const near = (a: number, b: number): number =>
    Math.hypot((at[a]?.x ?? 0) - (at[b]?.x ?? 0), (at[a]?.y ?? 0) - (at[b]?.y ?? 0));
  for (const [a, b] of clique(12)) {
    t.is(world.carriers[0]?.hasPair(a, b), near(a, b) <= 120);
    t.is(world.carriers[1]?.hasPair(a, b), near(a, b) <= 60);
  }
  const known = new Set([...world.ground.pairs()].map(([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`));
  for (const [a, b] of clique(12)) {
    const joined = world.carriers.some((carrier) => carrier.hasPair(a, b));
    t.is(known.has(`${a} ${b}`), joined, `${a} ${b}`);
  }
});

test('a mesh of walkers that then stand still agrees again on everything', async (t) => {
  const positions = places(10);
  const carriers = [{ kind: 'udp', range: { positions, reachM: 130 }, loss: 0.05, reorder: 0.05 }] as const;
  const world = new World({ seed: 2, nodes: 10, carriers });
  const { findings, deliveries } = watchAll(world);
  const mobility = new Mobility(world, world.random.fork('walk'), { positions, sideM: SIDE_M, speed: [1, 3] });
  world.watch(mobility);
  world.start();
  for (let i = 0; i < 30; i++) {
    world.broadcast(i % 10);
    await world.run(2_000);
  }
  mobility.stop();
  await world.finish(60_000);
  t.true(deliveries.deliveries > 100);
  assertNothingFound(t, 2, findings);
});

test('nodes that fail, stand still and come back leave nothing behind', async (t) => {
  const world = new World({ seed: 3, nodes: 8, carriers: [{ kind: 'udp', pairs: clique(8), loss: 0.05 }] });
  const { findings } = watchAll(world);
  const plan = { crashesPerHour: 60, downMs: [3_000, 9_000], stallsPerHour: 300, spare: [0] } as const;
  const churn = new Churn(world, world.random.fork('churn'), plan);
  world.watch(churn);
  world.start();
  for (let i = 0; i < 40; i++) {
    world.broadcast(0);
    await world.run(2_000);
  }
  churn.stop();
  t.true(churn.crashes >= 3 && churn.stalls >= 10, `${churn.crashes} ${churn.stalls}`);
  await world.finish(60_000);
  t.is(world.running().length, 8);
  assertNothingFound(t, 3, findings);
});

test('a processor that stands still does nothing, and then all that came', async (t) => {
  const world = new World({ seed: 4, nodes: 2, carriers: [{ kind: 'udp', pairs: [[0, 1]] }] });
  const at: number[] = [];
  world.watch({ delivered: (_node, _message, now) => void at.push(now) });
  world.start();
  await world.run(10_000);
  const before = world.node(1).steps;
  world.stall(1, 700);
  world.broadcast(0);
  await world.run(690);
  t.is(world.node(1).steps, before);
  await world.run(50);
  t.deepEqual(
    at.map((when) => Math.round(when)),
    [10_700],
  );
});

test('a clock may run fast, be wrong or be missing, and the mesh works', async (t) => {
  const world = new World({ seed: 5, nodes: 3, carriers: [{ kind: 'udp', pairs: clique(3) }] });
  const { findings } = watchAll(world);
  world.drift(1, 200);
  world.drift(2, -200);
  world.withoutClock(2);
  world.start();
  await world.run(100_000);
  t.is(Math.round(world.node(1).wall() - world.node(0).wall()), 20);
  t.is(Math.round(world.node(2).wall()), Math.round(100_000 * (1 - 200e-6)));
  world.broadcast(2);
  await world.finish();
  t.throws(() => world.drift(1, 5), { message: /runs/ });
  t.deepEqual(
    findings.list.filter((finding) => !finding.startsWith('[views]')),
    [],
  );
});

test('one direction can be deaf, some directions worse than others', async (t) => {
  const pairs = clique(12);
  const world = new World({
    seed: 6,
    nodes: 12,
    carriers: [{ pairs, deaf: [[0, 1]], uneven: { share: 0.3, loss: 0.5 } }],
  });
  world.start();
  await world.run(60_000);
  t.true(world.node(0).mesh.links.neighbourCount < 11, 'who is not heard by 1 has no link with it');
  const lost = world.airs[0]?.counters().lost ?? 0;
  const delivered = world.airs[0]?.counters().delivered ?? 0;
  t.true(lost / (lost + delivered) > 0.05 && lost / (lost + delivered) < 0.3, `${lost} of ${lost + delivered}`);
});

test('BLE links carry the mesh, and no node has more than it may', async (t) => {
  const world = new World({
    seed: 7,
    nodes: 9,
    carriers: [
      {
        kind: 'ble',
        pairs: [...ring(9), ...ring(9).map(([a, b]): Pair => [a, (b + 1) % 9])],
        intervalMs: 15,
        packetMs: 2,
        linksMax: 4,
        loss: 0.05,
      },
    ],
  });
  const heard: number[] = [];
  world.watch({ delivered: (node) => void heard.push(node.index) });
  world.start();
  await world.run(30_000);
  for (const { mesh } of world.nodes) t.true(mesh.links.size <= 4 && mesh.links.size >= 1);
  world.broadcast(0);
  await world.run(5_000);
  t.is(new Set(heard).size, 8);
});
