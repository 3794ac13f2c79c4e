import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentProcess, allAlive, scratch } from '../testing/agents.js';
import { embeddingOf, exactSearch, type Face, facesOf, hashesAt, pushFaces } from '../testing/faces.js';
import { type Namespace, namespaceTrouble, type WireOptions, withLine } from '../testing/network-namespaces.js';
import { until } from '../testing/serving.js';

const trouble = namespaceTrouble();

/** An agent with the radio it has by default, in a namespace, and the way in. */
async function startIn(t: ExecutionContext, space: Namespace, name: string): Promise<AgentProcess> {
  const socket = join(scratch('relay'), 'http');
  const namespace = { name: space.name, socket };
  const agent = await AgentProcess.start(t, { name, mesh: 'line', radio: 'udp', namespace });
  const relay = space.start('http-relay.js', { socket, port: Number(new URL(agent.url).port) });
  await relay.line((line) => line['listening'] === true);
  return agent;
}

const peerOf = async (agent: AgentProcess, nodeId: string) =>
  (await agent.json('peers')).peers.find((peer: { nodeId: string }) => peer.nodeId === nodeId);

async function acrossTheMiddle(t: ExecutionContext, a: AgentProcess, b: AgentProcess, c: AgentProcess): Promise<void> {
  for (const [from, to] of [
    [a, c],
    [c, a],
  ] as const) {
    await until('two hops', 10_000, async () => (await peerOf(from, to.nodeId))?.hops === 2);
    t.deepEqual((await peerOf(from, to.nodeId)).links, []);
    const { routes } = await from.json('routes');
    const route = routes.find(({ destination }: { destination: string }) => destination === to.nodeId);
    t.is(route?.nextHop, b.nodeId);
  }

  const faces = facesOf(0, 60);
  t.is((await pushFaces(a, faces.slice(0, 30))).status, 202);
  t.is((await pushFaces(c, faces.slice(30))).status, 202);
  for (const agent of [a, b, c]) {
    await until(`${agent.setup.name} holds all`, 10_000, async () => (await hashesAt(agent)).length === faces.length);
  }
  const query = embeddingOf(5_000);
  const found = await a.json('search', { body: { embedding: [...query], k: 10, scope: 'mesh' } });
  t.like(found, { asked: 3, answered: 3 });
  t.deepEqual(
    found.results.map(({ hash }: Face) => hash),
    exactSearch(faces, query, 10).map(({ hash }) => hash),
  );

  const alert = await c.json('alerts', { body: { priority: 'critical', type: 'fire', payload: { at: 'gate' } } });
  const heard = await until('a has the alert', 5_000, async () => (await a.json('alerts')).alerts[0]);
  t.like(heard, { alertId: alert.alertId, node: c.nodeId, priority: 'critical', payload: { at: 'gate' } });

  const { messageId } = await a.json('messages', { body: { to: c.nodeId, type: 'note', payload: 1 } });
  await until('c acknowledged', 5_000, async () => (await a.json(`messages/${messageId}`)).condition === 'delivered');
  const text = 'x'.repeat(20_000);
  const pong = await c.json('query', { body: { to: a.nodeId, type: 'edge.ping', payload: text } });
  t.is(pong.payload, text);

  await c.json('state', { method: 'PATCH', body: { fps: 17, custom: { lens: 'wide' } } });
  const state = await until('a sees the state of c', 10_000, async () => {
    const { nodes } = await a.json('state');
    return nodes[c.nodeId]?.fps === 17 ? nodes[c.nodeId] : undefined;
  });
  t.like(state, { fps: 17, custom: { lens: 'wide' } });
}

function line(title: string, wire: WireOptions, address: RegExp): void {
  if (trouble !== undefined) {
    test.skip(`${title} (skipped: ${trouble})`, () => {});
    return;
  }
  test(title, async (t) => {
    t.timeout(110_000);
    await withLine(wire, ['a', 'b', 'c'], async (spaces) => {
      const names = ['a', 'b', 'c'];
      const agents = await Promise.all(spaces.map((space, i) => startIn(t, space, names[i] as string)));
      const [a, b, c] = agents as [AgentProcess, AgentProcess, AgentProcess];
      await allAlive([a, b, c], 30_000);
      const [link] = (await peerOf(a, b.nodeId)).links;
      t.regex(link.address, address);
      await acrossTheMiddle(t, a, b, c);

      // Without the middle the ends do not reach each other, and know it in time.
      await b.kill();
      const died = performance.now();
      await until('a shows b and c offline', 30_000, async () => (await a.alivePeers()).length === 0);
      t.log(`noticed after ${((performance.now() - died) / 1_000).toFixed(1)} s`);
      t.is((await peerOf(a, c.nodeId)).alive, false);
      t.is((await a.json('state')).nodes[c.nodeId].condition, 'offline');
      const alone = await a.json('search', { body: { type: 'person', scope: 'mesh' } });
      t.like(alone, { asked: 1, answered: 1 });
    });
  });
}

line('a line of three works across its middle over IPv4', { ipv4: true, ipv6: false }, /^10\.77\.0\.2:\d+$/);
line(
  'a line of three works across its middle over IPv6',
  { ipv4: false, ipv6: true },
  /^\[fe80::[0-9a-f:]+%wire0\]:\d+$/,
);
