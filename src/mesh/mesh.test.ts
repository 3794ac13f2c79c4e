import test from 'ava';
import { line } from '../sim/topologies.js';
import { World } from '../sim/world.js';
import { at } from '../testing/builders.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Offset } from '../wire/header.js';
import type { MeshOutput } from './contract.js';

const pair = async (): Promise<World> => {
  const world = new World({ seed: 1, nodes: 2, carriers: [{ pairs: [[0, 1]] }] });
  world.start();
  await world.run(5_000);
  return world;
};

test('what concerns a radio or a link that is not there changes nothing', (t) => {
  const world = new World({ seed: 1, nodes: 1, carriers: [] });
  world.start();
  const { mesh } = world.node(0);
  mesh.step({ kind: 'tick' }, at(0));
  const inputs = [
    { kind: 'heard', radio: 3, frames: [{ from: 'x', bytes: new Uint8Array(40) }] },
    { kind: 'link-up', radio: 3, address: 'x', mtuBytes: 500 },
    { kind: 'link-down', radio: 3, address: 'x', reason: 'gone' },
    { kind: 'carrier-down', radio: 3, reason: 'gone' },
    { kind: 'manual-peer', radio: 3, address: 'x' },
    { kind: 'remove-peer', node: world.node(0).id },
  ] as const;
  for (const input of inputs) t.deepEqual(mesh.step(input, at(1)), [], input.kind);
});

test('each message gets an id of its own, and sequences rise', (t) => {
  const world = new World({ seed: 1, nodes: 1, carriers: [] });
  world.start();
  const { mesh } = world.node(0);
  const [a, b] = [mesh.reserve(), mesh.reserve()];
  t.not(a.id, b.id);
  t.is(b.sequence, (a.sequence + 1) >>> 0);
  t.true(a.id.startsWith(world.node(0).id));
});

test('effects belong to the step that caused them', async (t) => {
  const { mesh } = (await pair()).node(0);
  const { sequence } = mesh.reserve();
  const message = { sequence, type: FrameType.Message, body: Uint8Array.of(1), priority: Priority.Medium } as const;
  const messages = (effects: readonly MeshOutput[]): number =>
    effects.filter((effect) => effect.kind === 'transmit' && effect.frame[Offset.Type] === FrameType.Message).length;
  const effects = mesh.step({ kind: 'flood', ...message }, at(6_000));
  t.is(messages(effects), 1);
  t.is(messages(mesh.step({ kind: 'tick' }, at(6_001))), 0);
  t.is(messages(effects), 1, 'what was returned stays as it was');
});

test('a removed peer is let go at once, and is found again when it is still there', async (t) => {
  const world = await pair();
  const { mesh } = world.node(0);
  const other = world.node(1).id;
  world.node(0).submit({ kind: 'remove-peer', node: other });
  t.is(mesh.links.neighbourCount, 0);
  t.deepEqual([...mesh.peers.all()], []);
  t.is(mesh.states.get(other), undefined);
  await world.run(30_000);
  t.true(mesh.peers.isAlive(other));
  t.is(mesh.states.get(other)?.hlc, world.node(1).mesh.states.get(other)?.hlc);
});

test('a link too narrow for a beacon is not used', (t) => {
  const world = new World({ seed: 1, nodes: 1, carriers: [] });
  world.start();
  const { mesh } = world.node(0);
  const traits = {
    mtuBytes: 1_000,
    broadcast: false,
    connected: true,
    reliable: true,
    bitsPerSecond: 1e6,
    dutyCycle: 1,
    costPerByte: 1,
  };
  mesh.step({ kind: 'carrier-up', radio: 0, name: 'ble', traits }, at(0));
  mesh.step({ kind: 'link-up', radio: 0, address: 'thin', mtuBytes: 100 }, at(1));
  t.is(mesh.links.size, 0);
  mesh.step({ kind: 'link-up', radio: 0, address: 'wide', mtuBytes: 500 }, at(2));
  t.is(mesh.links.size, 1);
});

test('nodes that hold the same have one digest, and it changes with what they hold', async (t) => {
  const world = new World({ seed: 1, nodes: 3, carriers: [{ pairs: line(3) }] });
  world.start();
  await world.run(10_000);
  const digests = (): Set<number> => new Set(world.nodes.map((node) => node.mesh.digest()));
  t.is(digests().size, 1);
  const [before] = digests();
  world.patch(0, { fields: { fps: 12 } });
  await world.run(2_000);
  t.is(digests().size, 1);
  t.false(digests().has(before as number));
});

test('every queue has a name and a size', async (t) => {
  const queues = (await pair()).node(0).mesh.queues();
  t.deepEqual(Object.keys(queues).sort(), [
    'alerts',
    'assemblies',
    'dedup',
    'drip',
    'frames',
    'held',
    'inFlight',
    'kept',
    'links',
    'messages',
    'open',
    'own',
    'receipts',
    'relays',
    'spreads',
    'transfersIn',
    'transfersOut',
    'unread',
  ]);
  for (const [name, size] of Object.entries(queues)) t.true(Number.isInteger(size) && size >= 0, name);
});
