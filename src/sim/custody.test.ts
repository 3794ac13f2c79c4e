import test from 'ava';
import type { MessageId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Delivered } from '../mesh/types.js';
import { Priority } from '../wire/frame-types.js';
import { watchAll } from './checkers/all.js';
import { ROUGH_AIR } from './scenarios.js';
import { assertNothingFound, seeds } from './seeds.js';
import { line, type Pair } from './topologies.js';
import { World } from './world.js';

const HOUR = 3_600_000;
/** Silence after which a node is out of everybody's reach. */
const GONE_MS = 40_000;
/** What a meeting takes: links, states, and the hand-over. */
const MEET_MS = 40_000;

/** S – K – D, or more keepers between them; all alive to each other. */
async function settled(seed: number, nodes: number, pairs: readonly Pair[], rough = false) {
  const carriers = [{ pairs, air: rough ? ROUGH_AIR : { delayMinMs: 1, delayMaxMs: 3 } }];
  const world = new World({ seed, nodes, carriers });
  const watched = watchAll(world);
  const told: { node: number; id: MessageId; what: string; by?: number }[] = [];
  const got: { node: number; message: Delivered }[] = [];
  world.watch({
    receipt: (node, { id, what, node: by }) =>
      void told.push({ node: node.index, id, what, ...(by !== undefined && { by: world.indexOf(by) }) }),
    outcome: (node, id, what) => void told.push({ node: node.index, id, what }),
    delivered: (node, message) => void got.push({ node: node.index, message }),
  });
  world.start();
  await world.run(40_000);
  /** What the sender knows of a message, oldest first. */
  const story = (id: MessageId) =>
    told.filter((each) => each.id === id).map(({ what, by }) => `${what}${by === undefined ? '' : ` ${by}`}`);
  /** The nodes that were given it. */
  const at = (id: MessageId) => got.filter(({ message }) => message.id === id).map(({ node }) => node);
  return { world, watched, story, at, got };
}

for (const seed of seeds(0.3)) {
  test(`what is sent while the destination is away is there when it is back, once (seed ${seed})`, async (t) => {
    const { world, watched, story, at, got } = await settled(seed, 3, line(3), true);
    world.crash(2);
    await world.run(GONE_MS);
    const ids = Array.from({ length: 20 }, (_, i) =>
      world.send(0, 2, { keep: true, lifeMs: HOUR, bytes: 20 + i * 150 }),
    );
    await world.run(600_000);
    for (const id of ids) t.deepEqual(story(id), ['kept', 'held 1']);
    world.start(2);
    await world.run(MEET_MS);
    for (const id of ids) {
      t.deepEqual(story(id), ['kept', 'held 1', 'delivered']);
      t.deepEqual(at(id), [2]);
    }
    t.true(got.every(({ message }) => message.destination === undefined || (message.ageMs ?? 0) > 500_000));
    t.like(world.node(1).mesh.custody.sizes(), { kept: 0 }, 'the keeper was called back');
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });

  test(`it arrives also when its sender is gone meanwhile and its keeper was restarted (seed ${seed})`, async (t) => {
    const { world, watched, story, at } = await settled(seed, 3, line(3), true);
    world.crash(2);
    await world.run(GONE_MS);
    const ids = Array.from({ length: 10 }, () => world.send(0, 2, { keep: true, lifeMs: HOUR }));
    await world.run(20_000);
    world.crash(0);
    world.crash(1);
    await world.run(60_000);
    world.start(1);
    await world.run(60_000);
    world.start(2);
    await world.run(MEET_MS);
    for (const id of ids) t.deepEqual(at(id), [2], `${id}: ${story(id)}`);
    // The sender comes back and is told, though nobody was there to acknowledge.
    world.start(0);
    await world.run(MEET_MS);
    for (const id of ids) t.is(story(id).at(-1), 'delivered', story(id).join());
    for (const id of ids) t.deepEqual(at(id), [2]);
    for (const node of world.nodes) t.like(node.mesh.custody.sizes(), { own: 0, kept: 0, receipts: 0 });
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });

  test(`a keeper that walks from one part of the mesh to another carries messages there (seed ${seed})`, async (t) => {
    // 0 – 1 in one place, 3 – 4 in another; 2 walks.
    const { world, watched, story, at } = await settled(seed, 5, [[0, 1], [1, 2], [0, 2], [2, 3], [3, 4]], true); // biome-ignore format: a line
    world.partition([[0, 1, 2], [3, 4]]); // biome-ignore format: a line
    await world.run(GONE_MS);
    const id = world.send(0, 4, { keep: true, lifeMs: HOUR });
    await world.run(15_000);
    t.true(story(id).includes('held 2'), story(id).join());
    world.partition([[0, 1], [2, 3, 4]]); // biome-ignore format: a line
    await world.run(MEET_MS + 20_000);
    t.deepEqual(at(id), [4]);
    world.partition([[0, 1, 2], [3, 4]]); // biome-ignore format: a line
    await world.run(MEET_MS + 20_000);
    t.is(story(id).at(-1), 'delivered', 'the keeper brings the word back');
    world.heal();
    await world.run(MEET_MS);
    t.deepEqual(at(id), [4]);
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });

  test(`copies with several keepers and restarts of everybody deliver once (seed ${seed})`, async (t) => {
    const pairs: Pair[] = [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]; // biome-ignore format: a line
    const { world, watched, story, at } = await settled(seed, 4, pairs, true);
    world.crash(3);
    await world.run(GONE_MS);
    const ids = Array.from({ length: 8 }, () => world.send(0, 3, { keep: true, lifeMs: HOUR }));
    await world.run(20_000);
    for (const id of ids) t.deepEqual(story(id).sort(), ['held 1', 'held 2', 'kept']);
    world.crash(1);
    world.start(3);
    await world.run(3_000 + (seed % 7) * 500);
    // In the middle of the hand-over, maybe.
    world.crash(3);
    world.crash(0);
    await world.run(GONE_MS);
    world.start(3);
    world.start(1);
    world.start(0);
    await world.run(2 * MEET_MS);
    for (const id of ids) {
      // What was given to a life that ended before its disk knew may be given again: to one life once.
      t.true(at(id).length >= 1, story(id).join());
      t.is(story(id).at(-1), 'delivered', story(id).join());
    }
    const twice = ids.filter((id) => at(id).length > 1).length;
    t.true(twice <= 1, `${twice} twice`);
    await world.finish();
    assertNothingFound(t, seed, watched.findings);
  });
}

test('a message that nobody fetched expires by its age, with its sender and with its keepers', async (t) => {
  const { world, watched, story } = await settled(1, 3, line(3));
  world.crash(2);
  await world.run(GONE_MS);
  const id = world.send(0, 2, { keep: true, lifeMs: 120_000 });
  await world.run(30_000);
  t.is(world.node(1).mesh.custody.sizes().kept, 1);
  // The keeper's age goes on while it is down.
  world.crash(1);
  await world.run(100_000);
  world.start(1);
  await world.run(30_000);
  t.like(world.node(1).mesh.custody.sizes(), { kept: 0 });
  t.is(world.node(1).mesh.counters.custody.expired, 1);
  t.deepEqual(
    story(id).filter((what) => what === 'expired'),
    ['expired'],
  );
  world.start(2);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('a node that leaves hands what nobody else has to a neighbour first', async (t) => {
  const { world, watched, at } = await settled(1, 3, line(3));
  // So recently gone that delivery still tries it.
  world.crash(2);
  await world.run(500);
  const id = world.send(0, 2, { keep: true, lifeMs: HOUR });
  await world.run(300);
  world.node(0).submit({ kind: 'leave' });
  await world.run(150);
  world.crash(0);
  await world.run(GONE_MS);
  world.start(2);
  await world.run(MEET_MS);
  t.deepEqual(at(id), [2]);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('one origin fills no keeper: beyond its quota its least urgent, oldest message goes, and it is told', async (t) => {
  const { world, watched, story } = await settled(1, 4, [[0, 1], [1, 2], [3, 1]]); // biome-ignore format: a line
  world.crash(2);
  await world.run(GONE_MS);
  const other = world.send(3, 2, { keep: true, lifeMs: HOUR, priority: Priority.Low });
  await world.run(20_000);
  const ids: MessageId[] = [];
  for (let i = 0; i < Limit.KeptPerOrigin + 10; i++) {
    ids.push(
      world.send(0, 2, { keep: true, lifeMs: HOUR, bytes: 20, priority: i === 0 ? Priority.Critical : Priority.Low }),
    );
    await world.run(200);
  }
  await world.run(120_000);
  t.is(world.node(1).mesh.custody.sizes().kept, Limit.KeptPerDestination);
  t.deepEqual(story(other), ['kept', 'held 1'], 'another origin does not pay for it');
  t.false(story(ids[0] as MessageId).includes('given-up 1'), 'the urgent one stays');
  t.true(ids.some((id) => story(id).includes('given-up 1')));
  world.start(2);
  await world.run(180_000);
  // The sender kept them all.
  for (const id of [...ids, other]) t.is(story(id).at(-1), 'delivered', story(id).join());
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});

test('all keepers are called back, and keep nothing that was delivered', async (t) => {
  const pairs: Pair[] = [[0, 1], [0, 2], [1, 2], [0, 3]]; // biome-ignore format: a line
  const { world, watched, story } = await settled(1, 4, pairs);
  world.crash(3);
  await world.run(GONE_MS);
  const id = world.send(0, 3, { keep: true, lifeMs: HOUR });
  await world.run(20_000);
  t.deepEqual(story(id).sort(), ['held 1', 'held 2', 'kept']);
  world.start(3);
  for (let i = 0; i < 200 && !story(id).includes('delivered'); i++) await world.run(100);
  t.true(story(id).includes('delivered'));
  // Nobody is left to tell the keepers but the sender.
  world.crash(3);
  await world.run(5_000);
  for (const index of [1, 2]) t.is(world.node(index).mesh.custody.sizes().kept, 0, `node ${index}`);
  await world.finish();
  assertNothingFound(t, 1, watched.findings);
});
