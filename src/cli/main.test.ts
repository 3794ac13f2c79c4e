import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EdgeError } from '../core/errors.js';
import { createHttpServer } from '../http/server.js';
import { edgeAgent } from '../testing/command-line.js';
import { FAKE_NODE } from '../testing/fake-agent.js';
import { scratch, servedBy, stub } from '../testing/served-agent.js';
import { COMMANDS } from './command-table.js';
import { exitCodeOf } from './report.js';

const served = servedBy(createHttpServer);

test('help names every command and ends with 0', async (t) => {
  for (const args of [['--help'], ['help'], ['-h']]) {
    const { code, stdout } = await edgeAgent(args);
    t.is(code, 0);
    for (const { name } of COMMANDS) t.regex(stdout, new RegExp(`^ +${name} `, 'm'));
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.is((await edgeAgent(['--version'])).stdout, `${version}\n`);
});

test('help for a command shows its options, also for a part of a group', async (t) => {
  t.regex((await edgeAgent(['help', 'search'])).stdout, /--embedding <file>/);
  t.regex((await edgeAgent(['help', 'peers', 'add'])).stdout, /--node <id>/);
  t.regex((await edgeAgent(['run', '--help'])).stdout, /--radio <radio>/);
});

test('wrong usage ends with 2, says what and how to mend it, and writes nothing to standard output', async (t) => {
  for (const args of [
    ['stattus'],
    ['status', '--jsno'],
    ['status', 'extra'],
    ['search', '--k', 'many'],
    ['peers', 'add', 'nowhere'],
    ['detections', 'push', '/nowhere/file'],
    ['--radio', 'wifi'],
    ['--mesh'],
    ['--config', '/nowhere/edge.toml'],
    ['status', '--url', 'http://['],
    ['events', '--types', 'weather'],
    ['query', 'barn', 'note', '--timeout', '2m'],
    ['ping', 'barn', '--timeout', '0s'],
    ['trace', 'barn', '--timeout', '2m'],
  ]) {
    const { code, stdout, stderr } = await edgeAgent(args);
    t.is(code, 2, `${args.join(' ')}: ${stderr}`);
    t.is(stdout, '', args.join(' '));
    t.regex(stderr, /^error: .+\nfix: .+\n$/, args.join(' '));
  }
  const data = mkdtempSync(join(tmpdir(), 'edge-data-'));
  const args = ['run', '--radio', 'udp@lo', '--data', data, '--http', '127.0.0.1:0'];
  t.is((await edgeAgent(args, { env: { EDGE_AGENT_HOT_PATH: 'gpu' } })).code, 2);
  t.is(exitCodeOf(new EdgeError('hotpath.isa', 'no kernels for mmx here')), 2);
  const late = await edgeAgent(['send', 'barn', 'note', 'x', '--timeout', '30d']);
  t.is(late.stderr, 'error: --timeout is "30d", and at most 7d is possible.\nfix: Give a duration from 1ms to 7d.\n');
  t.regex((await edgeAgent(['stattus'])).stderr, /Did you mean status\?/);
});

test('no agent there ends with 3 and says how to start one', async (t) => {
  const { code, stdout, stderr } = await edgeAgent(['status', '--url', 'http://127.0.0.1:1']);
  t.is(code, 3);
  t.is(stdout, '');
  t.regex(
    stderr,
    /^error: No agent answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)\.\nfix: Start one with: edge-agent run/,
  );
  const problem = JSON.parse((await edgeAgent(['status', '--url', '127.0.0.1:1', '--json'])).stderr);
  t.like(problem, { code: 'cli.no-agent', status: 503 });
});

test('something that is no agent is told from one', async (t) => {
  const url = await stub(t, (_, response) => response.end('<html>hello</html>'));
  const { code, stderr } = await edgeAgent(['status', '--url', url]);
  t.is(code, 3);
  t.regex(stderr, /is not an edge-agent/);
});

test('not allowed ends with 4, and a token opens', async (t) => {
  const { url } = await served(t, 'a-token-of-some-length');
  const refused = await edgeAgent(['status', '--url', url]);
  t.is(refused.code, 4);
  t.regex(refused.stderr, /^error: .+\nfix: .+\n$/);
  t.is((await edgeAgent(['status', '--url', url, '--token', 'a-token-of-some-length'])).code, 0);
  t.is((await edgeAgent(['status', '--url', url], { env: { EDGE_AGENT_TOKEN: 'a-token-of-some-length' } })).code, 0);
  t.is((await edgeAgent(['status', '--url', url, '--token', 'an-other-token-entirely'])).code, 4);
});

test('the runtime file in the data directory leads to the agent', async (t) => {
  const { url } = await served(t);
  const dir = mkdtempSync(join(tmpdir(), 'edge-data-'));
  const runtime = { pid: process.pid, url, nodeId: FAKE_NODE, startedAt: 1 };
  writeFileSync(join(dir, 'runtime.json'), JSON.stringify(runtime));
  t.is((await edgeAgent(['status', '--data', dir])).code, 0);
  t.is((await edgeAgent(['status'], { env: { EDGE_AGENT_DATA: dir } })).code, 0);
  const state = mkdtempSync(join(tmpdir(), 'edge-state-'));
  mkdirSync(join(state, 'edge-agent'));
  writeFileSync(join(state, 'edge-agent', 'runtime.json'), JSON.stringify(runtime));
  t.is((await edgeAgent(['status'], { env: { XDG_STATE_HOME: state } })).code, 0);
  writeFileSync(join(dir, 'runtime.json'), JSON.stringify({ ...runtime, pid: 2 ** 22 + 1, url: 'http://127.0.0.1:1' }));
  const gone = await edgeAgent(['status', '--data', dir]);
  t.is(gone.code, 3);
  t.regex(gone.stderr, /process 4194305 has ended/);
  const empty = mkdtempSync(join(tmpdir(), 'edge-data-'));
  const none = await edgeAgent(['status', '--data', empty]);
  t.is(none.code, 3);
  t.true(none.stderr.includes(`No agent has left its address in ${empty}.`));
});

test('text from other nodes cannot steer the terminal', async (t) => {
  const { agent, run } = await served(t);
  const [peer] = agent.world.peers;
  if (!peer) throw new Error('the fake agent has no peer');
  agent.world.peers = [{ ...peer, name: 'evil\x1b[2J\u009b31m\u202e' }];
  const { stdout } = await run('peers');
  t.true(stdout.includes('evil'));
  for (const steering of ['\x1b', '\u009b', '\u202e']) t.false(stdout.includes(steering));
  const json = (await run('peers', '--json')).stdout;
  for (const steering of ['\x1b', '\u009b']) t.false(json.includes(steering));
});

test('config explain names the source of every value, config schema is a JSON schema', async (t) => {
  const file = scratch('edge.toml', 'mesh = "lab"\n[http]\ntoken = "0123456789abcdef"\n');
  const env = { EDGE_AGENT_CONFIG: file, EDGE_AGENT_LOG_LEVEL: 'warn' };
  const { stdout, code } = await edgeAgent(['config', 'explain', '--radio', 'udp@lo', '--json'], { env });
  t.is(code, 0);
  const sources = Object.fromEntries(
    JSON.parse(stdout).keys.map(({ key, source, value }: Record<string, string>) => [key, [source, value]]),
  );
  t.deepEqual(sources['mesh'], ['edge.toml:1', 'lab']);
  t.deepEqual(sources['log_level'], ['env EDGE_AGENT_LOG_LEVEL', 'warn']);
  t.deepEqual(sources['radios'], ['flag --radio', ['udp@lo']]);
  t.deepEqual(sources['http.token'], ['edge.toml:3', '********']);
  t.regex((await edgeAgent(['config'], { env })).stdout, /^mesh +lab +edge\.toml:1/m);
  t.is(JSON.parse((await edgeAgent(['config', 'schema'])).stdout).type, 'object');
});
