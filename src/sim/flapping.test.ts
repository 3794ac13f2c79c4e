import test from 'ava';
import { watchAll } from './checkers/all.js';
import { assertNothingFound, seeds } from './seeds.js';
import type { Pair } from './topologies.js';
import { World } from './world.js';

const SETTLE_MS = 20_000;
/** Long enough for each end to give the link up, and to have it back. */
const DOWN_MS = 6_000;
const UP_MS = 6_000;

/** A triangle with a tail. */
function kite(seed: number | string, more: readonly Pair[] = []): World {
  const pairs: Pair[] = [[0, 1], [0, 2], [1, 2], [2, 3], ...more]; // biome-ignore format: a line
  return new World({ seed, nodes: 4, carriers: [{ pairs, air: { delayMinMs: 1, delayMaxMs: 3, loss: 0.1 } }] });
}

async function flap(world: World, [a, b]: Pair, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    world.cut(a, b);
    await world.run(DOWN_MS);
    world.join(a, b);
    await world.run(UP_MS);
  }
}

const linkOf = (world: World, a: number, b: number) => world.node(a).mesh.links.best(world.node(b).id);
const tells = (world: World, a: number, b: number): boolean =>
  world.node(2).mesh.routing.topology.adjacent(world.node(a).id, world.node(b).id);

for (const seed of seeds(0.2)) {
  test(`a link that comes and goes is left alone while there is another way, and taken back when it holds (seed ${seed})`, async (t) => {
    const world = kite(seed);
    const { findings } = watchAll(world);
    world.start();
    await world.run(SETTLE_MS);
    await flap(world, [0, 1], 4);
    const link = linkOf(world, 0, 1);
    t.is(link?.phase, 'up');
    t.true(link?.damped);
    t.false(link?.isBridge);
    t.is(world.node(0).mesh.routing.path(world.node(1).id)?.nextHop, world.node(2).id);
    t.true(world.node(0).mesh.peers.isAlive(world.node(1).id));
    t.false(tells(world, 0, 1));
    const said = world.node(3).mesh.states.get(world.node(0).id)?.counter;
    await flap(world, [0, 1], 2);
    t.is(world.node(3).mesh.states.get(world.node(0).id)?.counter, said, 'nobody is told of it any more');
    await world.run(240_000);
    t.is(world.node(0).mesh.routing.path(world.node(1).id)?.hops, 1);
    t.true(tells(world, 0, 1));
    await world.finish();
    assertNothingFound(t, seed, findings);
  });

  test(`a link that comes and goes serves all the same where it is the only way, from when it is (seed ${seed})`, async (t) => {
    const world = kite(seed);
    const { findings } = watchAll(world);
    world.start();
    await world.run(SETTLE_MS);
    await flap(world, [2, 3], 4);
    t.true(linkOf(world, 3, 2)?.damped);
    t.true(linkOf(world, 3, 2)?.isBridge);
    t.true(world.node(0).mesh.peers.isAlive(world.node(3).id));
    await flap(world, [0, 1], 4);
    t.false(linkOf(world, 0, 1)?.isBridge);
    world.cut(1, 2);
    await world.run(8_000);
    t.true(linkOf(world, 0, 1)?.damped && linkOf(world, 0, 1)?.isBridge);
    t.true(tells(world, 0, 1));
    world.send(3, 1);
    world.broadcast(1);
    await world.finish();
    assertNothingFound(t, seed, findings);
  });

  test(`the only way to a node that comes and goes is left alone once there is another (seed ${seed})`, async (t) => {
    const world = kite(seed, [[1, 3]]);
    const { findings } = watchAll(world);
    world.start();
    world.cut(1, 3);
    await world.run(SETTLE_MS);
    await flap(world, [2, 3], 4);
    t.true(linkOf(world, 2, 3)?.isBridge);
    world.join(1, 3);
    await world.run(45_000);
    t.true(linkOf(world, 2, 3)?.damped);
    t.false(linkOf(world, 2, 3)?.isBridge);
    t.is(world.node(2).mesh.routing.path(world.node(3).id)?.nextHop, world.node(1).id);
    world.send(3, 2);
    await world.finish();
    assertNothingFound(t, seed, findings);
  });

  test(`a node whose own radio stops again and again damps no neighbour (seed ${seed})`, async (t) => {
    const world = kite(seed);
    world.start();
    await world.run(SETTLE_MS);
    for (let i = 0; i < 4; i++) {
      const radio = world.node(3).mesh.links.best(world.node(2).id)?.carrier;
      if (!radio) return t.fail(`no link before stop ${i + 1}`);
      const { index, name, traits } = radio;
      world.node(3).submit({ kind: 'carrier-down', radio: index, reason: 'unplugged' });
      await world.run(1_000);
      world.node(3).submit({ kind: 'carrier-up', radio: index, name, traits });
      await world.run(UP_MS);
    }
    t.is(linkOf(world, 3, 2)?.phase, 'up');
    t.false(linkOf(world, 3, 2)?.damped);
    t.is(world.node(3).mesh.counters.links.flaps, 0);
  });
}
