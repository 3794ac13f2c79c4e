// Runs on `npm install`: sees to it that the addon is there where it can be, and says in one line what will serve.
// A shipped binary, else one compiled here by the node-gyp that npm brings, else the JavaScript twin. It downloads
// nothing, and it never fails an installation: without the addon the agent is slower, not less.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD_LIMIT_MS = 5 * 60_000;
const PROBE_LIMIT_MS = 10_000;
/** What compiling one file against napi.h takes at most, so that a small board does not swap. */
const BYTES_PER_JOB = 400 * 2 ** 20;
const MAX_JOBS = 4;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const prebuilt = `prebuilds/${process.platform}-${process.arch}/edge_agent.node`;
const built = 'build/Release/edge_agent.node';
/** By scripts/build-native, in a checkout. */
const builtByHand = 'native/build/Release/edge_agent.node';
const verbose = process.argv.includes('--verbose');

const say = (text) => console.log(`edge-agent: ${text}`);

/** The version of the addon's interface that these sources have. */
function wantedAbi() {
  const header = readFileSync(join(root, 'native/addon/addon.hpp'), 'utf8');
  return Number(/kAbi = (\d+)/.exec(header)?.[1]);
}

/** Why a binary will not do, or `undefined`. In a process of its own: a binary for another processor may take it down. */
function faultOf(path) {
  if (!existsSync(join(root, path))) return 'not there';
  const code = `process.stdout.write(String(require(${JSON.stringify(join(root, path))}).abi))`;
  const { status, stdout, stderr, error } = spawnSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
  });
  if (error) return error.message;
  if (status !== 0) return /Error: (.*)/.exec(stderr)?.[1] ?? 'it does not load';
  return Number(stdout) === wantedAbi() ? undefined : `its interface is version ${stdout}, not ${wantedAbi()}`;
}

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

/** Whether what was compiled here is newer than everything it is made of. */
function isFresh(path) {
  if (!existsSync(join(root, path))) return false;
  const made = statSync(join(root, path)).mtimeMs;
  const sources = ['binding.gyp', 'native/sources.gypi'].map((path) => join(root, path));
  for (const folder of ['native/core', 'native/addon']) sources.push(...filesUnder(join(root, folder)));
  return sources.every((path) => statSync(path).mtimeMs <= made);
}

/** The node-gyp that npm brings along. */
function nodeGyp() {
  const beside = (modules) => join(modules, 'npm/node_modules/node-gyp/bin/node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  const candidates = [process.env.npm_config_node_gyp, beside(join(prefix, 'lib/node_modules'))];
  const found = candidates.find((path) => path && existsSync(path));
  if (found) return found;
  const { stdout } = spawnSync('npm', ['root', '-g'], { encoding: 'utf8', timeout: PROBE_LIMIT_MS });
  const path = beside((stdout ?? '').trim());
  return existsSync(path) ? path : undefined;
}

/**
 * A folder with include/node/node_api.h: the one Node was installed with, else one made of node-api-headers, which is
 * all that an addon of Node-API needs.
 */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include/node/node_api.h'))) return { folder: prefix, remove: () => undefined };
  const { include_dir: source } = createRequire(import.meta.url)('node-api-headers');
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-headers-'));
  const include = join(folder, 'include/node');
  mkdirSync(include, { recursive: true });
  for (const name of readdirSync(source)) copyFileSync(join(source, name), join(include, name));
  const configurations = { Release: {}, Debug: {} };
  const settings = { target_defaults: { default_configuration: 'Release', configurations } };
  writeFileSync(join(include, 'common.gypi'), JSON.stringify(settings));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs to the end or to the limit; the output's last telling line when it fails. */
function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      if (verbose) process.stderr.write(chunk);
      output = (output + chunk).slice(-200_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      output += `\nerror: it took more than ${BUILD_LIMIT_MS / 60_000} minutes`;
      // The compiler's processes too.
      process.kill(-child.pid, 'SIGKILL');
    }, BUILD_LIMIT_MS);
    child.on('error', (error) => {
      clearTimeout(timer);
      done(error.message);
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      if (status === 0) return done(undefined);
      const telling = output.split('\n').filter((line) => /error|not found|ENOENT/i.test(line));
      done((telling[0] ?? `it ended with ${status}`).trim());
    });
  });
}

async function compile() {
  const gyp = nodeGyp();
  if (!gyp) return 'there is no node-gyp beside npm';
  const { folder, remove } = headers();
  const jobs = Math.max(1, Math.min(MAX_JOBS, availableParallelism(), Math.floor(freemem() / BYTES_PER_JOB)));
  try {
    return await run(process.execPath, [gyp, 'rebuild', '--release', `--nodedir=${folder}`, `--jobs=${jobs}`]);
  } finally {
    remove();
  }
}

async function main() {
  if (process.env.EDGE_AGENT_HOT_PATH === 'js') {
    return say('the JavaScript hot path serves, because EDGE_AGENT_HOT_PATH=js; nothing was compiled');
  }
  const shipped = faultOf(prebuilt);
  if (shipped === undefined) return say(`the native hot path serves, from ${prebuilt}`);
  const here = [built, builtByHand].find((path) => isFresh(path) && faultOf(path) === undefined);
  if (here !== undefined) {
    // The agent looks there first; what is no longer fresh must not go before what is.
    if (here === builtByHand) rmSync(join(root, built), { force: true });
    return say(`the native hot path serves, from ${here}`);
  }
  const failure = (await compile()) ?? faultOf(built);
  if (failure === undefined) return say(`the native hot path serves, compiled to ${built}`);
  say(
    `the JavaScript hot path serves: no binary for this system was shipped (${shipped}), and compiling one failed ` +
      `(${failure}). With a C++20 compiler, make and python3, "node scripts/install.mjs --verbose" tries again.`,
  );
}

try {
  await main();
} catch (error) {
  say(`the JavaScript hot path serves: ${error instanceof Error ? error.message : error}`);
}
process.exitCode = 0;
