import test, { type ExecutionContext } from 'ava';
import { utf8 } from '../core/bytes.js';
import type { MessageId } from '../core/ids.js';
import { World } from '../sim/world.js';
import { Body, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { ALERT_LIFE_MS, ALERTS_HELD_MAX } from './alert-spread.js';
import type { Delivered } from './types.js';

const LINE: readonly (readonly [number, number])[] = [[0, 1], [1, 2]]; // biome-ignore format: a line

/** Three nodes in a line, and the alerts each is given. */
function setting(): { readonly world: World; readonly heard: (readonly Delivered[])[] } {
  const world = new World({ seed: 7, nodes: 3, carriers: [{ pairs: LINE }] });
  const heard: Delivered[][] = [[], [], []];
  world.watch({ delivered: (node, message) => void heard[node.index]?.push(message) });
  return { world, heard };
}

const bodyOf = (type: string, raisedAtMs = 1n): Uint8Array =>
  encode(Body.AlertSchema, { type, payload: utf8('{"zone":3}'), raisedAtMs });

function raise(world: World, from: number, type: string, priority: Priority = Priority.Critical, at = 1n): MessageId {
  const { id, sequence } = world.node(from).mesh.reserve();
  world.node(from).submit({ kind: 'flood', sequence, type: FrameType.Alert, body: bodyOf(type, at), priority });
  return id;
}

const ids = (messages: readonly Delivered[] | undefined): string[] => (messages ?? []).map(({ id }) => id);

function allAgree(t: ExecutionContext, world: World): void {
  t.is(new Set(world.running().map(({ mesh }) => mesh.digest())).size, 1, 'all hold the same');
}

test('an alert raised while the others are away reaches them when they come back, once, along the line', async (t) => {
  const { world, heard } = setting();
  world.start();
  await world.run(10_000);
  world.partition([[0]]);
  await world.run(60_000);
  const id = raise(world, 0, 'while-cut');
  await world.run(20_000);
  t.deepEqual(ids(heard[1]), []);
  world.heal();
  await world.run(60_000);
  for (const node of [1, 2]) {
    t.deepEqual(ids(heard[node]), [id]);
    const [alert] = heard[node] as readonly Delivered[];
    t.is(alert?.priority, Priority.Critical);
    t.deepEqual(alert?.body, bodyOf('while-cut'));
    t.true((alert?.ageMs ?? 0) >= 19_000 && (alert?.ageMs ?? 0) < 90_000, `${alert?.ageMs} ms old`);
  }
  t.deepEqual(ids(heard[0]), [], 'nobody hears of their own');
  allAgree(t, world);
});

test('an alert raised before the first start of the others waits for them, also when who raised it is gone', async (t) => {
  const { world, heard } = setting();
  world.start(0);
  const id = raise(world, 0, 'early');
  await world.run(30_000);
  world.start(1);
  await world.run(30_000);
  t.deepEqual(ids(heard[1]), [id]);
  world.crash(0);
  world.start(2);
  await world.run(30_000);
  t.deepEqual(ids(heard[2]), [id]);
});

test('who was there gets an alert by the flood alone', async (t) => {
  const { world, heard } = setting();
  world.start();
  await world.run(10_000);
  const id = raise(world, 0, 'now');
  await world.run(60_000);
  for (const node of [1, 2]) {
    t.deepEqual(ids(heard[node]), [id]);
    t.is(heard[node]?.[0]?.ageMs, undefined);
  }
  allAgree(t, world);
});

test('an alert lives for a day, and is not handed on or brought back afterwards', async (t) => {
  const { world, heard } = setting();
  world.start(0);
  await world.run(1_000);
  const { mesh } = world.node(0);
  const before = mesh.queues()['alerts'];
  const old = raise(world, 0, 'old');
  t.is(mesh.queues()['alerts'], (before ?? 0) + 1);
  await world.run(ALERT_LIFE_MS + 5_000);
  t.is(mesh.queues()['alerts'], 0);
  // A restored one keeps the age it had: too old is left out, young is handed on with it.
  const young = `${world.node(0).id}aaaa00000009` as MessageId;
  const restore = { kind: 'restore-alert', priority: Priority.High } as const;
  world.node(0).submit({ ...restore, id: old, body: bodyOf('old'), ageMs: ALERT_LIFE_MS });
  world.node(0).submit({ ...restore, id: young, body: bodyOf('young'), ageMs: 3_600_000 });
  world.start(1);
  await world.run(30_000);
  t.deepEqual(ids(heard[1]), [young]);
  t.true((heard[1]?.[0]?.ageMs ?? 0) >= 3_600_000);
});

test('beyond the limit the least urgent go, those raised first before others, alike on every node', async (t) => {
  const { world, heard } = setting();
  world.start(0, 1);
  await world.run(10_000);
  const low = raise(world, 0, 'low', Priority.Low, 9_999n);
  const many = Array.from({ length: ALERTS_HELD_MAX + 1 }, (_, i) =>
    raise(world, i % 2, `alert ${i}`, Priority.Critical, BigInt(i + 1)),
  );
  await world.run(30_000);
  for (const node of [0, 1]) t.is(world.node(node).mesh.queues()['alerts'], ALERTS_HELD_MAX);
  world.start(2);
  await world.run(120_000);
  const got = ids(heard[2]);
  t.is(got.length, ALERTS_HELD_MAX);
  t.is(new Set(got).size, ALERTS_HELD_MAX, 'each once');
  t.false(got.includes(low));
  t.false(got.includes(many[0] as string), 'the first raised made room');
  allAgree(t, world);
});

test('what is no alert is neither held nor handed on', async (t) => {
  const { world, heard } = setting();
  world.start(0);
  const { sequence } = world.node(0).mesh.reserve();
  const flood = { kind: 'flood', sequence, type: FrameType.Alert, priority: Priority.High } as const;
  world.node(0).submit({ ...flood, body: Uint8Array.of(0xff) });
  t.is(world.node(0).mesh.queues()['alerts'], 0);
  // Longer than a flood is remembered.
  await world.run(20_000);
  world.start(1);
  await world.run(20_000);
  t.deepEqual(heard[1], []);
});
