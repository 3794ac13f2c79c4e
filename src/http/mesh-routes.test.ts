import test from 'ava';
import { FAKE_NODE, FAKE_PEER } from '../testing/fake-agent.js';
import { call } from '../testing/http-client.js';
import { startedBy } from '../testing/http-face.js';
import * as limits from './limits.js';
import { problem } from './schema/problem.js';
import * as ways from './schema/routes.js';
import * as figures from './schema/statistics.js';
import * as node from './schema/status.js';
import { createHttpServer } from './server.js';

const start = startedBy({ open: createHttpServer, closeGraceMs: limits.CLOSE_GRACE_MS, problem });

test('status, statistics, peers, routes and state answer in the shapes of the contract', async (t) => {
  const { api } = await start(t);
  t.is(node.status.parse((await call(`${api}/status`)).json).nodeId, FAKE_NODE);
  t.deepEqual(figures.statistics.parse((await call(`${api}/statistics`)).json).refused, { tag: 3, replay: 1 });
  t.is(node.peerPage.parse((await call(`${api}/peers`)).json).peers[0]?.nodeId, FAKE_PEER);
  t.is(ways.routePage.parse((await call(`${api}/routes`)).json).routes[0]?.destination, FAKE_PEER);
  t.deepEqual(Object.keys(node.statePage.parse((await call(`${api}/state`)).json).nodes), [FAKE_PEER, FAKE_NODE]);
});

test('lists held in memory page by a cursor that survives entries coming and going', async (t) => {
  const { agent, api, refused } = await start(t);
  const [peer] = agent.world.peers;
  if (peer === undefined) throw new Error('the fake has a peer');
  agent.world.peers = ['05', '03', '01', '04', '02'].map((n) => ({ ...peer, nodeId: n.repeat(8) }));
  const seen: string[] = [];
  let cursor = '';
  for (let page = 0; page < 3; page++) {
    const { peers, nextCursor } = node.peerPage.parse((await call(`${api}/peers?limit=2${cursor}`)).json);
    seen.push(...peers.map((one) => one.nodeId.slice(0, 2)));
    if (page === 0) agent.removePeer('01'.repeat(8));
    cursor = `&cursor=${nextCursor}`;
  }
  t.deepEqual(seen, ['01', '02', '03', '04', '05']);
  await refused('peers?cursor=%2B%2B', {}, 400, 'request.cursor');
});

test('addresses nobody answers at are on the first page of the peers, and are forgotten by name', async (t) => {
  const { agent, api, refused } = await start(t);
  const address = '[fe80::1%eth0]:9999';
  agent.world.addresses = [{ address, radio: 'udp', tries: 3, nextTryAt: 1_790_000_000_000 }];
  const { json } = await call(`${api}/peers?limit=1`);
  t.deepEqual(node.peerPage.parse(json).addresses, agent.world.addresses);
  const gone = await call(`${api}/peers/${encodeURIComponent(address)}`, { method: 'DELETE' });
  t.deepEqual([gone.status, gone.json], [200, { address }]);
  t.false('addresses' in ((await call(`${api}/peers`)).json as object));
  await refused(`peers/${encodeURIComponent(address)}`, { method: 'DELETE' }, 404, 'peer.unknown');
  await refused('peers/nobody', { method: 'DELETE' }, 400, 'request.invalid');
});

test('peers are added by address and forgotten by id', async (t) => {
  const { agent, api, refused } = await start(t);
  const added = await call(`${api}/peers`, { body: { host: '10.0.0.7', port: 9999 } });
  t.deepEqual([added.status, added.json], [202, { host: '10.0.0.7', port: 9999 }]);
  t.deepEqual(agent.calls, [{ what: 'addPeer', with: { host: '10.0.0.7', port: 9999 } }]);
  await refused('peers', { body: { host: 'nowhere.invalid', port: 1 } }, 400, 'peer.host');
  t.is((await call(`${api}/peers/${FAKE_PEER}`, { method: 'DELETE' })).status, 200);
  await refused(`peers/${FAKE_PEER}`, { method: 'DELETE' }, 404, 'peer.unknown');
});

test('a route is pinned to a neighbour and unpinned', async (t) => {
  const { agent, api, refused } = await start(t);
  const pinned = await call(`${api}/routes/${FAKE_PEER.toUpperCase()}`, {
    method: 'PUT',
    body: { nextHop: FAKE_PEER },
  });
  t.deepEqual([pinned.status, pinned.json], [200, { destination: FAKE_PEER, nextHop: FAKE_PEER, pinned: true }]);
  t.true(agent.routes()[0]?.pinned);
  await call(`${api}/routes/${FAKE_PEER}`, { method: 'PUT', body: { nextHop: null } });
  t.deepEqual(agent.routes(), []);
  await refused(`routes/${FAKE_PEER}`, { method: 'PUT', body: {} }, 400, 'request.invalid');
  await refused('routes/me', { method: 'PUT', body: { nextHop: null } }, 400, 'request.invalid');
});

test('a pipeline sets and removes fields of the node state', async (t) => {
  const { api, refused } = await start(t);
  const patched = await call(`${api}/state`, {
    method: 'PATCH',
    body: { fps: 29.5, battery: null, custom: { zone: 'north' } },
  });
  const state = node.nodeState.parse(patched.json);
  t.deepEqual([state.fps, state.battery, state.custom], [29.5, undefined, { zone: 'north' }]);
  const tooMany = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, i]));
  const answer = await refused(
    'state',
    { method: 'PATCH', body: { fps: -1, custom: tooMany, colour: 'red' } },
    400,
    'request.invalid',
  );
  t.deepEqual(answer.json.errors.map((error: { path: string }) => error.path).sort(), ['/colour', '/custom', '/fps']);
  t.regex(answer.text, /limit 16/);
});
