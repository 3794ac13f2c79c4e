// scripts/hw-test: builds, sees whether a rig has what it needs, and runs the suites of hw-tests on its radios.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll, runStage } from './run-stage.mjs';
import { countsOf, tallyOf } from './tally.mjs';

const USAGE = `usage: scripts/hw-test --rig NAME [SUITE…] [--full] [--json | --tap] [--no-build] [--file RIGS.toml]
       scripts/hw-test --list [--rig NAME] [--json] [--file RIGS.toml]
  --rig NAME   a rig of hw-tests/rigs.toml: emulated radios, or real ones
  SUITE        only these (see --list)
  --full       the long suites, too
  --list       the rigs; with --rig its suites, and why some would not run
  --json       the outcome as one JSON document; --tap: as the runner prints it, for scripts/test
  --no-build   dist/ and dist-hw/ are up to date
  --file       another description of rigs than hw-tests/rigs.toml
exit: 0 all passed, 1 a test failed, 2 wrong usage or description, 3 the rig lacks something`;
const Exit = { Passed: 0, Failed: 1, Usage: 2, Lacking: 3 };
const FETCH_LIMIT_MS = 180_000;
const LIMIT_MINUTES = { quick: 14, full: 34 };

const root = join(import.meta.dirname, '..', '..');

function end(code, ...lines) {
  for (const line of lines) console.error(`hw-test: ${line}`);
  process.exit(code);
}

function parsed() {
  const flag = { type: 'boolean', default: false };
  const options = { rig: { type: 'string' }, file: { type: 'string' } };
  for (const name of ['full', 'list', 'json', 'tap', 'no-build', 'help']) options[name] = flag;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { ...values, wanted: positionals };
  } catch (error) {
    end(Exit.Usage, error.message.split('.')[0], ...USAGE.split('\n'));
  }
}

/** Quiet when it works. */
function build(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(join(root, command), args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) end(Exit.Failed, `${command} failed`, ...(error?.message ?? stdout + stderr).trim().split('\n'));
}

function buildAll({ 'no-build': isBuilt }) {
  if (!existsSync(join(root, 'node_modules/.bin/tsc'))) end(Exit.Lacking, 'the packages are missing: scripts/setup');
  if (isBuilt) return;
  build('scripts/build');
  build('node_modules/.bin/tsc', '-p', 'hw-tests');
}

async function load() {
  const part = (name) => import(join(root, 'dist-hw', `${name}.js`));
  const [file, check, suites, rig] = await Promise.all(['rig-file', 'rig-check', 'suites', 'rig'].map(part));
  return { ...file, ...check, ...suites, RIGS_FILE: rig.RIGS_FILE };
}

function rigsOf(parts, file) {
  try {
    return parts.readRigs(file);
  } catch (error) {
    if (error?.name !== 'EdgeError') throw error;
    end(Exit.Usage, error.message, `fix: ${error.fix}`);
  }
}

function listRigs(rigs, json) {
  if (json) return console.log(JSON.stringify([...rigs.values()], null, 2));
  const width = Math.max(...[...rigs.keys()].map((name) => name.length));
  for (const { name, about, radios } of rigs.values())
    console.log(`${name.padEnd(width)}  ${about}${radios.length > 0 ? `: ${radios.join(' ')}` : ''}`);
}

function listSuites(suites, json) {
  if (json) return console.log(JSON.stringify(suites, null, 2));
  for (const { id, skipped } of suites) console.log(skipped === undefined ? id : `${id} (skipped: ${skipped})`);
}

/** Those asked for by name run although they take long; what makes no sense on the rig does not. */
function chosen(parts, rig, { wanted, full }) {
  const all = parts.suitesFor(rig, full || wanted.length > 0);
  const unknown = wanted.find((id) => !all.some((suite) => suite.id === id));
  if (unknown !== undefined) end(Exit.Usage, `there is no suite ${unknown}: ${all.map(({ id }) => id).join(', ')}`);
  return wanted.length === 0 ? all : all.filter(({ id }) => wanted.includes(id));
}

/** Packages that only one suite needs, and the product must not have. Without them the suite says so and is skipped. */
function fetchOriginals() {
  const folder = join(root, 'hw-tests/originals');
  const installed = join(folder, 'node_modules/.package-lock.json');
  const changedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
  if (changedAt(installed) >= changedAt(join(folder, 'package-lock.json'))) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: FETCH_LIMIT_MS });
  if (status !== 0) console.error(`hw-test: npm ci in hw-tests/originals failed: ${stderr?.trim()}`);
}

async function lookAt(parts, rig, quiet) {
  const checks = await parts.checkRig(rig);
  const textOf = ({ what, detail, fix }) => `${what}: ${detail}${fix ? `; fix: ${fix}` : ''}`;
  for (const check of checks)
    if (!quiet || !check.ok) (check.ok ? console.log : console.error)(`${check.ok ? '✔' : '✘'} ${textOf(check)}`);
  const lacking = checks.filter(({ ok }) => !ok);
  return { checks, lacking };
}

async function run(rig, file, suites, options) {
  const folder = mkdtempSync(join(tmpdir(), 'hw-test-'));
  const figures = join(folder, 'figures');
  const env = { ...process.env, RIG: rig.name, RIG_FILE: file, RIG_FIGURES: figures };
  // Real radios are there once: one file after the other.
  const only = rig.emulate === undefined ? ['--concurrency=1'] : [];
  const reporter = options.tap || options.json ? ['--tap'] : [];
  const ava = ['node_modules/.bin/ava', '--config', 'ava.hw.config.js', ...only, ...reporter, ...suites];
  try {
    if (!options.json) {
      const { status } = spawnSync(ava[0], ava.slice(1), { cwd: root, env, stdio: 'inherit' });
      return { code: status === 0 ? Exit.Passed : Exit.Failed };
    }
    const log = join(root, 'build/logs', `hw-test-${rig.name}.log`);
    const timeoutMs = LIMIT_MINUTES[options.full ? 'full' : 'quick'] * 60_000;
    const { text, exitCode } = await runStage({ command: ava, env, root, log, timeoutMs });
    const tally = tallyOf('tap', text, exitCode);
    const lines = existsSync(figures) ? readFileSync(figures, 'utf8').trim().split('\n') : [];
    return {
      code: tally.failed > 0 ? Exit.Failed : Exit.Passed,
      tally,
      figures: lines.map((line) => JSON.parse(line)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const options = parsed();
  if (options.help) return console.log(USAGE);
  if (options.rig === undefined && !options.list) end(Exit.Usage, 'which rig?', ...USAGE.split('\n'));
  buildAll(options);
  const parts = await load();
  const file = options.file === undefined ? parts.RIGS_FILE : resolve(options.file);
  const rigs = rigsOf(parts, file);
  if (options.rig === undefined) return listRigs(rigs, options.json);
  const rig = rigs.get(options.rig);
  if (rig === undefined) end(Exit.Usage, `there is no rig ${options.rig}: ${[...rigs.keys()].join(', ')}`);
  const suites = chosen(parts, rig, options);
  if (options.list) return listSuites(suites, options.json);
  const isForMachines = options.json || options.tap;
  const { checks, lacking } = await lookAt(parts, rig, isForMachines);
  if (lacking.length > 0) {
    if (options.json) console.log(JSON.stringify({ rig: rig.name, ok: false, checks }, null, 2));
    end(Exit.Lacking, `the rig ${rig.name} is not ready`);
  }
  const going = suites.filter(({ skipped }) => skipped === undefined);
  if (!isForMachines)
    for (const { id, skipped } of suites) if (skipped !== undefined) console.log(`- ${id}: skipped, ${skipped}`);
  if (going.length === 0) end(Exit.Usage, 'nothing to run');
  if (going.some(({ id }) => id === 'originals')) fetchOriginals();
  const { code, tally, figures } = await run(
    rig,
    file,
    going.map((suite) => suite.file),
    options,
  );
  if (options.json) {
    const outcome = { rig: rig.name, ok: code === Exit.Passed, checks, suites, ...tally, figures };
    console.log(JSON.stringify(outcome, null, 2));
    console.error(`hw-test: ${countsOf(tally)}`);
  }
  process.exitCode = code;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    endAll('SIGKILL');
    process.exit(130);
  });
}
await main();
