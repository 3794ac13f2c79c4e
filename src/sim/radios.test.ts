import test from 'ava';
import { watchAll } from './checkers/all.js';
import { ROUGH_AIR } from './scenarios.js';
import { assertNothingFound, seeds } from './seeds.js';
import type { Pair } from './topologies.js';
import { type CarrierPlan, World } from './world.js';

/** As a BLE link: made by the radio, reliable, narrow, no broadcast. */
const CONNECTED = { connected: true, reliable: true, broadcast: false, mtuBytes: 244, bitsPerSecond: 400_000 } as const;

const mixed = (): CarrierPlan[] => [
  { pairs: [[0, 1], [1, 2], [4, 5]], air: ROUGH_AIR }, // biome-ignore format: a line
  { pairs: [[2, 3], [3, 4], [0, 5]], traits: CONNECTED, air: { delayMinMs: 5, delayMaxMs: 20 } }, // biome-ignore format: a line
];

for (const seed of seeds(0.3)) {
  test(`large messages cross wide lossy links and narrow connected ones (seed ${seed})`, async (t) => {
    const world = new World({ seed, nodes: 6, carriers: mixed() });
    const { findings, deliveries } = watchAll(world);
    world.start();
    await world.run(30_000);
    world.broadcast(0, { bytes: 20_000 });
    world.send(1, 4, { bytes: 9_000 });
    await world.run(25_000);
    t.is(deliveries.deliveries, 6);
    world.cut(0, 5);
    world.broadcast(5, { bytes: 5_000 });
    await world.finish();
    assertNothingFound(t, seed, findings);
  });
}

test('of two radios to one neighbour the cheaper serves, and the other takes over', async (t) => {
  const pairs: Pair[] = [[0, 1]];
  const world = new World({ seed: 1, nodes: 2, carriers: [{ pairs }, { pairs, traits: CONNECTED }] });
  const { findings } = watchAll(world);
  const used: number[] = [];
  world.watch({
    transmitted: (node, { radio, frame }) => void (node.index === 0 && frame[1] === 24 && used.push(radio)),
  });
  world.start();
  await world.run(5_000);
  t.is(world.node(0).mesh.links.upTo(world.node(1).id).length, 2);
  world.broadcast(0);
  await world.run(100);
  world.airs[0]?.cut('n0', 'n1');
  world.send(0, 1);
  await world.run(20_000);
  t.deepEqual([used[0], used.at(-1)], [0, 1]);
  t.is(world.node(0).mesh.links.upTo(world.node(1).id).length, 1);
  await world.finish();
  assertNothingFound(t, 1, findings);
});

test('a radio that fails and is mended finds its neighbours again', async (t) => {
  const world = new World({ seed: 1, nodes: 3, carriers: [{ pairs: [[0, 1], [1, 2]], air: ROUGH_AIR }] }); // biome-ignore format: a line
  const { findings } = watchAll(world);
  world.start();
  await world.run(20_000);
  world.airs[0]?.fail('n1', 'unplugged');
  t.is(world.node(1).mesh.links.size, 0);
  await world.run(60_000);
  t.false(world.node(0).mesh.peers.isAlive(world.node(1).id));
  world.airs[0]?.mend('n1');
  await world.run(20_000);
  world.broadcast(0);
  await world.finish();
  t.deepEqual(
    findings.list.filter((finding) => finding.startsWith('[delivery]')),
    [],
  );
  for (const node of world.nodes)
    t.is([...node.mesh.peers.all()].filter((peer) => node.mesh.peers.isAlive(peer)).length, 2);
});

test('who hears but is not heard gets no link', async (t) => {
  const world = new World({ seed: 1, nodes: 2, carriers: [{ pairs: [[0, 1]] }] });
  world.airs[0]?.shapeEdge('n0', 'n1', { loss: 1 });
  world.start();
  await world.run(120_000);
  for (const node of world.nodes) {
    t.is(node.mesh.links.neighbourCount, 0);
    t.deepEqual([...node.mesh.peers.all()], []);
  }
  world.airs[0]?.shapeEdge('n0', 'n1', undefined);
  await world.run(20_000);
  for (const node of world.nodes) t.is(node.mesh.links.neighbourCount, 1);
});

test('an address given by hand is found over a radio without broadcast, also after the radio came back', async (t) => {
  const traits = { broadcast: false } as const;
  const world = new World({ seed: 1, nodes: 2, carriers: [{ pairs: [[0, 1]], traits }] });
  world.start();
  await world.run(10_000);
  t.is(world.node(0).mesh.links.size, 0);
  world.node(0).submit({ kind: 'manual-peer', radio: 0, address: 'n1', expected: world.node(1).id });
  await world.run(1_000);
  t.is(world.node(0).mesh.links.neighbourCount, 1);
  world.airs[0]?.fail('n0', 'unplugged');
  await world.run(60_000);
  world.airs[0]?.mend('n0');
  await world.run(3_000);
  t.is(world.node(0).mesh.links.neighbourCount, 1);
  t.is(world.node(1).mesh.links.neighbourCount, 1);
});

test('who answers at an address given by hand under another name is refused and counted', async (t) => {
  const world = new World({ seed: 1, nodes: 3, carriers: [{ pairs: [[0, 1]], traits: { broadcast: false } }] });
  world.start();
  world.node(0).submit({ kind: 'manual-peer', radio: 0, address: 'n1', expected: world.node(2).id });
  await world.run(10_000);
  t.is(world.node(0).mesh.links.neighbourCount, 0);
  t.true((world.node(0).mesh.counters.refused.get('peer.unexpected') ?? 0) > 0);
});
