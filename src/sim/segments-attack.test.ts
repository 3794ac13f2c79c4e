import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { type DripItem, DripKind, dripBody } from '../mesh/drip-items.js';
import { readOffer, type SegmentOffer, writeOffer } from '../mesh/segment-offer.js';
import { saltHintOf } from '../trust/identity.js';
import { signSegment } from '../trust/segment-summary.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { agree, fieldOf, Moves, segmentsOf } from './segment-lab.js';
import type { World } from './world.js';

const NODES = 40;
const MOST = 14;
const LIAR = 17;

/** What the liar says of its segment instead of the truth; asked for each heartbeat. */
function lie(world: World, say: (now: number) => Partial<SegmentOffer>): void {
  let version = 0;
  const forged = () => {
    const offer = {
      number: 1,
      hops: 0,
      radius: 60,
      hasRoom: true,
      isFull: false,
      isWhole: false,
      digest: 0,
      head: undefined,
    };
    version++;
    return { bytes: writeOffer({ ...offer, ...say(world.now) }), version };
  };
  Object.assign(world.node(LIAR).mesh.segments, { offer: forged });
}

const nobody = (n: number): NodeId => n.toString(16).padStart(16, '0') as NodeId;

/** Honest nodes that are in no segment of an honest head. */
function astray(world: World): number[] {
  const heads = new Set(world.running().map(({ id }) => id));
  return [...segmentsOf(world)].flatMap(([head, nodes]) =>
    head !== undefined && heads.has(head) ? [] : nodes.map(({ index }) => index).filter((index) => index !== LIAR),
  );
}

test.serial(
  'a node that says from the start that somebody nobody knows heads them all keeps nobody for long',
  async (t) => {
    const { world } = fieldOf(21, NODES, MOST);
    world.start();
    lie(world, (now) => ({ head: nobody(7), number: 2 ** 40 + Math.floor(now / 10_000) }));
    await world.run(240_000);
    t.deepEqual(astray(world), []);
    for (const nodes of segmentsOf(world).values())
      t.true(nodes.length === 1 || agree(nodes.filter(({ index }) => index !== LIAR)));
  },
);

test.serial('heads that change all the time, and numbers without end, move nobody who is in a segment', async (t) => {
  const { world } = fieldOf(22, NODES, MOST);
  world.start();
  await world.run(90_000);
  const moves = new Moves(world);
  const real = world.node(LIAR).mesh.segments.head as NodeId;
  lie(world, (now) => {
    const turn = Math.floor(now / 2_000);
    return turn % 2 === 0 ? { head: nobody(turn), number: 5 } : { head: real, number: 2 ** 47 + turn };
  });
  for (let i = 0; i < 15; i++) {
    await world.run(10_000);
    moves.look();
  }
  // The liar itself, and whoever has no other neighbour.
  t.true(moves.count <= 4, `${moves.count} moves`);
  t.true(astray(world).length <= 2, `${astray(world)}`);
});

test.serial('a node that says of its head that the mesh is whole again dissolves no segment', async (t) => {
  const { world } = fieldOf(24, NODES, MOST);
  world.start();
  await world.run(90_000);
  const { segments } = world.node(LIAR).mesh;
  const honest = segments.offer.bind(segments);
  lie(world, () => {
    const { head, number = 0 } = readOffer(honest()?.bytes ?? new Uint8Array()) ?? {};
    return { head, number: number + 1, isWhole: true, radius: 0, hasRoom: false };
  });
  const fooled = new Set<number>();
  world.watch({
    stepped: ({ index, mesh }) => {
      if (!mesh.segments.isSplit && index !== LIAR) fooled.add(index);
    },
  });
  await world.run(60_000);
  t.deepEqual([...fooled], []);
});

test.serial(
  'a node that says it heads whatever there is, and lies next to all, keeps no message from its destination',
  async (t) => {
    const { world } = fieldOf(23, NODES, MOST);
    const outcomes = new Map<string, string>();
    world.watch({ outcome: (_node, id, outcome) => void outcomes.set(id, outcome) });
    world.start();
    await world.run(90_000);
    const { self } = world.node(LIAR).mesh.context;
    const heads = [...segmentsOf(world).keys()].filter((head): head is NodeId => head !== undefined);
    const members = world.nodes.map(({ id }) => id);
    const body = signSegment(world.crypto, self, 900_000, { members, beyond: heads, conditions: [NODES, 0, 0, 0] });
    const saltHint = saltHintOf(self.boot.salt);
    const item: DripItem = {
      kind: DripKind.Segment,
      source: self.id,
      saltHint,
      sequence: 0,
      rank: 0n,
      body,
      raisedAt: 0,
    };
    for (const peer of world.node(LIAR).mesh.links.neighbours()) {
      const { sequence } = world.node(LIAR).mesh.reserve();
      const header = { version: 1, type: FrameType.Drip, flags: 0, priority: Priority.High, ttl: 0, hops: 0, epoch: 0 };
      const payload = dripBody([item], { mono: 0, wall: 0 });
      const bytes = buildFrame({ ...header, source: self.id, saltHint, sequence }, payload, world.tagKey);
      const frames = [{ from: world.addressOf(LIAR), bytes }];
      world.node(world.indexOf(peer)).submit({ kind: 'heard', radio: 0, frames });
    }
    await world.run(5_000);
    const believers = world.running().filter(({ mesh }) => mesh.segments.map.get(self.id)?.members.length === NODES);
    t.true(believers.length > NODES / 2, 'it goes round, as it is signed');
    const sent = [2, 9, 13, 26, 31, 38].map((from) => world.send(from, (from + 20) % NODES));
    await world.run(40_000);
    for (const id of sent) t.is(outcomes.get(id), 'delivered');
  },
);
