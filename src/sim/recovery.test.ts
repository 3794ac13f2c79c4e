import test from 'ava';
import { UDP_TRAITS } from './detection.js';
import { endStall, stall } from './stalls.js';
import { clique } from './topologies.js';
import { World } from './world.js';

const carriers = [{ pairs: clique(4), traits: UDP_TRAITS, air: { delayMinMs: 1, delayMaxMs: 3 } }];

test('a node that stood still for long is dropped, and taken back within half a second of going on', async (t) => {
  const world = new World({ seed: 1, nodes: 4, carriers });
  const said: string[] = [];
  world.watch({
    peer: (node, peer, change, now) =>
      void (node.index === 0 && world.indexOf(peer) === 3 && said.push(`${change} ${now}`)),
  });
  world.start();
  await world.run(40_000);
  stall(world, world.node(3), 20_000);
  await world.run(19_000);
  t.false(world.node(0).mesh.peers.isAlive(world.node(3).id));
  t.true(world.node(0).mesh.peers.isAlive(world.node(2).id), 'nobody else');
  await world.run(1_500);
  for (const node of world.nodes.slice(0, 3)) t.true(node.mesh.peers.isAlive(world.node(3).id), `${node.index}`);
  for (const node of world.nodes.slice(0, 3)) t.true(world.node(3).mesh.peers.isAlive(node.id));
  t.true(world.node(3).mesh.counters.liveness.stalls > 0);
  await world.run(20_000);
  t.is(said.filter((what) => what.startsWith('offline')).length, 1, 'once');
});

test('who hears nobody any more is slower to call them dead than one who misses a single neighbour', async (t) => {
  const world = new World({ seed: 2, nodes: 4, carriers });
  const reasons: string[] = [];
  const at: number[] = [];
  world.start();
  await world.run(40_000);
  const from = world.now;
  world.partition([[0]]);
  let steps = 0;
  while (world.node(0).mesh.links.neighbourCount > 0 && steps++ < 400) await world.run(50);
  at.push(world.now - from);
  t.true((at[0] as number) > 2_500 && (at[0] as number) < 10_000, `${at[0]}`);
  t.true(world.node(0).mesh.liveness.unwell > 0);
  for (const other of world.nodes.slice(1)) t.is(other.mesh.links.neighbourCount, 2, reasons.join());
});

test('a node that hangs is called dead with the reason why', async (t) => {
  const world = new World({ seed: 3, nodes: 4, carriers });
  world.start();
  await world.run(40_000);
  stall(world, world.node(3), Number.POSITIVE_INFINITY);
  await world.run(8_000);
  const { liveness } = world.node(0).mesh.counters;
  t.like(liveness, { nodesDead: 1, linksDead: 0 });
  t.true(liveness.suspected >= 1 && liveness.asked >= 1);
  endStall(world.node(3));
});
