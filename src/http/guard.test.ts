import test from 'ava';
import { EdgeError } from '../core/errors.js';
import { FakeAgent } from '../testing/fake-agent.js';
import { call } from '../testing/http-client.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import { createGuard } from './guard.js';
import { createHttpServer } from './server.js';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const from = (host?: string, origin?: string, authorization?: string) => ({ host, origin, authorization });
const codeOf = (check: () => void): string => {
  try {
    check();
    return 'passed';
  } catch (error) {
    return error instanceof EdgeError ? `${error.status} ${error.code}` : String(error);
  }
};

test('on loopback every name of this machine is a good Host, with any port', (t) => {
  const guard = createGuard({ host: '127.0.0.1' });
  for (const host of ['localhost', 'LOCALHOST:7070', '127.0.0.1:1', '127.9.8.7', '[::1]:7070', '[::1]']) {
    t.is(
      codeOf(() => guard.checkSource(from(host))),
      'passed',
      host,
    );
  }
});

test('on loopback a Host that a rebound name would send is refused', (t) => {
  const guard = createGuard({ host: 'localhost' });
  const hosts = [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
    'localhost:7070:1',
    'user@localhost',
    '0.0.0.0',
  ];
  for (const host of hosts)
    t.is(
      codeOf(() => guard.checkSource(from(host))),
      '403 request.host',
      host,
    );
});

test('only pages this very server gave may call it', (t) => {
  const guard = createGuard({ host: '127.0.0.1' });
  const check = (origin: string): string => codeOf(() => guard.checkSource(from('localhost:7070', origin)));
  t.is(check('http://localhost:7070'), 'passed');
  for (const origin of [
    'http://localhost:3000',
    'http://127.0.0.1:7070',
    'https://evil.example',
    'null',
    '',
    'file://',
    'http://localhost:7070.evil.example',
  ]) {
    t.is(check(origin), '403 request.origin', origin);
  }
});

test('an address others reach needs a token, and then any Host is good', (t) => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'device.local'])
    t.is(
      codeOf(() => createGuard({ host })),
      '400 http.token',
      host,
    );
  t.is(
    codeOf(() => createGuard({ host: '0.0.0.0', token: '' })),
    '400 http.token',
  );
  const guard = createGuard({ host: '0.0.0.0', token: 'secret' });
  t.is(
    codeOf(() => guard.checkSource(from('device.local:7070'))),
    'passed',
  );
  t.is(
    codeOf(() => guard.checkSource(from('device.local', 'http://evil.example'))),
    '403 request.origin',
  );
});

test('only the exact token passes', (t) => {
  const guard = createGuard({ host: '127.0.0.1', token: 'secret' });
  const check = (authorization?: string): string =>
    codeOf(() => guard.checkToken(from('localhost', undefined, authorization)));
  t.is(check('Bearer secret'), 'passed');
  t.is(check('bearer  secret '), 'passed');
  for (const wrong of [
    undefined,
    '',
    'secret',
    'Bearer',
    'Bearer secre',
    'Bearer secrets',
    'Basic secret',
    'Bearer Secret',
  ]) {
    t.is(check(wrong), '401 request.token', wrong);
  }
});

test('over HTTP the guard stands before everything but health and the page', async (t) => {
  const options = {
    agent: new FakeAgent(),
    host: '127.0.0.1',
    port: 0,
    token: 'secret',
    log,
    clock: new SteppedClock(),
  };
  const server = await createHttpServer({ ...options, dashboardDir: '/nonexistent' });
  t.teardown(() => server.close());
  const status = `${server.url}/api/v1/status`;
  const refused = await call(status);
  t.deepEqual([refused.status, refused.json.code], [401, 'request.token']);
  t.is(refused.headers['www-authenticate'], 'Bearer realm="edge-agent"');
  t.is((await call(status, { headers: { authorization: 'Bearer secret' } })).status, 200);
  t.is((await call(`${server.url}/metrics`)).status, 401);
  t.is((await call(`${server.url}/api/v1/nothing`)).status, 401);
  t.is((await call(`${server.url}/healthz`)).status, 200);
  t.is((await call(`${server.url}/`)).json.code, 'dashboard.absent');
  t.is((await call(`${server.url}/healthz`, { headers: { host: 'evil.example' } })).json.code, 'request.host');
  t.is((await call(status, { headers: { origin: 'http://evil.example' } })).json.code, 'request.origin');
});
