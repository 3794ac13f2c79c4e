import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentProcess, ownMesh, scratch } from '../testing/agents.js';
import { edgeAgent } from '../testing/command-line.js';

const isRoot = process.getuid?.() === 0;

function asRoot(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (isRoot) test(title, body);
  else test.skip(`${title} (skipped: needs root)`, () => {});
}

/** Starts an agent that must not start; what it said. */
async function refused(t: ExecutionContext, data: string, code: number, ...args: string[]): Promise<string> {
  const { mesh, radio } = ownMesh();
  const here = ['--radio', radio, '--mesh', mesh, '--data', data, '--http', '127.0.0.1:0'];
  const finished = await edgeAgent([...here, ...args]);
  t.is(finished.code, code, finished.stderr);
  t.is(finished.stdout, '');
  // Log lines are JSON; beside them there is one error and one way to mend it.
  const said = finished.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  t.is(said.length, 2, finished.stderr);
  t.regex(said[0] ?? '', /^error: /);
  t.regex(said[1] ?? '', /^fix: /);
  return said.join('\n');
}

function configFile(text: string): string {
  const file = join(scratch('config'), 'agent.toml');
  writeFileSync(file, text);
  return file;
}

test('mistakes in the configuration end with 2, name the line and the way out, and leave nothing behind', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['mesh = "x"\n[limits]\npeer = 3\n', /agent\.toml line 3: .*limits\.peer".*peers\?/s],
    ['[mesh_timing]\nheartbeat_interval = 5\n', /agent\.toml line 2.*heartbeat_interval.*unit.*"5s"/s],
    ['[mesh_timing]\nheartbeat_interval = "5 lightyears"\n', /agent\.toml line 2.*heartbeat_interval/s],
    ['[limits]\nstore = "2"\n', /agent\.toml line 2.*limits\.store.*unit/s],
    ['[mesh_timing]\nheartbeat_interval = "5s"\npeer_timeout = "6s"\n', /peer_timeout.*twice/s],
    ['mesh = \n', /agent\.toml.*1/s],
    ['radios = ["wifi"]\n', /agent\.toml line 1.*wifi.*udp/s],
    ['[[spaces]]\nname = "faces"\ndimension = 510\n', /dimension.*multiple of 4/s],
  ];
  for (const [text, says] of cases) {
    const data = join(scratch('start'), 'data');
    t.regex(await refused(t, data, 2, '--config', configFile(text)), says);
    t.false(existsSync(data));
  }
  const data = join(scratch('start'), 'data');
  t.regex(await refused(t, data, 2, '--http', '0.0.0.0:0'), /token/);
  t.false(existsSync(data));
});

test('a taken HTTP port ends with 1, names the port, and leaves no runtime file and no lock', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const data = join(scratch('start'), 'data');
  const said = await refused(t, data, 1, '--http', `127.0.0.1:${port}`);
  t.regex(said, new RegExp(`port ${port} .*in use.*--http`, 's'));
  t.false(existsSync(join(data, 'runtime.json')));
  const agent = await AgentProcess.start(t, { name: 'after', ...ownMesh(), data });
  t.is(await agent.stop(), 0);
});

test('the data directory of a running agent is refused with its pid, and stays its own', async (t) => {
  const first = await AgentProcess.start(t, { name: 'first', ...ownMesh() });
  const said = await refused(t, first.data, 1);
  t.true(said.includes(`pid ${first.pid}`), said);
  t.regex(said, /--data/);
  t.is((await first.json('status')).name, 'first');
  t.is(await first.stop(), 0);
});

test('a data directory of a newer format is refused and not touched', async (t) => {
  const agent = await AgentProcess.start(t, { name: 'newer', ...ownMesh() });
  t.is(await agent.stop(), 0);
  writeFileSync(join(agent.data, 'format'), '7\n');
  const before = readdirSync(agent.data).filter((name) => !name.startsWith('lock.'));
  t.regex(await refused(t, agent.data, 1), /format 7.*up to format 1.*newer release/s);
  t.deepEqual(
    readdirSync(agent.data).filter((name) => !name.startsWith('lock.')),
    before,
  );
});

test('a damaged store, key or boot record is refused with what to restore', async (t) => {
  const agent = await AgentProcess.start(t, { name: 'damaged', ...ownMesh() });
  t.is(await agent.stop(), 0);
  chmodSync(join(agent.data, 'identity.key'), 0o644);
  t.regex(await refused(t, agent.data, 1), /Others may read.*chmod 600/s);
  chmodSync(join(agent.data, 'identity.key'), 0o600);
  writeFileSync(join(agent.data, 'store', 'data.mdb'), Buffer.alloc(65_536, 7));
  t.regex(await refused(t, agent.data, 1), /store.*damaged/s);
  writeFileSync(join(agent.data, 'boot.a'), 'x');
  writeFileSync(join(agent.data, 'boot.b'), 'x');
  t.regex(await refused(t, agent.data, 1), /boot records.*damaged|store.*damaged/s);
});

asRoot('a directory that may not be written is refused with the command that mends it', async (t) => {
  const parent = scratch('start');
  chmodSync(parent, 0o755);
  const data = join(parent, 'data');
  mkdirSync(data, { mode: 0o700 });
  const { mesh, radio } = ownMesh();
  const agent = AgentProcess.start(t, {
    name: 'nobody',
    mesh,
    radio,
    data,
    wrapper: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
  });
  const error = await t.throwsAsync(agent);
  t.regex(error?.message ?? '', /ended: 1, error: The agent may not write .*data.*\nfix: .*chown/s);
  t.deepEqual(readdirSync(data), []);
});

asRoot('who may not read the data directory is told of --url', async (t) => {
  const data = scratch('private');
  writeFileSync(join(data, 'runtime.json'), '{}', { mode: 0o600 });
  chmodSync(data, 0o700);
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const { status, stderr } = spawnSync('setpriv', [...as, 'dist/cli/main.js', 'status', '--data', data], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  t.is(status, 4, stderr);
  t.regex(stderr, /^error: You may not read .*\nfix: .*--url http/);
});
