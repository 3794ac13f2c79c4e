import test from 'ava';
import { hearingMaxMs } from '../mesh/intervals.js';
import { clique, type Pair } from './topologies.js';
import { World } from './world.js';

const TRAITS = { mtuBytes: 256, bitsPerSecond: 2_400, latencyMs: 100 };
/** Two rows of three: each hears its own column and the next one, so that both ends know of each other by states alone. */
const COLUMNS: readonly Pair[] = clique(6).filter(([a, b]) => Math.abs((a % 3) - (b % 3)) < 2);

function slowAir(seed: number, pairs: readonly Pair[], nodes: number, loss: number) {
  const world = new World({
    seed,
    nodes,
    carriers: [{ pairs, traits: TRAITS, air: { delayMinMs: 50, delayMaxMs: 100, loss } }],
  });
  const offline: { node: number; peer: number; at: number }[] = [];
  world.watch({
    peer: (node, peer, change, at) => {
      if (change === 'offline') offline.push({ node: node.index, peer: world.indexOf(peer), at });
    },
  });
  return { world, offline, intervalMs: hearingMaxMs({ ...TRAITS, ...REST }, 5, world.timing) };
}

const REST = { broadcast: true, connected: false, reliable: false, dutyCycle: 1, costPerByte: 1 };

for (const dead of [1, 3])
  test(`a node that dies on slow air is missed by each neighbour after about three lists, whatever states from before say (node ${dead})`, async (t) => {
    const { world, offline, intervalMs } = slowAir(dead, COLUMNS, 6, 0);
    world.start();
    await world.run(7_200_000);
    const neighbours = COLUMNS.flatMap(([a, b]) => (a === dead ? [b] : b === dead ? [a] : []));
    for (const node of neighbours) t.true(world.node(node).mesh.peers.isAlive(world.node(dead).id));
    t.deepEqual(offline, []);
    const diedAt = world.now;
    world.crash(dead);
    await world.run(5 * intervalMs);
    for (const node of neighbours) {
      const [missed] = offline.filter((each) => each.node === node && each.peer === dead);
      const intervals = ((missed?.at ?? Number.POSITIVE_INFINITY) - diedAt) / intervalMs;
      t.true(intervals > 1 && intervals < 4.5, `${node}: ${intervals}`);
    }
    t.deepEqual(
      offline.filter(({ peer }) => peer !== dead),
      [],
      'nobody else is missed for it',
    );
  });

test('two sends in a row that are never acknowledged end a link sooner', async (t) => {
  const linkEndsAfter = async (sends: number): Promise<number> => {
    const { world } = slowAir(1, clique(4), 4, 0);
    world.start();
    await world.run(3_600_000);
    const diedAt = world.now;
    world.crash(1);
    for (let i = 0; i < sends; i++) world.send(0, 1);
    const { mesh } = world.node(0);
    while (mesh.links.upTo(world.node(1).id).length > 0 && world.now - diedAt < 1_000_000) await world.run(500);
    return world.now - diedAt;
  };
  const [silent, failed] = [await linkEndsAfter(0), await linkEndsAfter(2)];
  t.true(failed < silent - 10_000, `${failed} ms, ${silent} ms without`);
});

test('nobody is called dead on slow air that loses a fifth of all frames, while processors stand still now and then', async (t) => {
  const { world, offline } = slowAir(5, clique(5), 5, 0.2);
  const random = world.random.fork('stalls');
  world.start();
  await world.run(3_600_000);
  offline.length = 0;
  for (let minute = 0; minute < 24 * 60; minute++) {
    await world.run(60_000);
    for (const { index } of world.nodes) if (random.chance(0.1)) world.stall(index, random.below(1_000));
  }
  t.deepEqual(offline, []);
});
