import { connect } from 'node:net';
import test from 'ava';
import { EdgeError } from '../core/errors.js';
import { FakeAgent } from '../testing/fake-agent.js';
import { call } from '../testing/http-client.js';
import { startedBy } from '../testing/http-face.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import * as limits from './limits.js';
import { problem } from './schema/problem.js';
import { createHttpServer } from './server.js';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const HASH = 'ab'.repeat(16);
const start = startedBy({ open: createHttpServer, closeGraceMs: limits.CLOSE_GRACE_MS, problem });

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
