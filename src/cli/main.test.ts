import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Encoder } from 'cbor-x';
import type { Statistics } from '../agent/statistics-contract.js';
import { createHttpServer } from '../http/server.js';
import type { Log } from '../ports/log.js';
import { edgeAgent, type Finished } from '../testing/command-line.js';
import { FAKE_NODE, FAKE_PEER, FakeAgent } from '../testing/fake-agent.js';
import { COMMANDS } from './command-table.js';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const HASH = 'ab'.repeat(16);

/** A fake agent behind the real HTTP face, and a way to call the command line for it. */
async function served(t: ExecutionContext, token?: string) {
  const agent = new FakeAgent();
  const http = await createHttpServer({ agent, host: '127.0.0.1', port: 0, log: silent, ...(token ? { token } : {}) });
  t.teardown(() => http.close());
  const run = (...args: string[]): Promise<Finished> => edgeAgent([...args, '--url', http.url]);
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json');
    t.is(code, 0, stderr);
    return JSON.parse(stdout);
  };
  return { agent, url: http.url, run, json };
}

/** Any HTTP server, for answers the agent does not give. */
async function stub(t: ExecutionContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const scratch = (name: string, content: string | Uint8Array): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'edge-cli-')), name);
  writeFileSync(file, content);
  return file;
};

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
  ]) {
    const { code, stdout, stderr } = await edgeAgent(args);
    t.is(code, 2, `${args.join(' ')}: ${stderr}`);
    t.is(stdout, '', args.join(' '));
    t.regex(stderr, /^error: .+\nfix: .+\n$/, args.join(' '));
  }
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

test('fields of this node are set and removed, its own ones beside those there are', async (t) => {
  const { agent, json } = await served(t);
  await json('state', 'set', 'fps=12.5', 'lens=wide', 'lux=80');
  const state = await json('state', 'set', 'battery=', 'lens=', 'door=open');
  t.like(state, { fps: 12.5, custom: { lux: 80, door: 'open' } });
  t.is(state.battery, undefined);
  t.deepEqual(agent.state().nodes[FAKE_NODE]?.custom, { lux: 80, door: 'open' });
});

test('detections are pushed from NDJSON in batches of 1,000, and the rejected are named by their place in the file', async (t) => {
  const { agent, run } = await served(t);
  const lines = Array.from({ length: 2_100 }, (_, i) =>
    JSON.stringify({ hash: i.toString(16).padStart(16, '0'), type: 'car' }),
  );
  lines[1_500] = '{"hash":"xyz","type":"car"}';
  const file = scratch('in.ndjson', `${lines.join('\n\n')}\n`);
  const { code, stdout } = await run('detections', 'push', file, '--json');
  t.is(code, 1);
  const result = JSON.parse(stdout);
  t.is(result.accepted, 2_099);
  t.is(result.rejected[0].index, 1_500);
  const sizes = agent.calls.filter(({ what }) => what === 'push').map((call) => (call.with as unknown[]).length);
  t.deepEqual(sizes, [1_000, 1_000, 100]);
  const again = await run('detections', 'push', file);
  t.regex(again.stdout, /^0 accepted, 2099 duplicates, 1 rejected\n$/);
  t.regex(again.stderr, /item 1501: hash must be/);
});

test('detections come from JSON, CBOR and standard input as well', async (t) => {
  const { agent, json, url } = await served(t);
  const item = { hash: HASH, type: 'car', metadata: { plate: 'X' } };
  t.deepEqual(await json('detections', 'push', scratch('one.json', JSON.stringify(item, null, 2))), {
    accepted: 1,
    duplicates: 0,
    rejected: [],
  });
  const embedding = Float32Array.from({ length: 512 }, (_, i) => i / 512);
  const cbor = new Encoder({ useRecords: false }).encode([{ hash: 'cd'.repeat(16), type: 'car', embedding }]);
  t.is((await json('detections', 'push', scratch('one.cbor', cbor))).accepted, 1);
  const pushed = agent.calls.at(-1)?.with as { embedding: Float32Array }[];
  t.deepEqual(Array.from(pushed[0]?.embedding ?? []), Array.from(embedding));
  const stdin = `${JSON.stringify({ ...item, hash: 'ef'.repeat(16) })}\n${JSON.stringify(item)}\n`;
  const piped = await edgeAgent(['detections', 'push', '--url', url], { stdin });
  t.is(piped.stdout, '1 accepted, 1 duplicate, 0 rejected\n');
});

test('a busy agent is asked again when it said to', async (t) => {
  let tries = 0;
  const url = await stub(t, (request, response) => {
    request.resume();
    tries += 1;
    if (tries < 3) response.writeHead(429, { 'retry-after': '0' }).end('{"code":"busy"}');
    else response.writeHead(202).end('{"accepted":1,"duplicates":0,"rejected":[]}');
  });
  const { code } = await edgeAgent(['detections', 'push', '--url', url], { stdin: '{"hash":"00"}\n' });
  t.is(code, 0);
  t.is(tries, 3);
});

test('detections are listed page by page and erased', async (t) => {
  const { agent, run, json } = await served(t);
  await agent.detections.push([1, 2, 3].map((i) => ({ hash: `${i}0`.repeat(8), type: 'car' })));
  const page = await json('detections', 'list', '--limit', '2');
  t.is(page.detections.length, 2);
  t.regex((await run('detections', '--limit', '2')).stderr, /--cursor 2/);
  const all = await run('detections', 'list', '--limit', '2', '--all', '--json');
  t.is(all.stdout.trim().split('\n').length, 2);
  t.deepEqual(await json('detections', 'erase', '10'.repeat(8)), { erased: 1 });
  const gone = await run('detections', 'erase', '10'.repeat(8), '--json');
  t.is(gone.code, 1);
  t.is(JSON.parse(gone.stderr).code, 'detection.unknown');
});

test('a search carries all of its filters', async (t) => {
  const { agent, json, run } = await served(t);
  const file = scratch('vector.json', JSON.stringify({ embedding: Array(512).fill(0.5) }));
  const args = ['--type', 'car', '--k', '5', '--metadata', 'plate=X', '--metadata', 'lane=2', '--scope', 'local'];
  const answer = await json('search', '--embedding', file, ...args, '--node', FAKE_PEER, '--since', '1790000000000');
  t.is(answer.asked, 1);
  t.like(agent.calls.at(-1)?.with, {
    type: 'car',
    k: 5,
    metadata: { plate: 'X', lane: 2 },
    scope: 'local',
    node: FAKE_PEER,
    sinceAt: 1_790_000_000_000,
  });
  t.regex((await run('search', '--like', HASH)).stdout, /1 of 1 nodes answered/);
  t.is((await run('search', '--like', HASH, '--embedding', file)).code, 2);
});

test('alerts are sent, listed and watched', async (t) => {
  const { agent, json, url } = await served(t);
  const sent = await json('alerts', 'send', 'intruder', '{"zone":3}', '--priority', 'critical');
  t.like(sent, { type: 'intruder', priority: 'critical', payload: { zone: 3 } });
  t.is((await json('alerts')).alerts.length, 1);
  const watching = edgeAgent(['alerts', 'watch', '--count', '2', '--json', '--url', url]);
  while (agent.listeners('alert') === 0) await new Promise(setImmediate);
  const timer = setInterval(() => void agent.alerts.send({ type: 'smoke', priority: 'high' }), 20);
  const { code, stdout } = await watching.finally(() => clearInterval(timer));
  t.is(code, 0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    lines.map(({ type }) => type),
    ['smoke', 'smoke'],
  );
});

test('watching goes on where it stopped when the connection is lost', async (t) => {
  const seen: (string | undefined)[] = [];
  const url = await stub(t, (request, response) => {
    const last = request.headers['last-event-id'];
    seen.push(typeof last === 'string' ? last : undefined);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`retry: 1\n: hello\n\nid: b-${seen.length}\nevent: peer\ndata: {"n":${seen.length}}\n\n`);
  });
  const { stdout, stderr, code } = await edgeAgent(['events', '--count', '2', '--json', '--url', url]);
  t.is(code, 0);
  t.deepEqual(seen, [undefined, 'b-1']);
  t.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { id: 'b-1', event: 'peer', data: { n: 1 } },
      { id: 'b-2', event: 'peer', data: { n: 2 } },
    ],
  );
  t.regex(stderr, /connection lost[\s\S]*connected again/);
});

test('a message is sent and its story told', async (t) => {
  const { agent, run, json } = await served(t);
  const { messageId } = await json('send', FAKE_PEER, 'note', 'hello', '--priority', 'low');
  t.like(agent.calls.at(-1)?.with, { to: FAKE_PEER, type: 'note', payload: 'hello', priority: 'low' });
  t.like(await json('message', messageId), { messageId, condition: 'sent' });
  t.regex((await run('message', messageId)).stdout, /condition +sent/);
  await json('send', 'all', 'blob', '--file', scratch('blob', Uint8Array.of(0, 255)));
  t.like(agent.calls.at(-1)?.with, { to: '*', payloadBase64: 'AP8=' });
  const late = await run('send', FAKE_PEER, 'note', 'x', '--wait', '--timeout', '300ms');
  t.is(late.code, 1);
  t.regex(late.stderr, /still on its way/);
  const calls = agent.calls.length;
  for (const args of [
    ['all', 'note', 'x', '--wait'],
    [FAKE_PEER, 'note', 'x', '--wait', '--no-ack'],
  ]) {
    const hopeless = await run('send', ...args);
    t.is(hopeless.code, 2);
    t.regex(hopeless.stderr, /waits for an acknowledgement.*\nfix: /);
  }
  t.is(agent.calls.length, calls);
  const short = await run('why', '0102');
  t.is(short.code, 2);
  t.regex(short.stderr, /28 hex digits.*\nfix: /);
});

test('a query prints the response, and its silence is a failure', async (t) => {
  const { run, json } = await served(t);
  t.like(await json('query', FAKE_PEER, 'echo', '[1,2]'), { from: FAKE_PEER, payload: { echo: [1, 2] } });
  t.is((await run('query', FAKE_PEER, 'echo', 'hi')).stdout, '{"echo":"hi"}\n');
  const silence = await run('query', FAKE_PEER, 'silence', '--json');
  t.is(silence.code, 1);
  t.is(JSON.parse(silence.stderr).code, 'query.timeout');
});

test('a ping prints how long the answer took, and fails when none came', async (t) => {
  const { agent, run, json } = await served(t);
  t.like(await json('ping', FAKE_PEER, '-c', '2', '--interval', '1ms'), {
    sent: 2,
    received: 2,
    rttMs: { min: 2, max: 2 },
  });
  t.like(agent.calls.at(-1)?.with, { to: FAKE_PEER, type: 'edge.ping' });
  t.regex((await run('ping', FAKE_PEER)).stdout, /^answer from tower: 2 ms\n$/);
  t.regex((await run('ping', FAKE_PEER, '--ids')).stdout, /^answer from 0102030405060708: 2 ms\n$/);
  const url = await stub(t, (request, response) => {
    request.resume();
    response.writeHead(504).end('{"code":"query.timeout","detail":"nobody answered in time"}');
  });
  const lost = await edgeAgent(['ping', FAKE_PEER, '--json', '--url', url]);
  t.is(lost.code, 1);
  t.like(JSON.parse(lost.stdout), { sent: 1, received: 0, rttMs: null });
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
