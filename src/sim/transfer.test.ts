import test from 'ava';
import type { MessageId } from '../core/ids.js';
import { watchAll } from './checkers/all.js';
import { assertNothingFound, seeds } from './seeds.js';
import { line, type Pair } from './topologies.js';
import { type CarrierPlan, World } from './world.js';

const HOUR = 3_600_000;
const MEGABYTE = 1 << 20;

async function settled(seed: number, nodes: number, carriers: readonly CarrierPlan[]) {
  const world = new World({ seed, nodes, carriers });
  const watched = watchAll(world);
  const told: { id: MessageId; what: string }[] = [];
  const progress: number[] = [];
  const got: { node: number; id: MessageId; bytes: number }[] = [];
  world.watch({
    outcome: (_node, id, what) => void told.push({ id, what }),
    delivered: (node, { id, body }) => void got.push({ node: node.index, id, bytes: body.length }),
    progress: (_node, { doneBytes }) => void progress.push(doneBytes),
  });
  world.start();
  await world.run(30_000);
  const until = async (seconds: number, done: () => boolean): Promise<number> => {
    for (let waited = 0; waited < seconds; waited++) {
      if (done()) return waited;
      await world.run(1_000);
    }
    return Number.POSITIVE_INFINITY;
  };
  const isDelivered = (id: MessageId) => () => told.some((each) => each.id === id && each.what === 'delivered');
  return { world, watched, told, got, progress, until, isDelivered };
}

const LOSSY = { loss: 0.1, duplicate: 0.02, reorder: 0.05, delayMinMs: 1, delayMaxMs: 12 } as const;

for (const seed of seeds(0.2)) {
  test(`a megabyte crosses three lossy hops with cuts, another path and restarts of both ends (seed ${seed})`, async (t) => {
    const pairs: Pair[] = [[0, 1], [1, 3], [0, 2], [2, 3]]; // biome-ignore format: a line
    const { world, watched, got, until, isDelivered, progress } = await settled(seed, 4, [{ pairs, air: LOSSY }]);
    const id = world.send(0, 3, { bytes: MEGABYTE, keep: true, lifeMs: HOUR });
    await world.run(1_000);
    world.cut(1, 3);
    await until(60, () => (progress.at(-1) ?? 0) > MEGABYTE / 4);
    world.cut(2, 3);
    await world.run(40_000);
    t.false(isDelivered(id)());
    world.join(1, 3);
    await until(60, () => (progress.at(-1) ?? 0) > MEGABYTE / 2);
    const halfway = progress.at(-1) as number;
    world.crash(3);
    await world.run(40_000);
    world.start(3);
    const before = progress.length;
    await until(60, () => progress.length > before);
    t.true((progress[before] ?? 0) >= halfway * 0.6, 'what was on disk is not asked for again');
    world.crash(0);
    await world.run(5_000);
    world.start(0);
    t.true((await until(240, isDelivered(id))) < 240, `${progress.at(-1)} bytes`);
    t.deepEqual(
      got.filter((each) => each.id === id),
      [{ node: 3, id, bytes: MEGABYTE }],
    );
    t.is(world.node(0).mesh.custody.sizes()['transfersOut'], 0);
    t.is(world.node(3).mesh.custody.sizes()['transfersIn'], 0);
    await world.finish();
    for (const index of [0, 3])
      t.is(world.node(index).mesh.custody.sizes()['receipts'], 0, 'its own word on it may take a while');
    for (const index of [0, 3]) t.is(world.node(index).store.count('transfers'), 0);
    assertNothingFound(t, seed, watched.findings);
  });
}

test('five megabytes over a clear way take little more than they weigh, each frame once, and bring their progress', async (t) => {
  const { world, watched, until, isDelivered, progress } = await settled(1, 2, [{ pairs: line(2), air: { delayMinMs: 1, delayMaxMs: 3 } }]); // biome-ignore format: a line
  const { hop } = world.node(0).mesh.counters;
  const before = hop.sent + hop.retransmitted;
  const id = world.send(0, 1, { bytes: 5 * MEGABYTE, keep: true, lifeMs: HOUR });
  const took = await until(120, isDelivered(id));
  const frames = hop.sent + hop.retransmitted - before;
  t.log(`${took} s, ${frames} frames`);
  // At 10 Mbit/s it weighs 4.2 s.
  t.true(took <= 8, `${took} s`);
  t.true(frames < (1.1 * 5 * MEGABYTE) / 1_150, `${frames} frames`);
  t.true(progress.length > 2);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('a large payload waits for its destination, and gives way to what is urgent', async (t) => {
  const traits = { bitsPerSecond: 100_000, mtuBytes: 244, broadcast: false, connected: true } as const;
  const { world, until, isDelivered, told } = await settled(1, 2, [{ pairs: line(2), traits, air: { delayMinMs: 10, delayMaxMs: 30 } }]); // biome-ignore format: a line
  world.crash(1);
  await world.run(45_000);
  const id = world.send(0, 1, { bytes: 60_000, keep: true, lifeMs: HOUR });
  await world.run(60_000);
  t.deepEqual(told, []);
  world.start(1);
  await until(60, () => world.node(0).mesh.routing.path(world.node(1).id) !== undefined);
  await world.run(3_000);
  const [urgent, sentAt] = [world.send(0, 1, { bytes: 40, priority: 0 }), world.now];
  let heard = Number.POSITIVE_INFINITY;
  world.watch({
    outcome: (_node, which, _what, now) => {
      if (which === urgent) heard = now;
    },
  });
  t.true((await until(60, isDelivered(id))) < 60);
  t.true(heard - sentAt < 1_000, `${heard - sentAt} ms`);
});
