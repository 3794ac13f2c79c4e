import test from 'ava';
import { utf8 } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { Body, encode } from '../wire/bodies.js';
import { buildFrame, retag } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, type Header, Offset, readHeader } from '../wire/header.js';
import { watchAll } from './checkers/all.js';
import { Flooder } from './flooder.js';
import { line } from './topologies.js';
import { World } from './world.js';

/** A line 0 – 1 – 2 – 3 at work; the hostile speaks to node 1, under its own address or under that of node 0. */
async function underAttack() {
  const world = new World({ seed: 1, nodes: 4, carriers: [{ pairs: line(4) }] });
  const { findings } = watchAll(world);
  const recorded: Uint8Array[] = [];
  let transmissions = 0;
  let deliveries = 0;
  world.watch({
    transmitted: (node, { to, frame }) => {
      if (node.index === 0 && to === 'n1') recorded.push(frame.slice());
      if (node.index === 1 && (frame[Offset.Type] as number) >= 16) transmissions++;
    },
    delivered: () => {
      deliveries++;
    },
  });
  world.start();
  await world.run(20_000);
  const inject = (bytes: Uint8Array, from = 'n0'): void =>
    world.node(1).submit({ kind: 'heard', radio: 0, frames: [{ from, bytes: bytes.slice() }] });
  const counted = (reason: string): number => world.node(1).mesh.counters.refused.get(reason) ?? 0;
  /** What the attack made node 1 do: nothing may be forwarded, nothing delivered anywhere. */
  const effect = async () => {
    await world.run(3_000);
    const seen = { transmissions, deliveries };
    transmissions = 0;
    deliveries = 0;
    return seen;
  };
  transmissions = 0;
  deliveries = 0;
  return { world, findings, recorded, inject, counted, effect };
}

const NOTHING = { transmissions: 0, deliveries: 0 };

const header = (source: NodeId, more: Partial<Header> = {}): Header => ({
  version: 1,
  type: FrameType.Message,
  flags: 0,
  priority: Priority.Medium,
  ttl: 10,
  hops: 0,
  epoch: 0,
  source,
  saltHint: 0xabcd,
  sequence: 77,
  ...more,
});

for (const from of ['n0', 'a stranger']) {
  test(`what is no good frame is counted under its reason, goes nowhere and harms nothing (from ${from})`, async (t) => {
    const { world, findings, inject, counted, effect } = await underAttack();
    const good = buildFrame(header(world.node(3).id), utf8('payload'), world.tagKey);
    for (let length = 0; length < 28; length++) inject(good.subarray(0, length), from);
    t.is(counted('frame.truncated'), 28);
    inject(new Uint8Array(4_097), from);
    t.is(counted('frame.oversized'), 1);
    for (const version of [0, 3, 9, 15]) {
      const foreign = good.slice();
      foreign[Offset.Version] = version << 4;
      retag(foreign, world.tagKey);
      inject(foreign, from);
    }
    t.is(counted('frame.version'), 4);
    const before = counted('frame.tag');
    for (let bit = 64; bit < good.length * 8; bit += 5) {
      const flipped = good.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      inject(flipped, from);
    }
    t.true(counted('frame.tag') - before > 40);
    const random = world.random.fork('garbage');
    const refused = (): number => [...world.node(1).mesh.counters.refused.values()].reduce((a, b) => a + b, 0);
    const sum = refused();
    for (let i = 0; i < 500; i++) inject(random.bytes(28 + random.below(300)), from);
    t.is(refused() - sum, 500);
    t.deepEqual(await effect(), NOTHING);
    world.broadcast(0);
    await world.run(1_000);
    await world.finish();
    t.deepEqual(findings.list, []);
  });
}

test('bodies of nonsense under a good tag are counted, for every type, and the node works on', async (t) => {
  const { world, findings, inject, counted } = await underAttack();
  const random = world.random.fork('bodies');
  const { saltHint } = salted(world, 0);
  for (let type = 2; type < 48; type++) {
    for (let i = 0; i < 20; i++) {
      const flags = random.below(2) * Flag.AckWanted;
      // Sequences that node 0 is not going to use, so that its own frames stay fresh.
      const sequence = 0xf000_0000 + type * 100 + i;
      const far =
        type >= 16 ? { type: type as FrameType, destination: world.node(1).id } : { type: type as FrameType, ttl: 0 };
      inject(
        buildFrame(
          header(world.node(0).id, { ...far, flags, saltHint, sequence }),
          random.bytes(random.below(90)),
          world.tagKey,
        ),
      );
    }
  }
  for (const reason of ['heartbeat.malformed', 'hop-ack.malformed', 'drip.malformed', 'weave.malformed', 'frame.type'])
    t.true(counted(reason) > 0, reason);
  await world.run(5_000);
  await world.finish();
  t.deepEqual(
    findings.list.filter((finding) => !finding.includes('nobody sent')),
    [],
  );
});

test('a recorded frame does nothing again: at once, after the dedup cache forgot it, and after a restart', async (t) => {
  const { world, findings, recorded, inject, counted, effect } = await underAttack();
  world.broadcast(0);
  world.send(0, 2);
  await world.run(2_000);
  await effect();
  const [tape, sent] = [recorded.splice(0), recorded];
  t.true(tape.filter((frame) => (frame[Offset.Type] as number) >= 16).length >= 2);

  for (const frame of tape) inject(frame);
  t.deepEqual(await effect(), NOTHING, 'at once');

  await world.run(11 * 60_000);
  const before = counted('frame.replayed');
  for (const frame of tape) inject(frame);
  t.true(
    counted('frame.replayed') - before >= tape.length / 2,
    `${counted('frame.replayed') - before} of ${tape.length}`,
  );
  t.deepEqual(await effect(), NOTHING, 'after the dedup cache forgot');

  world.crash(1);
  await world.run(5_000);
  world.start(1);
  await world.run(20_000);
  await effect();
  const far = tape.filter((frame) => (frame[Offset.Type] as number) >= 16);
  for (const frame of far) inject(frame);
  t.is(counted('frame.replayed'), far.length);
  t.deepEqual(await effect(), NOTHING, 'after the victim restarted');

  world.crash(0);
  await world.run(1_000);
  world.start(0);
  await world.run(20_000);
  await effect();
  for (const frame of tape) inject(frame);
  t.deepEqual(await effect(), NOTHING, 'after the source restarted');
  t.true(world.node(1).mesh.peers.isAlive(world.node(0).id));
  t.true(sent.length > 0);
  await world.finish();
  t.deepEqual(findings.list, []);
});

test('a beacon of an earlier boot, never heard before, takes no link down', async (t) => {
  const world = new World({ seed: 1, nodes: 2, carriers: [{ pairs: [[0, 1]] }] });
  const old: Uint8Array[] = [];
  world.watch({
    transmitted: (node, { frame, to }) => {
      if (node.index === 0 && node.life === 1 && to === undefined && frame[Offset.Type] === FrameType.Beacon)
        old.push(frame);
    },
  });
  world.start(0);
  await world.run(5_000);
  world.crash(0);
  world.start();
  await world.run(20_000);
  let downs = 0;
  const { mesh } = world.node(1);
  const link = [...mesh.links.all()][0];
  for (const frame of old)
    world.node(1).submit({ kind: 'heard', radio: 0, frames: [{ from: 'n0', bytes: frame.slice() }] });
  for (const each of mesh.links.all()) if (each.phase !== 'up' || each !== link) downs++;
  t.is(downs, 0);
  t.is(mesh.counters.refused.get('beacon.older-boot'), old.length);
  t.true(old.length > 2);
});

/** A beacon of an identity made up on the spot, or in the name of somebody known, with a signature of zeros. */
function forgedBeacon(world: World, sequence: number, known?: number): Uint8Array {
  const keys = known === undefined ? world.crypto.generate() : world.node(known).keys;
  const bootSalt =
    known === undefined
      ? world.random.fork(`salt ${sequence}`).bytes(16)
      : world.node(known).mesh.context.self.boot.salt;
  const source = (known === undefined ? idOf(world, keys.publicKey) : world.node(known).id) as NodeId;
  const saltHint = ((bootSalt[0] as number) << 8) | (bootSalt[1] as number);
  const payload = encode(Body.BeaconSchema, {
    publicKey: keys.publicKey,
    bootSalt,
    bootCounter: 1,
    nonce: 5,
    answer: true,
  });
  const head = header(source, { type: FrameType.Beacon, ttl: 0, flags: Flag.Signed, saltHint, sequence });
  return buildFrame(head, payload, world.tagKey, new Uint8Array(64));
}

const idOf = (world: World, publicKey: Uint8Array): string =>
  Array.from(world.crypto.sha256(publicKey).subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');

function salted(world: World, node: number): { saltHint: number } {
  const { salt } = world.node(node).mesh.context.self.boot;
  return { saltHint: ((salt[0] as number) << 8) | (salt[1] as number) };
}

test('a flood of strangers costs at most twenty signature checks a second', async (t) => {
  const { world, findings, inject, counted, effect } = await underAttack();
  const seconds = 10;
  for (let i = 0; i < seconds * 20; i++) {
    for (let j = 0; j < 25; j++) inject(forgedBeacon(world, i * 25 + j), `stranger ${j}`);
    await world.run(50);
  }
  const checked = counted('beacon.signature');
  t.true(checked <= Limit.StrangerChecksPerSecond * (seconds + 1), `${checked} checks`);
  t.true(checked >= Limit.StrangerChecksPerSecond * (seconds - 1));
  t.is(counted('beacon.too-many-strangers'), seconds * 500 - checked);
  t.is(world.node(1).mesh.links.size, 2);
  t.deepEqual(await effect(), NOTHING);
  await world.finish();
  t.deepEqual(findings.list, []);
});

test('beacons forged in the name of known nodes are bounded too, and change nothing', async (t) => {
  const { world, findings, inject, counted } = await underAttack();
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 20; j++) inject(forgedBeacon(world, 0x9000_0000 + i * 20 + j, 0), 'somewhere');
    await world.run(50);
  }
  t.true(counted('beacon.signature') + counted('frame.replayed') > 0);
  t.true(counted('beacon.signature') <= 200 * 6);
  t.is(counted('beacon.signature') + counted('beacon.too-many'), 2_000);
  t.is(world.node(1).mesh.links.size, 2);
  await world.finish();
  t.deepEqual(findings.list, []);
});

test('what claims to be link-local must come from the neighbour itself', async (t) => {
  const { world, findings, inject, counted, effect } = await underAttack();
  const { saltHint } = salted(world, 2);
  const next = world.node(2).mesh.reserve().sequence;
  for (let i = 1; i <= 200; i++) {
    const local = header(world.node(2).id, { type: FrameType.Heartbeat, ttl: 0, saltHint, sequence: next + i });
    inject(buildFrame(local, encode(Body.HeartbeatSchema, { digest: i }), world.tagKey), 'n0');
  }
  t.is(counted('frame.not-from-neighbour'), 200);
  t.deepEqual(await effect(), NOTHING);
  // The genuine frames with these very sequences are still taken.
  for (let i = 0; i < 100; i++) {
    world.broadcast(2);
    await world.run(20);
  }
  await world.finish();
  t.deepEqual(findings.list, []);
});

test('frames of a boot nobody vouches for are held within bounds, asked about seldom, and dropped', async (t) => {
  const { world, findings, inject, counted } = await underAttack();
  const sentBefore = world.node(1).mesh.counters.sent.get('driprequest') ?? 0;
  for (let i = 0; i < 2_000; i++)
    inject(buildFrame(header(world.node(3).id, { saltHint: 1 + (i % 3), sequence: i }), utf8('x'), world.tagKey));
  t.true((world.node(1).mesh.queues()['held'] ?? 0) <= Limit.HeldPerSource);
  t.true((world.node(1).mesh.counters.sent.get('driprequest') ?? 0) - sentBefore <= 2);
  await world.run(15_000);
  t.is(world.node(1).mesh.queues()['held'], 0);
  t.is(counted('frame.unknown-boot'), 2_000);
  t.deepEqual(findings.list, []);
});

test('a node whose clock is ten minutes ahead is held back and counted, and the mesh goes on', async (t) => {
  const world = new World({ seed: 1, nodes: 5, carriers: [{ pairs: line(5) }] });
  const { findings, deliveries } = watchAll(world);
  world.skew(2, 600_000);
  world.start();
  await world.run(30_000);
  t.true((world.node(1).mesh.counters.refused.get('state.ahead') ?? 0) > 0);
  t.is(world.node(1).mesh.states.get(world.node(2).id), undefined);
  for (let i = 0; i < 10; i++) {
    world.broadcast(i % 5);
    world.send(i % 5, (i + 2) % 5);
    await world.run(500);
  }
  await world.run(32_000);
  t.is(deliveries.deliveries, 10 * 4 + 10);
  t.deepEqual(
    findings.list.filter((finding) => finding.startsWith('[delivery]')),
    [],
  );
  world.skew(2, 0);
  world.patch(2, { fields: { fps: 3 } });
  await world.run(1_000);
  t.is(world.node(4).mesh.states.get(world.node(1).id)?.author, world.node(1).id);
});

test('a node that was forgotten stays forgotten, and is known again when it comes back', async (t) => {
  const timing = { forgetAfterMs: 100_000 };
  const world = new World({ seed: 1, nodes: 4, carriers: [{ pairs: line(4) }], timing });
  const { findings } = watchAll(world);
  world.start();
  await world.run(30_000);
  world.crash(3);
  await world.run(400_000);
  for (const node of world.running())
    t.deepEqual([...node.mesh.peers.all()].includes(world.node(3).id), false, `${node.index}`);
  for (const node of world.running()) t.is(node.mesh.queues()['drip'], 6);
  world.start(3);
  await world.finish();
  t.deepEqual(findings.list, []);
});

/** Two rows of four a kilometre apart over LoRa; the one in a corner says what it likes at ten times the rate of all others together. */
async function overSlowAir(
  seed: number,
  flood?: Priority,
): Promise<{ useful: number; relayed: number; findings: readonly string[] }> {
  const positions = Array.from({ length: 8 }, (_, i) => ({ x: 1_200 * (i % 4), y: 1_200 * Math.floor(i / 4) }));
  const world = new World({
    seed,
    nodes: 8,
    carriers: [{ kind: 'lora', preset: 'LongFast', region: 'US915', positions }],
  });
  const { findings } = watchAll(world);
  const flooder = new Flooder(world, { node: 0, perSecond: 0.5, bytes: 40, priority: flood ?? Priority.Medium });
  let useful = 0;
  let relayed = 0;
  world.watch({
    delivered: (node, { source }) => {
      if (node.index !== 0 && source !== world.node(0).id) useful++;
    },
    transmitted: (node, { frame }) => {
      const full = world.fullFrame(frame);
      if (node.index === 0 || full[Offset.Type] !== FrameType.Message) return;
      if (readHeader(full).source === world.node(0).id) relayed++;
    },
  });
  world.start();
  await world.run(1_800_000);
  if (flood !== undefined) flooder.start();
  for (let i = 0; i < 30; i++) {
    world.broadcast(1 + (i % 7));
    await world.run(20_000);
  }
  flooder.stop();
  await world.run(60_000);
  return { useful, relayed, findings: findings.list };
}

for (const [what, priority] of [['messages', Priority.Medium], ['alerts', Priority.Critical]] as const) // biome-ignore format: a line
  test(`a member that floods ${what} over slow air is passed on by nobody for long, and most useful messages arrive`, async (t) => {
    let [useful, all] = [0, 0];
    for (const seed of [3, 4, 5]) {
      const quiet = await overSlowAir(seed);
      const under = await overSlowAir(seed, priority);
      t.is(quiet.relayed, 0);
      t.true(quiet.useful > 0.9 * 30 * 6, `${quiet.useful} of ${30 * 6}`);
      // 300 messages, seven nodes that could pass each on: they did so 1,500 times.
      t.true(under.relayed < 250, `${under.relayed}`);
      t.deepEqual(under.findings, []);
      t.log(`${under.useful} of ${quiet.useful} useful messages, ${under.relayed} relays of the flood`);
      t.true(under.useful >= 0.5 * quiet.useful);
      useful += under.useful;
      all += quiet.useful;
    }
    t.true(useful >= 0.65 * all, `${useful} of ${all}`);
  });
