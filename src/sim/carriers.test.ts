import test, { type ExecutionContext } from 'ava';
import type { RadioTraits } from '../ports/radio.js';
import { MIN_WINDOW } from '../replication/limits.js';
import { Priority } from '../wire/frame-types.js';
import { clique, line } from './topologies.js';
import { type CarrierPlan, recordHash, World } from './world.js';

const BULK = 200;
const names = Array.from({ length: BULK }, (_, i) => `bulk ${i}`);

interface Case {
  readonly traits: Partial<RadioTraits> & { readonly bitsPerSecond: number; readonly mtuBytes: number };
  readonly delayMs: number;
  /** Most that 200 detections may take, in times of their bare bytes. */
  readonly bulkSeconds: number;
}

const SERIAL = { connected: true, broadcast: false, mtuBytes: 256 } as const;
const CASES: Readonly<Record<string, Case>> = {
  'a line of 1,200 baud': { traits: { ...SERIAL, bitsPerSecond: 960 }, delayMs: 1, bulkSeconds: 1_200 },
  'a line of 9,600 baud': { traits: { ...SERIAL, bitsPerSecond: 7_680 }, delayMs: 1, bulkSeconds: 130 },
  'a line of 115,200 baud': {
    traits: { ...SERIAL, mtuBytes: 512, bitsPerSecond: 92_160 },
    delayMs: 1,
    bulkSeconds: 10,
  },
  'BLE at 7 kB/s': {
    traits: { ...SERIAL, mtuBytes: 1_024, bitsPerSecond: 56_000, reliable: true, latencyMs: 30 },
    delayMs: 30,
    bulkSeconds: 15,
  },
  'a LoRa module at 2.4 kbit/s': {
    traits: { mtuBytes: 256, bitsPerSecond: 2_400, latencyMs: 100 },
    delayMs: 100,
    bulkSeconds: 500,
  },
  UDP: { traits: { mtuBytes: 1_200, bitsPerSecond: 100_000_000 }, delayMs: 1, bulkSeconds: 3 },
};

const carrierOf = ({ traits, delayMs }: Case, pairs: CarrierPlan['pairs']): CarrierPlan => ({
  pairs,
  traits,
  air: { delayMinMs: delayMs / 2, delayMaxMs: delayMs },
});

const retransmitted = (world: World): number =>
  world.nodes.reduce((sum, { mesh }) => sum + mesh.counters.hop.retransmitted, 0);
const bytesOut = (world: World): number =>
  world.nodes.reduce((sum, { mesh }) => sum + (mesh.counters.bytesOut.get(0) ?? 0), 0);
const holds = (world: World, node: number): number => {
  const { weave } = world.node(node);
  return names.filter((name) => weave.view.ofHash(recordHash(name), world.node(node).wall()).length > 0).length;
};

async function until(world: World, seconds: number, isSo: () => boolean): Promise<number> {
  const from = world.now;
  while (!isSo() && world.now - from < seconds * 1_000) await world.run(500);
  return (world.now - from) / 1_000;
}

/** Share of the channel's time that nodes take that have nothing to say. */
async function idleShare(world: World, seconds: number, { traits }: Case): Promise<number> {
  const before = bytesOut(world);
  await world.run(seconds * 1_000);
  return ((bytesOut(world) - before) * 8) / seconds / traits.bitsPerSecond;
}

function alerts(world: World): Map<string, number> {
  const heardAt = new Map<string, number>();
  world.watch({ delivered: (node, { id }, now) => void heardAt.set(`${node.index} ${id}`, now) });
  return heardAt;
}

for (const [name, each] of Object.entries(CASES)) {
  test(`${name}: 200 detections, an alert among them and a message are sent once each, the alert at once`, async (t) => {
    const world = new World({ seed: 1, nodes: 2, carriers: [carrierOf(each, [[0, 1]])] });
    const heardAt = alerts(world);
    world.start();
    await until(world, 60, () => world.node(0).mesh.links.neighbourCount === 1);
    await world.run(30_000);
    t.is(world.node(0).mesh.links.neighbourCount, 1);
    // What follows a greeting may overtake it, and is then sent twice.
    const greeting = retransmitted(world);
    t.true(greeting <= 4, `${greeting}`);
    world.put(0, ...names);
    const tookSoFar = await until(world, each.bulkSeconds, () => holds(world, 1) >= Math.min(MIN_WINDOW, 4));
    const [alertAt, alert] = [world.now, world.broadcast(0, { priority: Priority.Critical, bytes: 60 })];
    const question = world.send(1, 0, { priority: Priority.Medium, bytes: 40 });
    const took = tookSoFar + (await until(world, each.bulkSeconds, () => holds(world, 1) === BULK));
    await world.run(1_000);
    t.is(holds(world, 1), BULK);
    t.true(took <= each.bulkSeconds, `${took} s`);
    const alertMs = (heardAt.get(`1 ${alert}`) ?? Number.POSITIVE_INFINITY) - alertAt;
    const frameMs = (each.traits.mtuBytes * 8_000) / each.traits.bitsPerSecond;
    t.true(alertMs <= 2 * frameMs + 30 + each.delayMs, `${alertMs} ms; a frame takes ${frameMs}`);
    t.true(heardAt.has(`0 ${question}`));
    t.is(retransmitted(world) - greeting, 0);
    for (const { mesh } of world.nodes) {
      t.like(mesh.counters.hop, { failed: 0, queueDropped: 0 });
      t.is(mesh.counters.delivery.retries, 0);
    }
    t.log(`bulk ${Math.round(took)} s, alert ${Math.round(alertMs)} ms, frame ${Math.round(frameMs)} ms`);
  });

  test(`${name}: nodes with nothing to say take less than a twentieth of the channel`, async (t) => {
    const world = new World({ seed: 2, nodes: 2, carriers: [carrierOf(each, [[0, 1]])] });
    world.start();
    await world.run(240_000);
    t.is(world.node(0).mesh.links.neighbourCount, 1);
    t.is(world.node(0).mesh.digest(), world.node(1).mesh.digest());
    const share = await idleShare(world, 1_800, each);
    // A line has a channel in each direction.
    const channels = each.traits.broadcast === false ? 2 : 1;
    t.true(share / channels < 0.05, `${share / channels}`);
    t.is(world.node(0).mesh.links.neighbourCount, 1);
    t.log(`${((share / channels) * 100).toFixed(3)} %`);
  });
}

const LORA = CASES['a LoRa module at 2.4 kbit/s'] as Case;

const checkStates = (t: ExecutionContext, world: World): void => {
  for (const { mesh } of world.nodes)
    for (const other of world.nodes) t.is(mesh.states.get(other.id)?.hlc, other.mesh.states.get(other.id)?.hlc);
};

test('five nodes on one slow air keep to a twentieth of it together, and none counts another as gone', async (t) => {
  const world = new World({ seed: 3, nodes: 5, carriers: [carrierOf(LORA, clique(5))] });
  let offline = 0;
  world.start();
  await world.run(900_000);
  for (const { mesh } of world.nodes) t.is(mesh.links.neighbourCount, 4);
  checkStates(t, world);
  world.watch({ peer: (_node, _who, change) => void (change === 'offline' && offline++) });
  const share = await idleShare(world, 3_600, LORA);
  t.true(share < 0.05, `${share}`);
  t.is(offline, 0);
  t.log(`${(share * 100).toFixed(2)} %`);
});

test('states that change all the time do not fill a slow air, and the newest arrives in the end', async (t) => {
  const world = new World({ seed: 4, nodes: 5, carriers: [carrierOf(LORA, clique(5))] });
  world.start();
  await world.run(900_000);
  const before = bytesOut(world);
  const seconds = 3_600;
  for (let at = 0; at < seconds; at += 5) {
    for (const { index } of world.nodes) world.patch(index, { fields: { fps: at % 60 } });
    await world.run(5_000);
  }
  const share = ((bytesOut(world) - before) * 8) / seconds / LORA.traits.bitsPerSecond;
  t.true(share < 0.06, `${share}`);
  await world.run(1_800_000);
  checkStates(t, world);
  t.log(`${(share * 100).toFixed(2)} %`);
});

test('a node that dies on a slow air is noticed after three of its heartbeats', async (t) => {
  const world = new World({ seed: 5, nodes: 3, carriers: [carrierOf(LORA, clique(3))] });
  world.start();
  await world.run(600_000);
  world.crash(2);
  // 3 × 40 s, and the time to ask.
  const took = await until(world, 600, () => !world.node(0).mesh.peers.isAlive(world.node(2).id));
  t.true(took > 5 && took < 240, `${took} s`);
  t.true(world.node(0).mesh.peers.isAlive(world.node(1).id));
});

test('messages cross four hops of 9,600 baud while detections go the same way, each sent once', async (t) => {
  const slow = CASES['a line of 9,600 baud'] as Case;
  // Each node has a port of its own for each neighbour.
  const carriers = [0, 1].map((odd) =>
    carrierOf(
      slow,
      line(5).filter(([a]) => a % 2 === odd),
    ),
  );
  const world = new World({ seed: 6, nodes: 5, carriers });
  const heardAt = alerts(world);
  world.start();
  await world.run(120_000);
  world.put(0, ...names.slice(0, 40));
  await world.run(2_000);
  const [sentAt, id] = [world.now, world.send(0, 4, { priority: Priority.High, bytes: 60 })];
  await world.run(120_000);
  const ms = (heardAt.get(`4 ${id}`) ?? Number.POSITIVE_INFINITY) - sentAt;
  t.true(ms < 4 * (2 * 267 + 100), `${ms} ms`);
  t.is(holds(world, 4), 40);
  t.is(retransmitted(world), 0);
  for (const { mesh } of world.nodes) t.is(mesh.counters.delivery.retries, 0);
});
