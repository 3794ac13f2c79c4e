import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import { utf8 } from '../core/bytes.js';
import { hlcOf } from '../core/hlc.js';
import { detectionPage } from '../http/schema/detections.js';
import { alertPage } from '../http/schema/messages.js';
import { statistics } from '../http/schema/statistics.js';
import { peerPage, statePage, status } from '../http/schema/status.js';
import { AgentProcess, allAlive, ownMesh, QUICK, startMesh } from '../testing/agents.js';
import { edgeAgent } from '../testing/command-line.js';
import { embeddingOf, facesOf, hashesAt, pushFaces } from '../testing/faces.js';
import { RogueNode } from '../testing/rogue-node.js';
import { until } from '../testing/serving.js';
import { dataPortOf, openSocket, sendAll, UdpTap } from '../testing/udp-tap.js';
import { Body, encode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';

const MIB = 2 ** 20;

/** What must be the same before and after noise. */
async function seenBy(agent: AgentProcess): Promise<unknown> {
  const { peers } = await agent.json('peers');
  const { alerts } = await agent.json('alerts');
  return {
    peers: peers.map(({ nodeId, name, alive, hops }: Record<string, unknown>) => ({ nodeId, name, alive, hops })),
    alerts: alerts.map(({ alertId }: { alertId: string }) => alertId),
    hashes: await hashesAt(agent),
    routes: (await agent.json('routes')).routes.map(({ destination }: { destination: string }) => destination),
  };
}

function* random(count: number): Generator<Uint8Array> {
  const sizes = [1, 7, 8, 19, 20, 27, 28, 29, 60, 200, 999, 1_199, 1_200];
  for (let i = 0; i < count; i++) yield randomBytes(sizes[i % sizes.length] as number);
}

/** Captured frames cut short, with a bit turned, and with bytes added. */
function* damaged(frames: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const frame of frames) {
    yield frame.subarray(0, 1 + (randomBytes(2).readUInt16BE() % frame.length));
    const turned = Uint8Array.from(frame);
    const at = randomBytes(2).readUInt16BE() % frame.length;
    turned[at] = (turned[at] as number) ^ (1 << (at & 7));
    yield turned;
    yield Buffer.concat([frame, randomBytes(3)]);
  }
}

const rssOf = async (agent: AgentProcess): Promise<number> => (await agent.json('statistics')).process.rssBytes;

/** What the agent says is still what it promises to say. */
async function keepsItsContract(t: ExecutionContext, agent: AgentProcess): Promise<void> {
  const pages = { status, peers: peerPage, state: statePage, statistics, alerts: alertPage, detections: detectionPage };
  for (const [path, schema] of Object.entries(pages)) {
    const { error } = schema.safeParse(await agent.json(path));
    t.is(error, undefined, `${path}: ${error?.message}`);
  }
  t.is((await agent.call('/healthz')).status, 200);
  const metrics = (await agent.call('/metrics')).text;
  for (const line of metrics.split('\n')) t.regex(line, /^($|# |[a-z_]+(\{.*\})? [-+0-9.eNa]+$)/);
}

test('garbage, damaged frames and replays on every port change nothing but counters', async (t) => {
  t.timeout(90_000);
  const { mesh } = ownMesh();
  const [a, b] = (await Promise.all(
    ['a', 'b'].map((name) => AgentProcess.start(t, { name, mesh, radio: ownMesh().radio, config: QUICK })),
  )) as [AgentProcess, AgentProcess];
  const tap = await UdpTap.between(a, b);
  t.teardown(() => tap.close());
  await allAlive([a, b]);
  await pushFaces(a, facesOf(0, 40));
  await pushFaces(b, facesOf(100, 40));
  for (const agent of [a, b]) {
    await agent.json('alerts', { body: { priority: 'high', type: `from ${agent.setup.name}` } });
    await agent.json('state', { method: 'PATCH', body: { fps: 9 } });
  }
  await b.json('query', { body: { to: a.nodeId, type: 'edge.ping', payload: 'x'.repeat(5_000) } });
  await a.json('search', { body: { embedding: [...embeddingOf(1)], scope: 'mesh' } });
  for (const agent of [a, b]) {
    await until('all is everywhere', 10_000, async () => {
      return (await hashesAt(agent)).length === 80 && (await agent.json('alerts')).alerts.length === 2;
    });
  }

  const before = { a: await seenBy(a), b: await seenBy(b) };
  const logged = { a: a.logBytes, b: b.logBytes };
  const frames = { a: [] as Uint8Array[], b: [] as Uint8Array[] };
  for (const { towards, bytes } of [...tap.captured]) frames[towards].push(bytes);
  t.true(frames.a.length > 50 && frames.b.length > 50);
  const rss = { a: await rssOf(a), b: await rssOf(b) };

  const stranger = await openSocket();
  t.teardown(() => stranger.close());
  for (const [name, agent] of Object.entries({ a, b }) as ['a' | 'b', AgentProcess][]) {
    const port = await dataPortOf(agent);
    const discovery = Number(/:(\d+)@/.exec(agent.setup.radio)?.[1]);
    const all = [...frames.a, ...frames.b];
    for (const to of [port, discovery]) {
      await sendAll(stranger, to, random(1_500));
      await sendAll(stranger, to, damaged(all));
      await sendAll(stranger, to, all);
      await sendAll(stranger, to, [Buffer.alloc(0), Buffer.alloc(65_507, 0x11)]);
    }
    await tap.inject(name, random(1_500));
    await tap.inject(name, damaged(frames[name]));
    // Everything the other one ever sent, again, twice: as the wire itself may do.
    await tap.inject(name, frames[name]);
    await tap.inject(name, frames[name]);
  }

  for (const [name, agent] of Object.entries({ a, b }) as ['a' | 'b', AgentProcess][]) {
    t.deepEqual(await seenBy(agent), before[name]);
    const { refused } = await agent.json('statistics');
    for (const reason of ['frame.tag', 'frame.truncated', 'frame.version', 'frame.malformed'])
      t.true(refused[reason] > 0, JSON.stringify(refused));
    t.true(agent.logBytes - logged[name] < 5_000, agent.log.slice(-3_000));
    t.true((await rssOf(agent)) - rss[name] < 100 * MIB);
    await keepsItsContract(t, agent);
  }
  // And it still works.
  t.is((await a.json('query', { body: { to: b.nodeId, type: 'edge.ping', payload: 1 } })).payload, 1);
  t.is((await pushFaces(a, facesOf(200, 1))).status, 202);
  await until('it still replicates', 5_000, async () => (await hashesAt(b)).length === 81);
});

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const message = (type: string, json: string): Uint8Array =>
  encode(Body.MessageSchema, { type, payload: { content: { case: 'json', value: utf8(json) } } });

/** A directed message that wants an acknowledgement starts with the sequence of its first attempt. */
const attempted = (body: Uint8Array): Uint8Array => Buffer.concat([randomBytes(4), body]);
const ACK_WANTED = 16;

function* hostile(to: string, real: readonly { type: number; payload: Uint8Array }[]) {
  const types = [...Object.values(FrameType).filter((type) => type !== FrameType.Beacon), 0, 7, 63, 255];
  for (let round = 0; round < 12; round++) {
    for (const type of types) {
      const payload = randomBytes([0, 1, 3, 40, 400, 3_000][round % 6] as number);
      const directed = round % 2 === 0 ? { to } : {};
      yield { type, payload, ttl: 5, ...directed, flags: round % 3 === 0 ? ACK_WANTED : 0 };
    }
  }
  for (const { type, payload } of real) {
    for (let i = 0; i < 4; i++) {
      const bent = Uint8Array.from(payload);
      for (let j = 0; j < 1 + i; j++) bent[randomBytes(4).readUInt32BE() % bent.length] = randomBytes(1)[0] as number;
      yield { type, payload: bent, ttl: 5, ...(i % 2 === 0 ? { to } : {}) };
    }
  }
  for (const type of ['edge.ping', 'nobody']) {
    for (const json of [nested(20_000), '{"__proto__":{"x":1}}', '1e999', '"\\u0000\\u001b[2J"', '{', ''])
      yield { type: FrameType.Query, payload: attempted(message(type, json)), to, ttl: 5, flags: ACK_WANTED };
  }
  for (const json of [nested(2_000), '{"__proto__":{"x":1}}', '"\\u001b[2J"', '{']) {
    for (const raisedAtMs of [0n, 2n ** 64n - 1n])
      yield {
        type: FrameType.Alert,
        payload: encode(Body.AlertSchema, { type: '\u001b]0;x\u0007', payload: utf8(json), raisedAtMs }),
        ttl: 5,
      };
  }
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) yield stateOf(to, { fps: value });
}

/** The state of a node as it would spread, whether there is such a node or not. */
function stateOf(node: string, fields: MessageInitShape<typeof Body.NodeStateSchema>) {
  const author = Buffer.from(node, 'hex');
  const body = encode(Body.NodeStateSchema, { author, hlc: hlcOf(Date.now()), counter: 1, ...fields });
  return { type: FrameType.Drip, payload: encode(Body.DripSchema, { items: [{ kind: 2, source: author, body }] }) };
}

/** Its own state, in which everything is odd that can be. */
function* oddStates(id: string) {
  const latest = 2n ** 64n - 1n;
  for (const fields of [
    { name: '\u001b[2J', updatedAtMs: latest },
    { fps: Number.NaN },
    { condition: 99 },
    { battery: -1e38, name: 'x'.repeat(100) },
    { custom: [{ key: '__proto__', value: { case: 'text' as const, value: 'x' } }] },
    { custom: [{ key: '\u0007', value: { case: 'number' as const, value: Number.NaN } }] },
    { neighbours: [{ node: new Uint8Array(3), cost: 0, radio: '' }] },
    {
      battery: 1e38,
      cpu: -1,
      updatedAtMs: latest,
      custom: [{ key: '\u001b]0;x\u0007', value: { case: 'text' as const, value: '\u001b[2J' } }],
    },
  ])
    yield stateOf(id, fields);
}

function* inventedNodes(count: number) {
  for (let i = 0; i < count; i++) yield stateOf(randomBytes(8).toString('hex'), { name: `node ${i}` });
}

test('a hostile member of the mesh gets nothing but counted', async (t) => {
  t.timeout(90_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const { mesh } = a.setup;
  await pushFaces(a, facesOf(0, 40));
  await until('b has them', 10_000, async () => (await hashesAt(b)).length === 40);
  const rogue = await RogueNode.join(a);
  t.teardown(() => rogue.close());

  // What honest frames hold, to be bent: heard by a third that meets `b` through a tap only.
  const c = await AgentProcess.start(t, { name: 'c', mesh, radio: ownMesh().radio, config: QUICK });
  const tap = await UdpTap.between(c, b);
  t.teardown(() => tap.close());
  await allAlive([b, c]);
  await c.json('alerts', { body: { priority: 'low', type: 'x' } });
  await c.json('search', { body: { embedding: [...embeddingOf(1)], scope: 'mesh' } });
  await c.json('query', { body: { to: b.nodeId, type: 'edge.ping', payload: 1 } });
  await until('c has the records', 10_000, async () => (await hashesAt(c)).length === 40);
  const real = tap.captured.map(({ bytes }) => ({ type: bytes[1] as number, payload: payloadOf(bytes) }));
  const useful = real.filter(({ type, payload }) => type !== FrameType.Beacon && payload.length > 0).slice(-300);

  const [rss, logged] = [await rssOf(a), a.logBytes];
  const sent = await rogue.send(hostile(a.nodeId, useful));
  await rogue.send(oddStates(rogue.id));
  t.true(sent > 700, `${sent} sent`);
  t.is((await a.call('/healthz')).status, 200, a.log.slice(-2_000));
  t.deepEqual((await hashesAt(a)).length, 40);
  // It was heard, not merely kept out.
  const { refused } = await a.json('statistics');
  for (const reason of ['message.malformed', 'alert.malformed', 'search.malformed'])
    t.true(refused[reason] > 0, `${reason}: ${JSON.stringify(refused)}`);
  t.true(a.logBytes - logged < 20_000, `${a.logBytes - logged} bytes of log: ${a.log.slice(-2_000)}`);
  t.true((await rssOf(a)) - rss < 150 * MIB);
  for (const agent of [a, b, c]) {
    await keepsItsContract(t, agent);
    t.notRegex(agent.log, /uncaught/);
  }
  for (const command of ['status', 'peers', 'state', 'alerts', 'stats', 'routes']) {
    const { code, stdout, stderr } = await edgeAgent([
      command,
      ...(command === 'alerts' ? ['list'] : []),
      '--url',
      a.url,
    ]);
    t.is(code, 0, `${command}: ${stderr}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
    t.notRegex(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, command);
  }
  // The others get along as before.
  t.is((await a.json('query', { body: { to: b.nodeId, type: 'edge.ping', payload: 1 } })).payload, 1);
  t.is((await pushFaces(a, facesOf(300, 10))).status, 202);
  await until('it still replicates', 10_000, async () => (await hashesAt(c)).length === 50);
});

test('a member that invents nodes fills no more than the place there is', async (t) => {
  t.timeout(90_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const rogue = await RogueNode.join(a);
  t.teardown(() => rogue.close());
  await rogue.send(inventedNodes(1_000));
  const [rss, logged] = [await rssOf(a), a.logBytes];
  await rogue.send(inventedNodes(10_000));
  const { total, alive } = (await a.json('status')).peers;
  // limits.segment of those who share a segment, and limits.peers of neighbours.
  t.true(total <= 200, `${total} peers`);
  t.is(alive, 2);
  t.deepEqual(await b.alivePeers(), [a.nodeId]);
  const held = Object.keys((await a.json('state?limit=1000')).nodes).length;
  t.true(held <= 210, `${held} states`);
  t.true((await rssOf(a)) - rss < 100 * MIB, `${((await rssOf(a)) - rss) / MIB} MiB more`);
  t.true(a.logBytes - logged < 100_000, `${a.logBytes - logged} bytes of log`);
  await keepsItsContract(t, a);
  t.is((await a.json('query', { body: { to: b.nodeId, type: 'edge.ping', payload: 1 } })).payload, 1);
});
