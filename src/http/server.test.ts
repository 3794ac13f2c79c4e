import { connect } from 'node:net';
import test from 'ava';
import { Encoder } from 'cbor-x';
import { EdgeError } from '../core/errors.js';
import { FAKE_NODE, FAKE_PEER, FakeAgent } from '../testing/fake-agent.js';
import { type Answer, call } from '../testing/http-client.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import * as limits from './limits.js';
import * as detections from './schema/detections.js';
import * as messages from './schema/messages.js';
import { problem } from './schema/problem.js';
import * as ways from './schema/routes.js';
import * as figures from './schema/statistics.js';
import * as node from './schema/status.js';
import { createHttpServer } from './server.js';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const HASH = 'ab'.repeat(16);
const vector = (fill = 0.5): number[] => Array.from({ length: 512 }, () => fill);

async function start(t: { teardown(fn: () => unknown): void }) {
  const agent = new FakeAgent();
  const clock = new SteppedClock();
  const server = await createHttpServer({
    agent,
    host: '127.0.0.1',
    port: 0,
    log,
    clock,
    dashboardDir: '/nonexistent',
  });
  t.teardown(async () => {
    const closed = server.close();
    // The grace for connections whose request was never read to its end passes at once.
    clock.advance(limits.CLOSE_GRACE_MS);
    await closed;
  });
  const api = `${server.url}/api/v1`;
  const refused = async (
    path: string,
    options: Parameters<typeof call>[1],
    status: number,
    code: string,
  ): Promise<Answer> => {
    const answer = await call(path.startsWith('/') ? server.url + path : `${api}/${path}`, options);
    if (answer.json?.code !== code)
      throw new Error(`${path}: wanted ${code}, got ${answer.status} ${answer.text.slice(0, 300)}`);
    if (answer.status !== status || answer.json.status !== status)
      throw new Error(`${path}: wanted ${status}, got ${answer.status}`);
    if (answer.headers['content-type'] !== 'application/problem+json; charset=utf-8') throw new Error('not a problem');
    problem.parse(answer.json);
    return answer;
  };
  return { agent, url: server.url, api, refused };
}

test('it says that it is healthy and gives metrics of the agent and of itself', async (t) => {
  const { url } = await start(t);
  const health = await call(`${url}/healthz`);
  t.deepEqual([health.status, health.json], [200, { status: 'ok' }]);
  await call(`${url}/api/v1/nothing`);
  const metrics = await call(`${url}/metrics`);
  t.regex(metrics.headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
  t.regex(metrics.text, /^edge_agent_detections 0$/m);
  t.regex(metrics.text, /^edge_agent_http_refused_total\{code="route.unknown"\} 1$/m);
  t.regex(metrics.text, /^edge_agent_http_answers_total\{status="2xx"\} 1$/m);
  t.regex(metrics.text, /^edge_agent_http_requests_in_flight 1$/m);
});

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

test('a detection is pushed, looked up, listed, found and erased', async (t) => {
  const { api, refused } = await start(t);
  const pushed = await call(`${api}/detections`, {
    body: { hash: HASH, type: 'person', embedding: vector(), metadata: { zone: 3 } },
  });
  t.deepEqual(
    [pushed.status, detections.pushResult.parse(pushed.json)],
    [202, { accepted: 1, duplicates: 0, rejected: [] }],
  );
  const found = detections.detectionLookup.parse((await call(`${api}/detections/${HASH.toUpperCase()}`)).json);
  t.deepEqual([found.hash, found.detections.length, found.metadata], [HASH, 1, { zone: 3 }]);
  t.is(detections.detectionPage.parse((await call(`${api}/detections?type=person&limit=5`)).json).detections.length, 1);
  const answer = await call(`${api}/search`, { body: { embedding: vector(), k: 3, scope: 'local' } });
  t.is(detections.searchAnswer.parse(answer.json).results[0]?.hash, HASH);
  t.deepEqual((await call(`${api}/detections/${HASH}`, { method: 'DELETE' })).json, { erased: 1 });
  await refused(`detections/${HASH}`, {}, 410, 'detection.erased');
  await refused(`detections/${'cd'.repeat(64)}`, {}, 404, 'detection.unknown');
  await refused('detections/abc', {}, 400, 'request.invalid');
});

test('the four shapes of a detections body mean the same', async (t) => {
  const { agent, api } = await start(t);
  const item = (i: number) => ({ hash: i.toString(16).padStart(32, '0'), type: 'car', metadata: { i } });
  const encoder = new Encoder({ useRecords: false, mapsAsObjects: true });
  const typed = { ...item(5), embedding: Float32Array.from(vector()) };
  const bodies: readonly [string | Uint8Array, string][] = [
    [JSON.stringify(item(1)), 'application/json'],
    [JSON.stringify([item(2)]), 'application/json; charset=utf-8'],
    [`${JSON.stringify(item(3))}\n`, 'application/x-ndjson'],
    [encoder.encode([item(4)]), 'application/cbor'],
    [encoder.encode(typed), 'application/cbor'],
    [encoder.encode({ ...item(6), embedding: vector() }), 'application/cbor'],
  ];
  for (const [body, type] of bodies) {
    const answer = await call(`${api}/detections`, { body, headers: { 'content-type': type } });
    t.deepEqual([answer.status, answer.json], [202, { accepted: 1, duplicates: 0, rejected: [] }], type);
  }
  t.is(agent.status().detections.count, 6);
  const pushed = agent.calls[4]?.with as readonly { embedding: unknown }[] | undefined;
  t.true(pushed?.[0]?.embedding instanceof Float32Array);
});

test('one bad item is rejected by its index and the rest is taken', async (t) => {
  const { api } = await start(t);
  const good = (i: number): string => JSON.stringify({ hash: `${i}`.repeat(16), type: 'car' });
  const short = JSON.stringify({ hash: '9'.repeat(16), type: 'car', embedding: [1, 2] });
  const body = [good(1), '{"broken":', good(2), short, good(3), good(1)].join('\n');
  const answer = await call(`${api}/detections`, { body, headers: { 'content-type': 'application/x-ndjson' } });
  t.is(answer.status, 202);
  const { accepted, duplicates, rejected } = detections.pushResult.parse(answer.json);
  t.deepEqual([accepted, duplicates], [3, 1]);
  t.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'detection.json'],
      [3, 'detection.embedding.dimension'],
    ],
  );
});

test('an answer with nothing taken carries the lists beside the problem', async (t) => {
  const { api } = await start(t);
  const answer = await call(`${api}/detections`, { body: [{ hash: 'x', type: 'car' }, 7] });
  t.is(answer.status, 422);
  t.is(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
  const { accepted, duplicates, rejected, code } = detections.pushRefusal.parse(answer.json);
  t.is(code, 'detection.hash');
  t.deepEqual([accepted, duplicates, rejected.length], [0, 0, 2]);
});

test('an empty array takes nothing and refuses nothing', async (t) => {
  const { api } = await start(t);
  const answer = await call(`${api}/detections`, { body: [] });
  t.deepEqual([answer.status, answer.json], [202, { accepted: 0, duplicates: 0, rejected: [] }]);
});

test('a batch of 1,000 items and 16 MiB is taken, a byte or an item more is not', async (t) => {
  const { agent, api, refused } = await start(t);
  const items = Array.from({ length: limits.ITEMS_PER_BATCH }, (_, i) =>
    JSON.stringify({ hash: i.toString(16).padStart(16, '0'), type: 'car' }),
  );
  const text = `[${items.join(',')}]`;
  const full = text + ' '.repeat(limits.BATCH_BYTES - text.length);
  const headers = { 'content-type': 'application/json' };
  t.is((await call(`${api}/detections`, { body: full, headers })).json.accepted, limits.ITEMS_PER_BATCH);
  t.is(agent.status().detections.count, limits.ITEMS_PER_BATCH);
  const bytes = await refused('detections', { body: `${full} `, headers }, 413, 'request.bytes');
  t.regex(bytes.json.detail, /16777216/);
  const more = `[${items.join(',')},${items[0]}]`;
  await refused('detections', { body: more, headers }, 413, 'detections.items');
});

test('a chunked body beyond its limit is refused as it passes it', async (t) => {
  const { url } = await start(t);
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write(
    'POST /api/v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
  for (let i = 0; i <= limits.BODY_BYTES / 65_536; i++) socket.write(chunk);
  const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  t.regex(answer, /^HTTP\/1\.1 413 /);
  t.regex(answer, /"code":"request\.bytes"/);
});

test('bodies in a shape that cannot be read are told so', async (t) => {
  const { refused } = await start(t);
  const json = { 'content-type': 'application/json' };
  await refused('detections', { body: '{"hash":', headers: json }, 400, 'request.json');
  await refused('detections', { body: 'x', headers: { 'content-type': 'application/cbor' } }, 400, 'request.cbor');
  await refused('detections', { body: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'request.type');
  await refused('detections', { body: 'a=b' }, 415, 'request.type');
  await refused('search', { body: '{}', headers: { 'content-type': 'application/x-ndjson' } }, 415, 'request.type');
  await refused('search', { body: '', headers: json }, 400, 'request.body');
  await refused('search', { method: 'POST' }, 400, 'request.body');
  const hidden = await refused(
    'search',
    { body: '{"k":1,"__proto__":{"k":2}}', headers: json },
    400,
    'request.invalid',
  );
  t.is(hidden.json.errors[0].path, '/__proto__');
});

test('every field at fault is named with its path and its limit', async (t) => {
  const { refused } = await start(t);
  const body = {
    embedding: [1, 'x', 2],
    k: 1_001,
    type: 'y'.repeat(65),
    like: HASH,
    colour: 1,
    metadata: { deep: [[[[[[[[1]]]]]]]] },
  };
  const { json } = await refused('search', { body }, 400, 'request.invalid');
  const byPath = Object.fromEntries(
    json.errors.map(({ path, detail }: { path: string; detail: string }) => [path, detail]),
  );
  t.deepEqual(Object.keys(byPath).sort(), ['/colour', '/embedding/1', '/k', '/metadata', '/type']);
  t.regex(byPath['/k'], /1000/);
  t.regex(byPath['/type'], /64/);
  t.regex(byPath['/metadata'], /limit 8/);
  const both = await refused('search', { body: { embedding: vector(), like: HASH } }, 400, 'request.invalid');
  t.is(both.json.errors[0].path, '/like');
  const query = await refused('detections?limit=0&since=4', {}, 400, 'request.invalid');
  t.deepEqual(query.json.errors.map((error: { path: string }) => error.path).sort(), ['query/limit', 'query/since']);
  await refused('detections?limit=5&limit=6', {}, 400, 'request.invalid');
  await refused('status?verbose=1', {}, 400, 'request.invalid');
});

test('payloads are taken up to their limits and no further', async (t) => {
  const { api, refused } = await start(t);
  const message = (payload: unknown) => ({ to: '*', type: 'note', payload });
  const text = (bytes: number): string => 'x'.repeat(bytes - 2);
  t.is((await call(`${api}/messages`, { body: message(text(limits.MESSAGE_PAYLOAD_BYTES)) })).status, 202);
  await refused('messages', { body: message(text(limits.MESSAGE_PAYLOAD_BYTES + 1)) }, 413, 'request.payload');
  const alert = (payload: unknown) => ({ priority: 'high', type: 'smoke', payload });
  t.is((await call(`${api}/alerts`, { body: alert(text(limits.ALERT_PAYLOAD_BYTES)) })).status, 201);
  await refused('alerts', { body: alert(text(limits.ALERT_PAYLOAD_BYTES + 1)) }, 413, 'request.payload');
  const raw = (bytes: number) => ({ to: '*', type: 'note', payloadBase64: Buffer.alloc(bytes).toString('base64') });
  await refused('query', { body: raw(limits.MESSAGE_PAYLOAD_BYTES + 1) }, 413, 'request.payload');
  const both = { ...message(text(limits.MESSAGE_PAYLOAD_BYTES + 1)), priority: 'urgent' };
  await refused('messages', { body: both }, 400, 'request.invalid');
  const deep = `{"to":"*","type":"note","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  await refused('messages', { body: deep, headers: { 'content-type': 'application/json' } }, 400, 'request.invalid');
  await refused('messages', { body: { ...message(1), payloadBase64: 'AAAA' } }, 400, 'request.invalid');
  await refused('messages', { body: { to: 'bob', type: 'note' } }, 400, 'request.invalid');
});

test('alerts are raised and listed, messages sent and their story told', async (t) => {
  const { api, refused } = await start(t);
  const raised = await call(`${api}/alerts`, { body: { priority: 'critical', type: 'smoke', payload: { zone: 1 } } });
  t.is(messages.alert.parse(raised.json).type, 'smoke');
  t.is(messages.alertPage.parse((await call(`${api}/alerts?limit=1`)).json).alerts.length, 1);
  const { messageId } = messages.messageAccepted.parse(
    (await call(`${api}/messages`, { body: { to: FAKE_PEER, type: 'hello' } })).json,
  );
  t.is(messages.messageStory.parse((await call(`${api}/messages/${messageId}`)).json).condition, 'sent');
  await refused(`messages/${'f'.repeat(28)}`, {}, 404, 'message.unknown');
});

test('a query waits for its response, and one that came as an event is answered', async (t) => {
  const { agent, api, refused } = await start(t);
  const answer = await call(`${api}/query`, { body: { to: FAKE_PEER, type: 'ask', payload: [1] } });
  t.deepEqual(messages.queryAnswer.parse(answer.json).payload, { echo: [1] });
  await refused('query', { body: { to: FAKE_PEER, type: 'silence' } }, 504, 'query.timeout');
  const id = `${'0'.repeat(27)}1`;
  t.is((await call(`${api}/queries/${id}/response`, { body: { payload: 'yes' } })).status, 202);
  t.deepEqual(agent.calls.at(-1), { what: 'respond', with: { messageId: id, response: { payload: 'yes' } } });
});

test('unknown routes and methods are told apart, with what is allowed', async (t) => {
  const { refused } = await start(t);
  await refused('nothing', {}, 404, 'route.unknown');
  await refused('/nowhere', { method: 'POST', body: {} }, 404, 'route.unknown');
  const wrong = await refused('status', { method: 'DELETE' }, 405, 'route.method');
  t.is(wrong.headers.allow, 'GET');
  t.is(
    (await refused(`detections/${HASH}`, { method: 'PUT', body: {} }, 405, 'route.method')).headers.allow,
    'GET, DELETE',
  );
  await refused('detections/%zz', {}, 400, 'request.malformed');
});

test('what is not HTTP gets a problem and a closed connection', async (t) => {
  const { url } = await start(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('NONSENSE\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  t.regex(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.regex(text, /"code":"request\.malformed"/);
});

test('an unexpected error is logged, and answered without its details', async (t) => {
  const agent = new FakeAgent();
  const logged: unknown[] = [];
  const noting = { ...log, error: (_: string, fields?: object) => void logged.push(fields), child: () => noting };
  const server = await createHttpServer({
    agent,
    host: '127.0.0.1',
    port: 0,
    log: noting,
    clock: new SteppedClock(),
    dashboardDir: '/nonexistent',
  });
  t.teardown(() => server.close());
  agent.statistics = () => {
    throw new TypeError('the secret detail');
  };
  const answer = await call(`${server.url}/api/v1/statistics`);
  t.deepEqual([answer.status, answer.json.code], [500, 'internal']);
  t.notRegex(answer.text, /secret/);
  t.is(logged.length, 1);
});

test('more requests in flight than the limit are told when to come back', async (t) => {
  const { agent, api } = await start(t);
  let finish = (): void => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  agent.search = () => held.then(() => ({ results: [], asked: 1, answered: 1, nodes: [], tookMs: 0 }));
  const all = Array.from({ length: limits.REQUESTS_IN_FLIGHT + 20 }, () =>
    call(`${api}/search`, { body: {} }).then((answer) => {
      if (answer.status === 429) finish();
      return answer;
    }),
  );
  const answers = await Promise.all(all);
  const busy = answers.filter((answer) => answer.status === 429);
  t.true(busy.length >= 1 && busy.length <= 20);
  t.is(busy[0]?.json.code, 'request.busy');
  t.is(busy[0]?.headers['retry-after'], '1');
  t.is((await call(`${api}/search`, { body: {} })).status, 200);
});

test('bodies in flight beyond the limit are refused, and their room is given back', async (t) => {
  const { agent, api } = await start(t);
  let finish = (): void => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const push = agent.detections.push;
  agent.detections.push = (items) => held.then(() => push(items));
  const body = `[${' '.repeat(limits.BATCH_BYTES - 2)}{}]`.slice(2);
  const blank = `[{}${' '.repeat(limits.BATCH_BYTES - 4)}]`;
  t.is(body.length, limits.BATCH_BYTES);
  const headers = { 'content-type': 'application/json' };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      call(`${api}/detections`, { body: blank, headers }).then((answer) => {
        if (answer.status === 429) finish();
        return answer;
      }),
    ),
  );
  t.deepEqual(answers.map((answer) => answer.status).sort(), [422, 422, 422, 422, 429]);
  t.is(answers.find((answer) => answer.status === 429)?.json.code, 'request.busy.bytes');
  t.is((await call(`${api}/detections`, { body: blank, headers })).status, 422);
});

test('a port in use, a port not allowed and an address not of this machine each say what to do', async (t) => {
  const { url, agent } = await start(t);
  const options = { agent, log, clock: new SteppedClock(), dashboardDir: '/nonexistent' };
  const port = Number(new URL(url).port);
  const taken = await t.throwsAsync<EdgeError>(createHttpServer({ ...options, host: '127.0.0.1', port }), {
    instanceOf: EdgeError,
  });
  t.is(taken?.code, 'http.port');
  t.true(taken?.message.includes(String(port)) && taken.fix?.includes(String(port + 1)));
  const elsewhere = await t.throwsAsync<EdgeError>(
    createHttpServer({ ...options, host: '192.0.2.1', port: 0, token: 'x' }),
    { instanceOf: EdgeError },
  );
  t.is(elsewhere?.code, 'http.host');
  const open = await t.throwsAsync<EdgeError>(createHttpServer({ ...options, host: '0.0.0.0', port: 0 }), {
    instanceOf: EdgeError,
  });
  t.is(open?.code, 'http.token');
});

test('closing lets a running request finish and leaves nothing listening', async (t) => {
  const agent = new FakeAgent();
  const server = await createHttpServer({
    agent,
    host: 'localhost',
    port: 0,
    log,
    clock: new SteppedClock(),
    dashboardDir: '/nonexistent',
  });
  let finish = (): void => {};
  const asked = new Promise<void>((started) => {
    agent.search = () => {
      started();
      return new Promise((resolve) => {
        finish = () => resolve({ results: [], asked: 1, answered: 1, nodes: [], tookMs: 0 });
      });
    };
  });
  const answer = call(`${server.url}/api/v1/search`, { body: {} });
  await asked;
  const closed = server.close();
  finish();
  t.is((await answer).status, 200);
  await closed;
  const socket = connect(Number(new URL(server.url).port), 'localhost');
  const fate = await new Promise((resolve) => {
    socket.once('error', () => resolve('refused'));
    socket.once('connect', () => resolve('connected'));
  });
  t.is(fate, 'refused');
  t.is(agent.listeners('peer'), 0);
});
