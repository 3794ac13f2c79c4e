import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { RadioStatus } from '../../agent/contract.js';
import { createHttpServer } from '../../http/server.js';
import type { Log } from '../../ports/log.js';
import { lockDirectory } from '../../storage/dir-lock.js';
import { edgeAgent } from '../../testing/command-line.js';
import { FakeAgent } from '../../testing/fake-agent.js';
import type { Check } from './check.js';
import { checkClock, checkNode, isAtLeast } from './device.js';
import { lockHolder } from './lock-holder.js';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const scratch = (): string => mkdtempSync(join(tmpdir(), 'edge-doctor-'));

async function doctor(...args: string[]) {
  const { code, stdout, stderr } = await edgeAgent(['doctor', '--json', ...args]);
  const report = JSON.parse(stdout || stderr) as { ok: boolean; checks: readonly Check[] };
  const failures = report.checks.filter(({ condition }) => condition === 'fail');
  return {
    code,
    ok: report.ok,
    stderr: stderr || JSON.stringify(failures),
    check: (id: string) => report.checks.find((check) => check.id === id),
  };
}

/** A radio on loopback and no fixed port, so that nothing outside decides the outcome. */
const HERE = ['--radio', 'udp:19761@lo', '--http', '127.0.0.1:0'];

test('versions are compared by number', (t) => {
  t.true(isAtLeast('20.19.0', '20.19'));
  t.true(isAtLeast('22.0.0', '20.19'));
  t.false(isAtLeast('20.9.9', '20.19'));
  t.is(checkNode().condition, 'ok');
});

test('a clock that was never set fails with the command that sets it', (t) => {
  t.like(checkClock(0), { condition: 'fail' });
  t.regex(checkClock(0).fix ?? '', /timedatectl/);
  t.is(checkClock(Date.UTC(2027, 5, 1)).condition, 'ok');
});

test('without an agent doctor still examines everything, and that alone is no failure', async (t) => {
  const { code, ok, check } = await doctor(...HERE, '--data', join(scratch(), 'new'));
  t.is(code, 0);
  t.true(ok);
  for (const id of ['node', 'config', 'data.directory', 'data.lock', 'data.space', 'clock', 'privileges', 'http']) {
    t.is(check(id)?.condition, 'ok', id);
  }
  t.like(check('agent'), { condition: 'warn', fix: 'Start one with: edge-agent run' });
  t.is(check('radio.udp:19761@lo')?.condition, 'ok');
  t.truthy(check('hot-path'));
});

test('what does not work fails with what mends it, and the exit code is 1', async (t) => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const radios = ['--radio', 'ble', '--radio', 'udp:19762@nowhere0'];
  const { code, ok, check } = await doctor(...radios, '--data', join(file, 'x'), '--http', `127.0.0.1:${port}`);
  t.is(code, 1);
  t.false(ok);
  for (const id of ['data.directory', 'http', 'radio.ble', 'radio.udp:19762@nowhere0']) {
    t.is(check(id)?.condition, 'fail', id);
    t.truthy(check(id)?.fix, id);
  }
});

test('a wrong configuration is one of the findings, the rest is examined all the same', async (t) => {
  const { code, check } = await doctor('--config', '/nowhere/edge.toml');
  t.is(code, 1);
  t.regex(check('config')?.detail ?? '', /\/nowhere\/edge\.toml/);
  t.truthy(check('data.space'));
});

test('listening beyond loopback without a token is found before the agent refuses it', async (t) => {
  const { check } = await doctor('--radio', 'udp:19763@lo', '--http', '0.0.0.0:0', '--data', join(scratch(), 'new'));
  t.like(check('config'), { condition: 'fail' });
});

test('a running agent and the holder of its data directory are named', async (t) => {
  const dir = scratch();
  const lock = lockDirectory(dir);
  const http = await createHttpServer({ agent: new FakeAgent(), host: '127.0.0.1', port: 0, log: silent });
  t.teardown(() => http.close());
  const { code, stderr, check } = await doctor(...HERE, '--data', dir, '--url', http.url);
  t.is(code, 0, stderr);
  t.regex(check('agent')?.detail ?? '', /^gate \(a1b2c3d4e5f60718/);
  t.is(check('data.lock')?.detail, `held by the agent with pid ${process.pid}`);
  t.like(check('radio.udp:9999'), { condition: 'ok', detail: 'in use by the running agent: up, 1 link' });
  t.regex(check('radio.udp:19761@lo')?.detail ?? '', /not what the running agent uses$/);
  const plain = await doctor('--data', dir, '--url', http.url, '--http', '127.0.0.1:0');
  t.is(plain.check('radio.udp:9999')?.detail, 'in use by the running agent: up, 1 link');
  lock.release();
  t.is(lockHolder(dir), undefined);
});

test('a radio of the running agent that reaches nobody is a warning, one that is not up a failure, each with its fix', async (t) => {
  const agent = new FakeAgent();
  const [radio] = agent.world.status.radios;
  const serial = { ...(radio as RadioStatus), kind: 'serial', links: 0, fix: 'join TX to RX' } as const;
  const radios = [
    { ...serial, name: 'serial:/dev/ttyA@9600', detail: 'no answer yet' },
    { ...serial, name: 'serial:/dev/ttyB', condition: 'retrying', reason: 'no device /dev/ttyB' },
  ] as const;
  agent.world.status = { ...agent.world.status, radios };
  const http = await createHttpServer({ agent, host: '127.0.0.1', port: 0, log: silent });
  t.teardown(() => http.close());
  const asked = ['--radio', 'serial:/dev/ttyA', '--radio', 'serial:/dev/ttyB'];
  const { code, check } = await doctor(...asked, '--data', join(scratch(), 'new'), '--url', http.url);
  t.is(code, 1);
  const told = 'in use by the running agent:';
  t.like(check('radio.serial:/dev/ttyA@9600'), { condition: 'warn', detail: `${told} up, 0 links; no answer yet` });
  t.like(check('radio.serial:/dev/ttyB'), { condition: 'fail', fix: 'join TX to RX' });
  t.is(check('radio.serial:/dev/ttyA'), undefined, 'the same port at another speed is not opened under it');
});

test('a lock of a process that is gone counts as free', (t) => {
  const dir = scratch();
  writeFileSync(join(dir, 'lock.7'), `${process.pid} 1 some-boot\n`);
  t.is(lockHolder(dir), undefined);
  writeFileSync(join(dir, 'lock.8'), 'garbage');
  t.is(lockHolder(dir), undefined);
});

test('for people every line says ok, warn or fail', async (t) => {
  const { stdout, code } = await edgeAgent(['doctor', ...HERE]);
  t.is(code, 0);
  t.regex(stdout, /^ok {4}node +Node\.js/m);
  t.regex(stdout, /^warn {2}agent +none is running/m);
});
