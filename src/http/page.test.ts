import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FakeAgent } from '../testing/fake-agent.js';
import { call } from '../testing/http-client.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import { PAGE_FILE_BYTES } from './limits.js';
import { createHttpServer } from './server.js';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

async function start(t: { teardown(fn: () => unknown): void }, files: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), 'page-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const options = { agent: new FakeAgent(), host: '127.0.0.1', port: 0, log, clock: new SteppedClock() };
  const server = await createHttpServer({ ...options, dashboardDir: directory });
  t.teardown(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });
  return { url: server.url, directory };
}

const PAGE = {
  'index.html': '<!doctype html>',
  'main.js': 'export {};',
  'style.css': 'a{}',
  'main.test.js': 'no',
  'secret.txt': 'no',
  '.env': 'no',
};

test('the page and its files come with their types, a policy and an etag', async (t) => {
  const { url } = await start(t, PAGE);
  const page = await call(`${url}/`);
  t.deepEqual(
    [page.status, page.headers['content-type'], page.text],
    [200, 'text/html; charset=utf-8', '<!doctype html>'],
  );
  t.regex(String(page.headers['content-security-policy']), /default-src 'none'; script-src 'self'/);
  t.is(page.headers['x-content-type-options'], 'nosniff');
  t.is((await call(`${url}/main.js`)).headers['content-type'], 'text/javascript; charset=utf-8');
  t.is((await call(`${url}/style.css`)).headers['content-type'], 'text/css; charset=utf-8');
  t.is((await call(`${url}/index.html`)).text, page.text);
});

test('a page the browser has is not sent again until it changes', async (t) => {
  const { url, directory } = await start(t, PAGE);
  const etag = String((await call(`${url}/main.js`)).headers.etag);
  const again = await call(`${url}/main.js`, { headers: { 'if-none-match': etag } });
  t.deepEqual([again.status, again.text], [304, '']);
  await writeFile(join(directory, 'main.js'), 'export const built = "again";');
  const changed = await call(`${url}/main.js`, { headers: { 'if-none-match': etag } });
  t.deepEqual([changed.status, changed.text], [200, 'export const built = "again";']);
});

test('nothing else in the folder is served, nor anything outside it', async (t) => {
  const { url } = await start(t, PAGE);
  for (const path of [
    'main.test.js',
    'secret.txt',
    '.env',
    '../package.json',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/x.js',
  ]) {
    t.is((await call(`${url}/${path}`)).status, 404, path);
  }
});

test('a page that is not built, is gone, or is far too large says so', async (t) => {
  const bare = await start(t, {});
  const absent = await call(`${bare.url}/`);
  t.deepEqual([absent.status, absent.json.code], [404, 'dashboard.absent']);
  const { url, directory } = await start(t, { ...PAGE, 'large.js': ' '.repeat(PAGE_FILE_BYTES + 1) });
  await rm(join(directory, 'main.js'));
  t.is((await call(`${url}/main.js`)).json.code, 'dashboard.absent');
  t.is((await call(`${url}/large.js`)).json.code, 'dashboard.bytes');
});
