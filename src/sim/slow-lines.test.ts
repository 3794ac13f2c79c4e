import test from 'ava';
import { stall } from './stalls.js';
import { line } from './topologies.js';
import { World } from './world.js';

const LOSS = 0.2;
const WATCHED_MS = 2 * 3_600_000;
const SETTLE_MS = 60_000;
const TIMEOUT_MS = 30_000;

/** A chain of modems that lose a fifth of what is sent. */
function chain(seed: number, nodes: number, bytesPerSecond: number) {
  const traits = { connected: true, broadcast: false, mtuBytes: 256, bitsPerSecond: 8 * bytesPerSecond };
  const world = new World({
    seed,
    nodes,
    carriers: [{ pairs: line(nodes), traits, air: { delayMinMs: 1, delayMaxMs: 3, loss: LOSS } }],
  });
  const offline: { readonly node: number; readonly peer: number; readonly at: number }[] = [];
  world.watch({
    peer: (node, peer, change, at) => {
      if (change === 'offline') offline.push({ node: node.index, peer: world.indexOf(peer), at });
    },
  });
  world.start();
  return { world, offline };
}

const SLOW: Readonly<Record<number, readonly number[]>> = { 120: [1, 2], 300: [1, 2, 3], 600: [1, 2], 1200: [1, 2, 3] };

for (const [rate, seeds] of Object.entries(SLOW)) {
  test(`a line of ${rate} bytes a second that loses a fifth stays up for hours`, async (t) => {
    for (const seed of seeds) {
      const { world, offline } = chain(seed, 2, Number(rate));
      await world.run(WATCHED_MS);
      t.deepEqual(offline, [], `seed ${seed}`);
      t.true(world.node(0).mesh.counters.liveness.unanswered > 0, 'questions did get lost');
    }
  });

  test(`a node that dies behind such a line of ${rate} bytes a second is noticed within the timeout`, async (t) => {
    const times: number[] = [];
    for (const seed of seeds) {
      const { world, offline } = chain(seed, 2, Number(rate));
      await world.run(SETTLE_MS + seed * 1_700);
      t.deepEqual(offline, [], `seed ${seed}`);
      const diedAt = world.now;
      stall(world, world.node(1), Number.POSITIVE_INFINITY);
      await world.run(TIMEOUT_MS + 2_000);
      times.push((offline.find(({ node }) => node === 0)?.at ?? Number.POSITIVE_INFINITY) - diedAt);
    }
    t.log(`${times.map((ms) => (ms / 1_000).toFixed(1)).join(', ')} s`);
    t.true(Math.max(...times) <= TIMEOUT_MS, `${times}`);
  });
}

test('three such lines in a row stay up under traffic, and all of it is acknowledged', async (t) => {
  for (const seed of [1, 2]) {
    const { world, offline } = chain(seed, 4, 1_200);
    let delivered = 0;
    world.watch({
      outcome: (_node, _id, outcome) => {
        if (outcome === 'delivered') delivered++;
      },
    });
    await world.run(SETTLE_MS);
    for (let i = 0; i < 60; i++) {
      world.send(0, 3, { bytes: 1_000, keep: true, lifeMs: 120_000 });
      await world.run(10_000);
    }
    await world.run(120_000);
    t.deepEqual(offline, [], `seed ${seed}`);
    t.is(delivered, 60, `seed ${seed}`);
  }
});
