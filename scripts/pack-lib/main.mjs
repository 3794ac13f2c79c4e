// scripts/pack-smoke: what a person gets who installs the package.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentProcess, freeUdpPort, TETHER } from '../demo-lib/agent-process.mjs';
import { Identities } from '../demo-lib/identities.mjs';
import { bytesText } from '../demo-lib/table.mjs';
import { filesUnder, inspect } from './contents.mjs';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const INSTALL_MS = 6 * 60_000;
const COMMAND_MS = 60_000;
const OUTPUT_BYTES = 16 * 2 ** 20;

const USAGE = `usage: scripts/pack-smoke [--keep]
  --keep  leave the temporary folder`;
const args = process.argv.slice(2);
const unknown = args.find((arg) => arg !== '--keep');
if (unknown !== undefined) {
  console.error(unknown === '--help' || unknown === '-h' ? USAGE : `pack-smoke: unknown flag ${unknown}\n${USAGE}`);
  process.exit(unknown === '--help' || unknown === '-h' ? 0 : 2);
}

const folder = mkdtempSync(join(tmpdir(), 'edge-agent-pack-'));
const faults = [];
const say = (text) => console.log(`pack-smoke: ${text}`);
function expect(holds, what) {
  if (!holds) faults.push(what);
  say(`${holds ? '✔' : '✘'} ${what}`);
}

/** A person's environment: nothing of this checkout, nothing of npm's run that may have started us. */
function environment(home) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:EDGE_AGENT_|npm_(?:package|lifecycle)|NODE_OPTIONS$|NODE_PATH$)/.test(name),
  );
  return { ...Object.fromEntries(kept), XDG_STATE_HOME: home };
}

async function command(cwd, program, args, timeout = COMMAND_MS) {
  const options = { cwd, timeout, maxBuffer: OUTPUT_BYTES, env: environment(cwd), killSignal: 'SIGTERM' };
  try {
    return { code: 0, ...(await run(program, args, options)) };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

async function pack() {
  const { code, stdout, stderr } = await command(ROOT, 'npm', [
    'pack',
    '--ignore-scripts',
    '--json',
    '--pack-destination',
    folder,
  ]);
  if (code !== 0) throw new Error(`npm pack failed\n${stderr}`);
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(stdout);
  say(`${filename}: ${bytesText(size)}, unpacked ${bytesText(unpackedSize)}, ${entryCount} files`);
  const tarball = join(folder, filename);
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  await run('tar', ['-xzf', tarball, '-C', unpacked]);
  const found = inspect(join(unpacked, 'package'), ROOT);
  for (const fault of found.faults) expect(false, fault);
  expect(found.faults.length === 0, 'the package holds what it needs, no tests and no paths of this machine');
  return tarball;
}

const sizeOf = (path) =>
  filesUnder(path).reduce((sum, file) => sum + statSync(join(path, file), { throwIfNoEntry: false })?.size, 0);

async function install(tarball, name, flags) {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{ "name": "somebody", "private": true, "type": "module" }\n');
  const started = performance.now();
  const options = ['--no-audit', '--no-fund', '--loglevel=error', ...flags];
  const { code, stderr } = await command(place, 'npm', ['install', tarball, ...options], INSTALL_MS);
  if (code !== 0) throw new Error(`npm install ${flags.join(' ')} failed\n${stderr}`);
  const modules = join(place, 'node_modules');
  say(
    `${name}: installed in ${((performance.now() - started) / 1_000).toFixed(1)} s, node_modules ${bytesText(sizeOf(modules))}`,
  );
  return place;
}

const npx = (place, args) => command(place, 'npx', ['--no-install', 'edge-agent', ...args]);

async function checkDoctor(place, expected) {
  const { stdout } = await npx(place, ['doctor', '--json', '--radio', 'udp@lo', '--http', '127.0.0.1:0']);
  const { checks } = JSON.parse(stdout);
  const { condition, detail } = checks.find(({ id }) => id === 'hot-path');
  expect(expected.test(detail), `doctor says of the hot path: ${detail.split(',')[0].slice(0, 100)}`);
  expect(condition === (expected === NATIVE ? 'ok' : 'warn'), `doctor calls that ${condition}`);
  expect(checks.find(({ id }) => id === 'radio.udp@lo')?.condition === 'ok', 'doctor finds the UDP radio in order');
}

const NATIVE = /^native \(\w+\)/;
const TWIN = /^JavaScript twin/;

/** `npx edge-agent run`, a detection in, found again by a search, and an orderly end. */
async function checkRun(place, kind) {
  const port = await freeUdpPort();
  const data = join(place, 'data');
  const agent = new AgentProcess({
    name: 'packed',
    mesh: `pack-${process.pid}`,
    radios: [`udp:${port}@lo`],
    data,
    env: { EDGE_AGENT_DNS_SD: 'false', XDG_STATE_HOME: place, NODE_OPTIONS: `--import=${TETHER}` },
    command: ['npx', '--no-install', 'edge-agent'],
    cwd: place,
  });
  try {
    await agent.ready();
    const status = await agent.api.get('status');
    expect(
      status.hotPath.kind === kind,
      `the agent runs with the ${status.hotPath.kind} hot path (${status.hotPath.isa})`,
    );
    const identities = new Identities(3, 7);
    const item = identities.detection('pack');
    await agent.api.post('detections', [{ ...item, embedding: Array.from(item.embedding) }]);
    const { results } = await agent.api.post('search', { embedding: Array.from(item.embedding), k: 1 });
    expect(results[0]?.hash === item.hash && results[0].score > 0.999, 'a search finds the detection that was pushed');
    const { code, stdout } = await npx(place, ['status', '--json', '--url', agent.api.url]);
    expect(code === 0 && JSON.parse(stdout).detections.count === 1, 'edge-agent status counts it');
    const page = await fetch(agent.api.url);
    expect(page.ok && (await page.text()).includes('<html'), 'the dashboard is served');
  } finally {
    const how = await agent.stop();
    expect(how === 'ended with code 0' && !existsSync(join(data, 'runtime.json')), `the agent ${how}`);
  }
}

async function checkExample(place) {
  const file = join(place, 'node_modules/edge-agent/examples/06-search.mjs');
  const { code, stdout, stderr } = await command(place, 'node', [file]);
  expect(code === 0, `the example 06-search: ${(code === 0 ? stdout : stderr).trim().split('\n').at(-1)}`);
}

async function checkTypes(place) {
  const program =
    "import { createAgent, EdgeError } from 'edge-agent'; import { createHotPath } from 'edge-agent/hot-path'; if (typeof createAgent !== 'function' || typeof EdgeError !== 'function' || createHotPath().kind === undefined) process.exit(1);";
  const { code } = await command(place, 'node', ['--input-type=module', '-e', program]);
  expect(code === 0, "import from 'edge-agent' and 'edge-agent/hot-path' works");
}

const hasCompiler = () =>
  ['g++', 'make', 'python3'].every((tool) => process.env.PATH.split(':').some((at) => existsSync(join(at, tool))));

async function main() {
  if (!existsSync(join(ROOT, 'dist/cli/main.js'))) throw new Error('dist/ is missing: run scripts/build first');
  const tarball = await pack();
  const shipped = filesUnder(join(folder, 'unpacked/package')).some((path) =>
    path.startsWith(`prebuilds/linux-${process.arch}/`),
  );
  const plain = await install(tarball, 'without-scripts', ['--ignore-scripts']);
  // A shipped binary needs no script to be used.
  await checkDoctor(plain, shipped ? NATIVE : TWIN);
  await checkTypes(plain);
  await checkRun(plain, shipped ? 'native' : 'js');
  await checkExample(plain);
  const scripted = await install(tarball, 'with-scripts', []);
  const native = shipped || hasCompiler();
  if (!native) say('there is no compiler here, so the twin has to serve');
  await checkDoctor(scripted, native ? NATIVE : TWIN);
  await checkRun(scripted, native ? 'native' : 'js');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
process.once('exit', () => args.includes('--keep') || rmSync(folder, { recursive: true, force: true }));
try {
  await main();
} catch (error) {
  faults.push(error.message);
  console.error(`pack-smoke: ${error.stack}`);
}
say(
  faults.length === 0
    ? 'the package is in order'
    : `${faults.length} faults: ${faults.map((fault) => fault.split('\n')[0]).join('; ')}`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
