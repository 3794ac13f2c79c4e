import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { blocksOf, commandsOf, mentionsOf } from './docs-lib/blocks.mjs';
import { makeChecker } from './docs-lib/exists.mjs';
import { openPlace } from './docs-lib/place.mjs';
import { plan, rewrite, SHELL_VALUES } from './docs-lib/rules.mjs';
import { runPage } from './docs-lib/run.mjs';

const root = join(import.meta.dirname, '..');
const isBuilt = existsSync(join(root, 'dist/index.js'));
const needsBuild = isBuilt ? false : 'needs scripts/build';
const page = (language, ...lines) => ['Text', '```'.concat(language), ...lines, '```'].join('\n');

test('a block knows its language and its line, and loses the indentation of its fence', () => {
  const [block, ...others] = blocksOf('# Title\n\n- item\n  ```sh\n  one\n    two\n  ```\n');
  assert.deepEqual(block, { language: 'sh', line: 5, text: 'one\n  two' });
  assert.deepEqual(others, []);
});

test('a block that is never closed is refused, by its line', () => {
  assert.throws(() => blocksOf('a\n```sh\nls\n'), /line 2/);
});

test('a command has all of its lines: continuations, open quotes, here-documents', () => {
  const text = ["curl a \\\n  -d 'b'", '# why', 'cat <<END\nx y\nEND', "cat 'two\nlines'", 'export A=1'].join('\n');
  const commands = commandsOf({ line: 10, text });
  assert.deepEqual(
    commands.map(({ line, text }) => [line, text.split('\n').length]),
    [
      [10, 2],
      [13, 3],
      [16, 2],
      [18, 1],
    ],
  );
});

test('a comment with a status and a code is the promise of a refusal', () => {
  const [one, two] = commandsOf({ line: 1, text: 'curl x  # 404 detection.unknown\ncurl y  # 24 frames' });
  assert.deepEqual(one.refusal, { status: '404', code: 'detection.unknown' });
  assert.equal(two.refusal, undefined);
});

test('commands named in running text are found, those of blocks are not', () => {
  const text = `See \`edge-agent stats\` and \`./scripts/test --full\`, not \`stats\`.\n${page('sh', '`edge-agent x`')}`;
  assert.deepEqual(mentionsOf(text), [
    { line: 1, text: 'edge-agent stats' },
    { line: 1, text: './scripts/test --full' },
  ]);
});

test('a command runs, stays, cannot run here with a reason, or is unknown', () => {
  assert.equal(plan('edge-agent status --json').kind, 'run');
  assert.equal(plan('npx edge-agent --radio udp').shows, 'agent');
  assert.equal(plan('EDGE_AGENT_TOKEN_FILE=a edge-agent --http 0.0.0.0:7070').shows, 'agent');
  assert.equal(plan('edge-agent alerts watch  # until Ctrl-C').shows, 'alert');
  assert.equal(plan('edge-agent events --count 3').kind, 'run');
  assert.match(plan('sudo reboot').why, /machine/);
  for (const text of ['rm -rf x', 'npm publish', 'edge-agentx', './scripts/never']) {
    assert.equal(plan(text).kind, 'unknown', text);
  }
});

test('addresses and ids of the page become those of this run, and no radio leaves the loopback', () => {
  const place = { address: '127.0.0.1:1', otherRadio: 'udp:5@lo', peerId: 'ff', peerAddress: '127.0.0.1:3' };
  const real = (text) => rewrite(text, SHELL_VALUES, place);
  assert.equal(real('curl http://localhost:7070/x 127.0.0.1:7070'), 'curl http://127.0.0.1:1/x 127.0.0.1:1');
  assert.equal(real('edge-agent --radio udp --radio udp:7@eth0,wlan0'), 'edge-agent --radio udp:5@lo --radio udp:5@lo');
  assert.equal(real('--http 0.0.0.0:7070'), '--http 127.0.0.1:0');
  assert.equal(real('peers add 10.0.0.7:9999 --node a1b2c3d4e5f60718'), 'peers add 127.0.0.1:3 --node ff');
});

test('what does not exist is named: a command, a flag, a script, its flag', { skip: needsBuild }, async () => {
  const exists = await makeChecker(root);
  for (const text of [
    'edge-agent search --like x',
    'edge-agent COMMAND',
    './scripts/test --full',
    'edge-agent --radio udp',
  ])
    assert.equal(exists(text), undefined, text);
  assert.match(exists('edge-agent wherefore x'), /no command edge-agent wherefore/);
  assert.match(exists('npx edge-agent stats --since 1h'), /stats knows no --since/);
  assert.match(exists('./scripts/never'), /not there/);
  assert.match(exists('./scripts/build && ./scripts/demo --forever'), /knows no --forever/);
});

describe('a page that is run', { skip: needsBuild }, () => {
  let place;
  let exists;
  before(async () => {
    place = await openPlace(root);
    exists = await makeChecker(root);
  });
  after(() => place?.close());
  const run = async (...args) => runPage(place, blocksOf(page(...args)), exists);
  const outcomes = (results) => results.map(({ line, outcome }) => `${line} ${outcome}`);

  test('passes when its commands do, which share a shell', async () => {
    const results = await run('sh', 'id=$(edge-agent send camera-gate note hi)', 'edge-agent message $id', 'sudo x');
    assert.deepEqual(outcomes(results), ['3 passed', '4 passed', '5 skipped']);
  });

  test('fails at the line of the command that fails, with what it said; the rest is not run', async () => {
    const results = await run('sh', 'edge-agent status', 'edge-agent message 0102', 'edge-agent peers');
    assert.deepEqual(outcomes(results), ['3 passed', '4 failed', '5 skipped']);
    assert.match(results[1].detail, /id of a message/);
  });

  test('fails when HTTP refuses, and when a promised refusal is another or none', async () => {
    const url = 'http://127.0.0.1:7070/api/v1';
    const lines = [
      `curl -s ${url}/never`,
      `curl -s ${url}/messages/00 # 404 message.unknown`,
      `curl -s ${url}/status # 404 a`,
    ];
    for (const line of lines) assert.deepEqual(outcomes(await run('sh', line)), ['3 failed'], line);
    assert.deepEqual(outcomes(await run('sh', `curl -s ${url}/never # 404 route.unknown`)), ['3 passed']);
  });

  test('fails for what should stay and ends, for unknown commands, flags and languages', async () => {
    const pages = [
      ['sh', 'edge-agent --radio udp --data /dev/null/x'],
      ['sh', 'rm -rf x'],
      ['sh', './scripts/demo --forever'],
      ['ruby', 'puts 1'],
      ['toml', 'mush = "a"'],
      ['json', '{ "a": }'],
      ['ini', 'ExecStart=/usr/bin/edge-agent --nope'],
      ['python', 'print(missing)'],
    ];
    for (const each of pages) assert.deepEqual(outcomes(await run(...each)), ['3 failed'], each[1]);
  });

  test('the page on HTTP calls every operation of the contract', async () => {
    const { paths } = await (await fetch(`http://${place.address}/api/v1/openapi.json`)).json();
    const commands = blocksOf(readFileSync(join(root, 'docs/http.md'), 'utf8'))
      .filter(({ language }) => language === 'sh')
      .flatMap(commandsOf)
      .map(({ text }) => ({
        method: /-X (\w+)/.exec(text)?.[1] ?? (/ -d | --data/.test(text) ? 'POST' : 'GET'),
        path: /http:\/\/127\.0\.0\.1:7070([^\s'"?]*)/.exec(text)?.[1],
      }));
    const operations = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => [m, path]));
    assert.ok(operations.length > 15);
    for (const [method, path] of operations) {
      const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      const told = commands.some((command) => command.method === method.toUpperCase() && pattern.test(command.path));
      assert.ok(told, `docs/http.md has no call of ${method} ${path}`);
    }
  });

  test('the page on the library names all that an agent can do', async () => {
    const { Agent } = await import(pathToFileURL(join(root, 'dist/agent/agent.js')).href);
    const text = readFileSync(join(root, 'docs/library.md'), 'utf8');
    for (const name of Object.getOwnPropertyNames(Agent.prototype).filter((each) => each !== 'constructor'))
      assert.ok(text.includes(`agent.${name}(`), `docs/library.md does not tell of agent.${name}`);
  });

  test('names the line of the page where a program fails, over its blocks', async () => {
    const text = `${page('js', 'const a = 1;')}\nText\n${page('js', 'console.log(a);', 'throw new Error("no");')}`;
    const [result] = await runPage(place, blocksOf(text), exists);
    assert.equal(result.outcome, 'failed');
    assert.match(result.detail, /page\.mjs:9/);
  });
});
