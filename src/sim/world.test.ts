import test from 'ava';
import { watchAll } from './checkers/all.js';
import { ROUGH_AIR, Traffic } from './scenarios.js';
import { randomConnected } from './topologies.js';
import { recordHash, World } from './world.js';

const roughWorld = (seed: number): World => {
  const world = new World({ seed, nodes: 8, carriers: [] });
  const pairs = randomConnected(world.random.fork('pairs'), 8, 4);
  return new World({ seed, nodes: 8, carriers: [{ pairs, air: ROUGH_AIR }] });
};

const busyRun = async (seed: number): Promise<string> => {
  const world = roughWorld(seed);
  const traffic = new Traffic(world);
  world.start();
  await traffic.run(10);
  world.partition([[0, 1, 2]]);
  world.crash(5);
  await traffic.run(5);
  world.heal();
  world.start(5);
  await traffic.run(5);
  return world.traceHash();
};

test('two runs of one seed transmit the very same frames at the same times', async (t) => {
  const [once, again, other] = [await busyRun(3), await busyRun(3), await busyRun(4)];
  t.is(once, again);
  t.not(once, other);
});

test('a crash loses what was not on disk and keeps what was', async (t) => {
  const world = new World({ seed: 1, nodes: 1, carriers: [{ pairs: [] }] });
  world.start();
  await world.run(100);
  world.put(0, 'kept');
  await world.run(100);
  world.put(0, 'lost');
  world.crash(0);
  t.false(world.node(0).running);
  world.start(0);
  await world.run(100);
  const { weave } = world.node(0);
  t.is(weave.view.ofHash(recordHash('kept'), world.node(0).wall()).length, 1);
  t.is(weave.view.ofHash(recordHash('lost'), world.node(0).wall()).length, 0);
});

test('a restarted node has its keys, a higher boot counter and another salt', async (t) => {
  const world = new World({ seed: 1, nodes: 1, carriers: [{ pairs: [] }] });
  world.start();
  const before = world.node(0).mesh.context.self;
  world.crash(0);
  world.start(0);
  const after = world.node(0).mesh.context.self;
  t.is(after.id, before.id);
  t.is(after.boot.counter, before.boot.counter + 1);
  t.notDeepEqual(after.boot.salt, before.boot.salt);
});

test('who crashed says nothing more, and wakes nobody up', async (t) => {
  const world = roughWorld(2);
  let transmissions = 0;
  world.watch({ transmitted: (node) => void (node.index === 3 && transmissions++) });
  world.start();
  await world.run(3_000);
  world.crash(3);
  const before = transmissions;
  t.true(before > 0);
  await world.run(60_000);
  t.is(transmissions, before);
  t.is(world.clock.names().filter((name) => name === 'engine').length, 7);
});

test('the truth about who could reach whom covers lives, partitions and edges', async (t) => {
  const world = new World({ seed: 1, nodes: 3, carriers: [{ pairs: [[0, 1], [1, 2]] }] }); // biome-ignore format: a line
  world.start();
  await world.run(10_000);
  world.partition([[0]]);
  await world.run(10_000);
  world.heal();
  await world.run(10_000);
  world.crash(1);
  await world.run(10_000);
  world.start(1);
  await world.run(10_000);
  const { ground } = world;
  t.true(ground.together(0, 2, 1_000, 9_000));
  t.false(ground.together(0, 2, 1_000, 11_000), 'partitioned');
  t.true(ground.together(1, 2, 1_000, 29_000));
  t.false(ground.together(0, 2, 25_000, 31_000), 'the node between them crashed');
  t.false(ground.together(1, 2, 29_000, 41_000), 'another life');
  t.true(ground.together(1, 2, 41_000, 49_000));
});

test('a leaving node says so: all others hold it offline at once', async (t) => {
  const world = roughWorld(6);
  const { findings } = watchAll(world);
  world.start();
  await world.run(10_000);
  world.stop(4);
  // A tenth of the frames is lost: time for one to be sent again twice.
  await world.run(700);
  for (const node of world.running().filter((each) => each.index !== 4))
    t.is(node.mesh.states.get(world.node(4).id)?.condition, 'offline', `at ${node.index}`);
  await world.finish();
  t.deepEqual(findings.list, []);
});
