import test from 'ava';
import type { TraceResult } from '../agent/routes-contract.js';
import { routePage, traceResult } from '../http/schema/routes.js';
import { statistics } from '../http/schema/statistics.js';
import { type AgentProcess, allAlive, startMesh } from '../testing/agents.js';
import { edgeAgent } from '../testing/command-line.js';

test('a trace names the hop, pins are kept over a restart, and both are told in words and by exit code', async (t) => {
  t.timeout(120_000);
  const [a, b] = (await startMesh(t, ['gate', 'tower'])) as [AgentProcess, AgentProcess];
  const traced: TraceResult = traceResult.parse(
    await a.json('trace', { body: { to: b.nodeId, all: true, timeoutMs: 30_000 } }),
  );
  t.true(traced.reached, JSON.stringify(traced));
  t.like(traced.hops[0], { hop: 1, nodeId: b.nodeId, name: 'tower', answered: true });
  t.regex(traced.hops[0]?.radio ?? '', /^udp/);
  t.true((traced.hops[0]?.cost ?? 0) > 0 && (traced.hops[0]?.tookMs ?? 0) > 0);
  const words = await edgeAgent(['trace', 'tower', '--url', a.url, '--timeout', '30s']);
  t.is(words.code, 0, words.stderr);
  t.regex(words.stdout, /^HOP +NODE +RADIO +LINK +ETX +COST +FROM HERE\n *1 +tower +udp/);
  t.regex(words.stdout, /Reached over 1 hop, cost \d+, in /);

  const pinned = await a.json(`routes/${b.nodeId}`, { method: 'PUT', body: { nextHop: b.nodeId, cost: 40_000 } });
  t.like(pinned, { destination: b.nodeId, nextHop: b.nodeId, cost: 40_000, pinned: true });
  for (const [to, status, code] of [
    [a.nodeId, 400, 'route.self'],
    ['00000000000000aa', 404, 'peer.unknown'],
  ] as const) {
    const refused = await a.call(`routes/${to}`, { method: 'PUT', body: { nextHop: b.nodeId } });
    t.deepEqual([refused.status, refused.json.code], [status, code]);
  }
  const noNeighbour = await a.call(`routes/${b.nodeId}`, { method: 'PUT', body: { nextHop: '00000000000000aa' } });
  t.deepEqual([noNeighbour.status, noNeighbour.json.code], [409, 'route.next-hop']);
  t.is(await a.stop(), 0, a.log);
  const again = await a.restart(t);
  await allAlive([again, b]);
  const { routes } = routePage.parse(await again.json('routes'));
  t.like(
    routes.find(({ destination }) => destination === b.nodeId),
    { pin: { nextHop: b.nodeId, cost: 40_000 }, confirmed: true },
  );
  t.is((await again.call(`routes/${b.nodeId}`, { method: 'DELETE' })).status, 200);
  t.is((await again.call(`routes/${b.nodeId}`, { method: 'DELETE' })).json.code, 'route.unpinned');

  const figures = statistics.parse(await again.json('statistics'));
  t.deepEqual([figures.peers.alive, figures.peers.total], [1, 1]);
  const [link] = figures.peers.neighbours[0]?.links ?? [];
  t.true((link?.framesOut ?? 0) > 0 && (link?.bytesIn ?? 0) > 0, JSON.stringify(link));
  t.regex((await again.call('/metrics')).text, /^edge_agent_waiting_messages\{what="own"\} 0$/m);

  await b.kill();
  const lost = await edgeAgent(['trace', b.nodeId, '--url', again.url, '--timeout', '1500ms']);
  t.is(lost.code, 1, lost.stdout);
  t.regex(lost.stdout, /It ends at gate: /);
  t.regex(lost.stdout, /was last heard of/);
  const strange = await edgeAgent(['trace', '00000000000000aa', '--url', again.url]);
  t.is(strange.code, 1);
  t.regex(strange.stderr, /never heard of here/);
});
