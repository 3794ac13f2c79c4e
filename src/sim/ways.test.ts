import test from 'ava';
import { stall } from './stalls.js';
import { line, type Pair } from './topologies.js';
import { simTracer } from './tracing.js';
import { World } from './world.js';

const air = { delayMinMs: 2, delayMaxMs: 4 };

async function mesh(nodes: number, pairs: readonly Pair[], seed = 1): Promise<World> {
  const world = new World({ seed, nodes, carriers: [{ pairs, air }] });
  world.start();
  await world.run(20_000);
  return world;
}

/** 0 – 1 – 3 and 0 – 2 – 3, 3 – 4. */
const DIAMOND: readonly Pair[] = [[0, 1], [0, 2], [1, 3], [2, 3], [3, 4]]; // biome-ignore format: a line

test('a trace names every node and link on the way, with what each hop costs and takes', async (t) => {
  const world = await mesh(6, line(6));
  const result = await simTracer(world, 0).trace(5);
  t.true(result.reached, JSON.stringify(result));
  t.deepEqual(
    result.hops.map(({ name, answered }) => [name, answered]),
    [1, 2, 3, 4, 5].map((n) => [`n${n}`, true]),
  );
  for (const { hop, radio, rttMs, cost, etx } of result.hops) {
    t.is(radio, world.node(hop - 1).radios[0]?.name as string, 'of who sends over it');
    t.true((rttMs ?? 0) >= 4 && (rttMs ?? 0) < 100, `${rttMs}`);
    t.true(cost > 0 && etx >= 1 && etx < 2);
  }
  const took = result.hops.map(({ tookMs }) => tookMs ?? 0);
  t.deepEqual(
    took,
    [...took].sort((a, b) => a - b),
    'farther nodes answer later',
  );
  t.is(result.probes, 1);
  t.is(result.back, undefined, 'answers come the same way');
  t.is(result.stop, undefined);
  t.is(
    result.cost,
    result.hops.reduce((sum, { cost }) => sum + cost, 0),
  );
});

test('where a node has just hung the trace ends before it, and says which link was not taken', async (t) => {
  const world = await mesh(6, line(6));
  stall(world, world.node(3), Number.POSITIVE_INFINITY);
  const result = await simTracer(world, 0).trace(5, { timeoutMs: 3_000 });
  t.false(result.reached);
  t.deepEqual(
    result.hops.map(({ name }) => name),
    ['n1', 'n2'],
  );
  t.is(result.stop?.name, 'n2');
  t.true(['trace.silent', 'trace.not-taken', 'trace.no-way'].includes(result.stop?.code ?? ''), result.stop?.code);
  t.is(result.stop?.next?.name ?? 'n3', 'n3');
  t.regex(`${result.stop?.detail} ${result.stop?.fix}`, /n2/);
});

test('when the mesh knows that a node is gone the trace says so at once, and when it was last heard of', async (t) => {
  const world = await mesh(4, line(4));
  world.crash(3);
  await world.run(60_000);
  const from = world.now;
  const result = await simTracer(world, 0).trace(3);
  t.like(result, { reached: false, hops: [] });
  t.like(result.stop, { code: 'trace.no-way', name: 'n0' });
  t.true((result.stop?.lastSeenAt ?? 0) > 0);
  t.true(world.now - from < 100);
});

test('where answers come back another way both ways are told', async (t) => {
  const world = await mesh(5, DIAMOND);
  const first = await simTracer(world, 0).trace(4);
  const there = first.hops[0]?.name === 'n1' ? 1 : 2;
  // The far side sends what is for node 0 by the other corner.
  world.node(3).mesh.routing.pins.set({ destination: world.node(0).id, nextHop: world.node(3 - there).id });
  const result = await simTracer(world, 0).trace(4);
  t.deepEqual(
    result.hops.map(({ name }) => name),
    [`n${there}`, 'n3', 'n4'],
  );
  t.deepEqual(
    result.back?.map(({ name }) => name),
    ['n3', `n${3 - there}`, 'n0'],
  );
});

test('all the ways that may be taken are tried by `all`', async (t) => {
  const world = await mesh(5, DIAMOND);
  world.node(0).mesh.routing.pins.set({ destination: world.node(4).id, nextHop: world.node(2).id });
  const result = await simTracer(world, 0).trace(4, { all: true });
  const names = [result, ...(result.alternatives ?? [])].map(({ hops }) => hops.map(({ name }) => name));
  t.deepEqual(names, [
    ['n2', 'n3', 'n4'],
    ['n1', 'n3', 'n4'],
  ]);
  t.true(result.alternatives?.every(({ reached }) => reached));
});

test('routes that people pinned into a circle are found out as one', async (t) => {
  const world = await mesh(6, [[0, 1], [1, 2], [2, 5], [5, 1], [2, 3], [3, 4]]); // biome-ignore format: a line
  const far = world.node(4).id;
  const pin = (at: number, by: number) =>
    world.node(at).mesh.routing.pins.set({ destination: far, nextHop: world.node(by).id });
  pin(1, 2);
  pin(2, 5);
  pin(5, 1);
  const from = world.now;
  const result = await simTracer(world, 0).trace(4);
  t.false(result.reached);
  t.is(result.stop?.code, 'trace.loop');
  t.deepEqual(
    result.hops.map(({ name }) => name),
    ['n1', 'n2', 'n5'],
  );
  t.true(world.now - from < 1_000, 'it need not be waited for');
});

test('probes over lossy links come through, and a node that only its neighbours name is said not to have answered', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const world = new World({ seed, nodes: 7, carriers: [{ pairs: line(7), air: { ...air, loss: 0.2 } }] });
    world.start();
    await world.run(40_000);
    const result = await simTracer(world, 0).trace(6, { timeoutMs: 20_000 });
    t.true(result.reached, `seed ${seed}: ${JSON.stringify(result.stop)}`);
    t.deepEqual(
      result.hops.map(({ name }) => name),
      [1, 2, 3, 4, 5, 6].map((n) => `n${n}`),
    );
  }
});

test('a flood of probes is answered only so often by each link, and never spreads', async (t) => {
  const world = await mesh(4, line(4));
  const before = world.nodes.map((node) => node.mesh.counters.received.get('tracereply') ?? 0);
  for (let i = 0; i < 400; i++)
    world.node(0).submit({ kind: 'trace', token: i.toString(16).padStart(16, '0'), to: world.node(3).id });
  await world.run(2_000);
  const limited = world.node(1).mesh.counters.refused.get('trace.limited') ?? 0;
  t.true(limited > 300, `${limited}`);
  const replies = (world.node(0).mesh.counters.received.get('tracereply') ?? 0) - (before[0] as number);
  t.true(replies > 10 && replies < 150, `${replies}`);
  t.is(
    world.node(3).mesh.counters.received.get('traceprobe') ?? 0,
    world.node(2).mesh.counters.received.get('traceprobe') ?? 0,
  );
});
