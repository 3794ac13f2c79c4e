import test from 'ava';
import { metricsText } from '../agent/metrics.js';
import type { Statistics } from '../agent/statistics-contract.js';
import { trafficStatistics } from '../agent/traffic-statistics.js';
import { createHttpServer } from '../http/server.js';
import { World } from '../sim/world.js';
import { edgeAgent } from '../testing/command-line.js';
import { FAKE_NODE, FAKE_PEER, FakeAgent } from '../testing/fake-agent.js';
import { servedBy, stub } from '../testing/served-agent.js';

const served = servedBy(createHttpServer);

test('with --json the bodies are those of the HTTP interface', async (t) => {
  const { agent, json } = await served(t);
  t.deepEqual(await json('status'), agent.status());
  t.deepEqual(await json('radios'), { radios: agent.status().radios });
  t.deepEqual(await json('peers'), { peers: agent.peers() });
  t.deepEqual(await json('routes'), { routes: agent.routes() });
  t.deepEqual(await json('state'), agent.state());
});

test('for people the views have names, conditions and a warning about an open mesh', async (t) => {
  const { agent, run } = await served(t);
  agent.world.status = { ...agent.world.status, mesh: { name: 'field', open: true } };
  const status = await run('status');
  t.regex(status.stdout, /gate {2}a1b2c3d4e5f60718/);
  t.regex(status.stdout, /udp:9999 +up/);
  t.regex(status.stdout, /This mesh is open/);
  t.false(status.stdout.includes('\x1b'));
  t.regex((await run('peers')).stdout, new RegExp(FAKE_PEER));
  t.regex((await run('routes')).stdout, /DESTINATION/);
  t.regex((await run('state')).stdout, /24 +81 %/);
});

test('statistics are read from the path of the contract', async (t) => {
  const stats: Statistics = new FakeAgent().statistics();
  let path: string | undefined;
  const url = await stub(t, (request, response) => {
    path = request.url;
    response.end(JSON.stringify(stats));
  });
  t.deepEqual(JSON.parse((await edgeAgent(['stats', '--json', '--url', url])).stdout), stats);
  t.is(path, '/api/v1/statistics');
  t.regex((await edgeAgent(['stats', '--url', url])).stdout, /heartbeat +40 +20[\s\S]*tag +3/);
});

test('a peer is added by its address and removed by its name', async (t) => {
  const { agent, run } = await served(t);
  t.is((await run('peers', 'add', '[::1]:9999', '--node', FAKE_PEER)).code, 0);
  t.deepEqual(agent.calls.at(-1), { what: 'addPeer', with: { host: '::1', port: 9999, nodeId: FAKE_PEER } });
  const [peer] = agent.peers();
  t.is((await run('peers', 'remove', peer?.name ?? '')).code, 0);
  t.is(agent.peers().length, 0);
  t.is((await run('peers', 'remove', 'nobody')).code, 2);
});

test('addresses nobody answers at are shown, and removed as they are shown', async (t) => {
  const { agent, run } = await served(t);
  agent.world.addresses = [{ address: '[::1]:9999', radio: 'udp@lo', tries: 3, nextTryAt: Date.now() + 8_000 }];
  t.regex((await run('peers')).stdout, /NOT ANSWERING YET[\s\S]*\[::1\]:9999 +udp@lo .* 3 +in \d/);
  t.like(JSON.parse((await run('peers', '--json')).stdout), { addresses: agent.world.addresses });
  t.is((await run('peers', 'remove', '[::1]:9999')).code, 0);
  t.deepEqual(agent.world.addresses, []);
  t.is((await run('peers', 'remove', '[::1]:9999')).code, 1);
});

test('a route is pinned and unpinned', async (t) => {
  const { agent, run } = await served(t);
  const pinned = await run('routes', 'pin', FAKE_PEER, FAKE_PEER.slice(0, 6));
  t.is(pinned.stdout, 'Pinned tower to tower.\n');
  t.deepEqual(agent.calls.at(-1), { what: 'setRoute', with: { destination: FAKE_PEER, nextHop: FAKE_PEER } });
  t.is((await run('routes', 'unpin', FAKE_PEER)).stdout, 'Unpinned tower.\n');
  t.deepEqual(agent.calls.at(-1), { what: 'setRoute', with: { destination: FAKE_PEER, nextHop: null } });
  const again = await run('routes', 'unpin', FAKE_PEER);
  t.is(again.code, 1);
  t.regex(again.stderr, /no route to .* is pinned/);
});

test('who names this node itself is told so', async (t) => {
  const { run } = await served(t);
  for (const args of [
    ['send', 'gate', 'note'],
    ['trace', FAKE_NODE.slice(0, 6)],
    ['routes', 'pin', FAKE_PEER, 'gate'],
  ]) {
    const { code, stderr } = await run(...args);
    t.is(code, 2);
    t.regex(stderr, /^error: "(gate|a1b2c3)" is this node itself\.\nfix: Name another one/);
  }
});

test('fields of this node are set and removed, its own ones beside those there are', async (t) => {
  const { agent, json } = await served(t);
  await json('state', 'set', 'fps=12.5', 'lens=wide', 'lux=80');
  const state = await json('state', 'set', 'battery=', 'lens=', 'door=open');
  t.like(state, { fps: 12.5, custom: { lux: 80, door: 'open' } });
  t.is(state.battery, undefined);
  t.deepEqual(agent.state().nodes[FAKE_NODE]?.custom, { lux: 80, door: 'open' });
});

test('links that went down are counted as people count', async (t) => {
  const { agent, run } = await served(t);
  const told = async (flaps: number): Promise<string> => {
    const { statistics } = agent.world;
    const links = { ...statistics.links, flaps, damped: flaps, replaced: 0 };
    agent.world.statistics = { ...statistics, links };
    return (await run('stats')).stdout;
  };
  t.regex(await told(1), /went down once; 1 time one came and went too often; 0 made room/);
  t.regex(await told(2), /went down 2 times; 2 times one came and went too often/);
});

test('what expired while it was tried is told from what expired while it waited', async (t) => {
  const { agent, run } = await served(t);
  const { statistics } = agent.world;
  const custody = { ...statistics.custody, expired: 5 };
  agent.world.statistics = { ...statistics, custody, delivery: { ...statistics.delivery, expired: 7 } };
  const { stdout } = await run('stats');
  t.regex(stdout, /delivery .* 7 expired while they were tried,/);
  t.regex(stdout, /custody .* of those that waited here \d+ delivered, 5 expired,/);
});

test('a mesh of segments is told of wherever people look', async (t) => {
  const { agent, run, json } = await served(t);
  t.notRegex((await run('status')).stdout, /segment/);
  const segment = { head: FAKE_PEER, members: 40, segments: 5, nodes: 212 };
  agent.world.status = { ...agent.world.status, segment };
  agent.world.statistics = { ...agent.world.statistics, segment };
  const text = new RegExp(`segment +40 nodes, ${FAKE_PEER} speaks for it; 5 segments of 212 nodes in all`);
  t.regex((await run('status')).stdout, text);
  t.regex((await run('stats')).stdout, text);
  t.deepEqual((await json('stats')).segment, segment);
  t.regex(await metricsText(agent.status(), agent.statistics()), /edge_agent_segment_nodes\{of="mesh"\} 212/);
  agent.world.status = { ...agent.world.status, segment: { members: 1, segments: 6, nodes: 213 } };
  t.regex((await run('status')).stdout, /segment +in none yet; 6 segments of 213 nodes in all/);
});

test('statistics say which segment this node is in', async (t) => {
  const pairs = Array.from({ length: 7 }, (_, i): readonly [number, number] => [i, i + 1]);
  const carriers = [{ pairs, air: { delayMinMs: 1, delayMaxMs: 2 } }];
  for (const segmentNodes of [3, 8]) {
    const world = new World({ seed: 1, nodes: 8, segmentNodes, carriers });
    world.start();
    await world.run(60_000);
    const { segment } = trafficStatistics(world.node(0).mesh);
    if (segmentNodes === 8) t.is(segment, undefined);
    else t.true(segment && segment.segments > 1 && segment.members < 8, JSON.stringify(segment));
  }
});
