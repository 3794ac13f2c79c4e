// scripts/test: runs the stages of stages.mjs and ends with one line, `N passed, N failed, N skipped`.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { endAll, runStage } from './run-stage.mjs';
import { stagesOf } from './stages.mjs';
import { addTally, countsOf, emptyTally, tallyOf } from './tally.mjs';

const USAGE = `usage: scripts/test [--full] [PATTERN…]
  PATTERN  a stage (see --list) or a part of a test file's path: only those run, after set-up and build
  --full   everything: sanitizers, long property tests, simulation, the package, benchmarks (up to an hour)
  --list   the stages`;
/** The whole run, in minutes. What is left of it bounds each stage too. */
const BUDGET_MINUTES = { quick: 15, full: 60 };
const LISTED_MAX = 30;
const TAIL_LINES = 25;

const root = join(import.meta.dirname, '..', '..');
const say = (text) => console.log(text);
const indent = (text) => text.replaceAll(/^/gm, '    ');
const tail = (text) => text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');

function testFiles(folder, ending) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending));
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name))).sort();
}

function usage(problem) {
  if (problem) console.error(`test: ${problem}`);
  console.error(USAGE);
  process.exit(problem ? 2 : 0);
}

/** What the command line asks for: the stages to run, in order. */
function plan(args) {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const patterns = args.filter((arg) => !arg.startsWith('-')).map((arg) => arg.replace(/^\.\//, ''));
  for (const flag of flags) {
    if (flag === '--help' || flag === '-h') usage();
    if (!['--full', '--list'].includes(flag)) usage(`unknown flag ${flag}`);
  }
  const all = { sources: testFiles('src', '.test.ts'), scripts: testFiles('scripts', '.test.mjs') };
  const ids = stagesOf({ full: true, root, ...all, chosen: false }).map((stage) => stage.id);
  if (flags.includes('--list')) {
    say(ids.join('\n'));
    process.exit(0);
  }
  const named = patterns.filter((pattern) => ids.includes(pattern));
  const parts = patterns.filter((pattern) => !ids.includes(pattern));
  const take = (files) =>
    parts.length === 0 ? files : files.filter((path) => parts.some((part) => path.includes(part)));
  const [sources, scripts] = [take(all.sources), take(all.scripts)];
  const lost = parts.find((part) => ![...all.sources, ...all.scripts].some((path) => path.includes(part)));
  if (lost !== undefined) usage(`no stage and no test file matches "${lost}"`);
  const full = flags.includes('--full');
  const stages = stagesOf({ full, root, sources, scripts, chosen: parts.length > 0 });
  if (patterns.length === 0) return { full, stages: stages.filter((stage) => full || !stage.full) };
  const wanted = new Set(named);
  if (parts.length > 0 && sources.length > 0) wanted.add('unit');
  if (parts.length > 0 && scripts.length > 0) wanted.add('scripts');
  for (const stage of stages) if (wanted.has(stage.id)) for (const id of stage.after ?? []) wanted.add(id);
  return { full, stages: stages.filter((stage) => stage.always || wanted.has(stage.id)) };
}

/** Why a stage cannot run, if it cannot. */
function obstacle(stage, stages, outcomes) {
  const missing = stage.after?.find((id) => stages.some((other) => other.id === id) && outcomes.get(id) !== 'passed');
  if (missing) return `${missing} ${outcomes.get(missing)}`;
  return stage.unless?.();
}

async function perform(stage, deadline) {
  say(`▶ ${stage.id}: ${stage.command.slice(0, 6).join(' ')}${stage.command.length > 6 ? ' …' : ''}`);
  const log = join(root, 'build/logs', `${stage.id}.log`);
  const timeoutMs = Math.max(1000, Math.min(stage.minutes * 60_000, deadline - performance.now()));
  const onStillRunning = (seconds) => say(`  … ${stage.id} has been running for ${seconds.toFixed(0)} s`);
  const run = await runStage({ ...stage, root, log, timeoutMs, onStillRunning });
  const tally = tallyOf(stage.reads, run.text, run.exitCode);
  if (run.timedOut) {
    const why = `ended after ${(timeoutMs / 60_000).toFixed(1)} minutes without a result`;
    if (stage.reads === 'check') tally.failures[0] = why;
    else addTally(tally, { ...emptyTally(), failed: 1, failures: [why] });
  }
  const mark = tally.failed > 0 ? '✘' : '✔';
  say(
    `${mark} ${stage.id}: ${stage.reads === 'check' ? (tally.failed > 0 ? 'failed' : 'passed') : countsOf(tally)} (${run.seconds.toFixed(1)} s)`,
  );
  if (stage.id === 'coverage' && tally.failed === 0) say(indent(run.text.trimEnd()));
  if (tally.failed > 0) say(`${indent(tail(run.text))}\n    (all of it: ${relative(root, log)})`);
  const prefixed = (lines) => lines.map((line) => `${stage.id}: ${line}`);
  return { ...tally, failures: prefixed(tally.failures), skips: prefixed(tally.skips) };
}

function list(title, lines) {
  if (lines.length === 0) return;
  say(`\n${title}`);
  for (const line of lines.slice(0, LISTED_MAX)) say(`  ${line}`);
  if (lines.length > LISTED_MAX) say(`  … and ${lines.length - LISTED_MAX} more (build/logs)`);
}

async function main() {
  const { full, stages } = plan(process.argv.slice(2));
  const deadline = performance.now() + BUDGET_MINUTES[full ? 'full' : 'quick'] * 60_000;
  const total = emptyTally();
  const outcomes = new Map();
  for (const stage of stages) {
    const why = obstacle(stage, stages, outcomes);
    if (why !== undefined) {
      outcomes.set(stage.id, 'was skipped');
      addTally(total, { ...emptyTally(), skipped: 1, skips: [`${stage.id}: ${why}`] });
      say(`- ${stage.id}: skipped, ${why}`);
      continue;
    }
    const tally = await perform(stage, deadline);
    outcomes.set(stage.id, tally.failed > 0 ? 'failed' : 'passed');
    addTally(total, tally);
    if (stage.fatal && tally.failed > 0) break;
  }
  list('Skipped:', total.skips);
  list('Failed:', total.failures);
  say(`\n${countsOf(total)}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    endAll('SIGKILL');
    process.exit(130);
  });
}
await main();
