import type { Command } from 'commander';
import { EdgeError } from '../../core/errors.js';
import type { Scenario } from '../../sim/scenario/scenario.js';
import { DEFAULT_SEEDS } from '../../sim/suite/goal-row.js';
import { isSkipped } from '../../sim/suite/judge.js';
import { note, say, sayJson } from '../output.js';
import { wholeNumber } from '../parse.js';
import { Exit, usage as wrongUsage } from '../report.js';
import { chosenRows, goalRows, goalText, measureGoals } from '../simulate/goals.js';
import { goalPage } from '../simulate/html/goal-page.js';
import { scenarioPage } from '../simulate/html/scenario-page.js';
import { checkNoInput, checkWritable, writeOutput } from '../simulate/output-file.js';
import { Pool } from '../simulate/pool.js';
import { loadScenario, scenarioPath, shippedScenarios } from '../simulate/scenario-file.js';
import { playAll, reportJson, scenarioText } from '../simulate/scenarios.js';
import { SeedProgress } from '../simulate/seed-progress.js';
import { shrinkToFile } from '../simulate/shrink.js';
import { ShrinkProgress } from '../simulate/shrink-progress.js';

interface SimulateOptions {
  readonly suite?: string;
  readonly only?: readonly string[];
  readonly seeds?: readonly number[];
  readonly seed?: number;
  readonly jobs?: number;
  readonly json?: boolean;
  readonly report?: string;
  readonly list?: boolean;
  readonly shrink?: string | boolean;
}

const HELP = 'See edge-agent help simulate.';
const usage = (message: string, fix = HELP): EdgeError => wrongUsage(message, fix);

const SUITE = 'goals';
const SEED_MAX = 2 ** 31;
const SEEDS_MAX = 1_000;
const INTERRUPTED = 130;

/** What refuses an option's text says where its help is. */
const helped =
  <T>(read: (text: string) => T) =>
  (text: string): T => {
    try {
      return read(text);
    } catch (error) {
      throw error instanceof EdgeError && error.fix === undefined ? usage(error.message) : error;
    }
  };

/** `5` is the first five, `3,8` are those. Throws `cli.usage`. */
function seedsOption(text: string): readonly number[] {
  const parts = text.split(',').filter(Boolean);
  if (text.includes(',') && parts.length > 0) return parts.map(wholeNumber('a seed', 0, SEED_MAX));
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > SEEDS_MAX)
    throw usage(
      `--seeds is ${JSON.stringify(text)}, expected how many, from 1 to ${SEEDS_MAX}, or which, such as 3,8.`,
    );
  return Array.from({ length: count }, (_, i) => i + 1);
}

const listOption = (text: string): readonly string[] => text.split(',').filter(Boolean);

const seedsOf = ({ seed, seeds }: SimulateOptions): readonly number[] | undefined =>
  seed === undefined ? seeds : [seed];

/** What Ctrl-C ends, and how: no process is left, and nothing half is printed. */
function stopOnSignal(progress: SeedProgress, ...pools: readonly Pool[]): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void Promise.all(pools.map((pool) => pool.stop())).then(() => {
        progress.end();
        note('stopped');
        process.exit(INTERRUPTED);
      });
    });
}

function list(options: SimulateOptions): void {
  const rows = goalRows().map(({ id, what }) => ({ id, what }));
  const scenarios = shippedScenarios().map((name) => ({ name, about: loadScenario(name).about }));
  if (options.json) {
    sayJson({ rows, scenarios });
    return;
  }
  say(`Rows of --suite ${SUITE}:\n${rows.map(({ id, what }) => `  ${id}: ${what}`).join('\n')}`);
  say(`Scenarios:\n${scenarios.map(({ name, about }) => `  ${name}: ${about}`).join('\n')}`);
}

async function goals(options: SimulateOptions): Promise<void> {
  if (options.suite !== SUITE) throw usage(`There is no suite ${JSON.stringify(options.suite)}.`, `There is ${SUITE}.`);
  const ids = chosenRows(options.only);
  const seeds = seedsOf(options) ?? Array.from({ length: DEFAULT_SEEDS }, (_, i) => i + 1);
  const pools = { many: new Pool(options.jobs), one: new Pool(1) };
  const progress = new SeedProgress();
  stopOnSignal(progress, pools.many, pools.one);
  const report = await measureGoals(ids, seeds, progress, pools);
  progress.end();
  if (options.json) sayJson(report);
  else say(goalText(report));
  if (options.report !== undefined) writeOutput(options.report, goalPage(report));
  // A target that is missed is told, and is no failure; a row that could not be measured is one.
  if (report.rows.some((row) => row.ours === null && !isSkipped(row))) process.exitCode = Exit.Failed;
}

async function scenarios(given: readonly string[], options: SimulateOptions): Promise<void> {
  const all: Scenario[] = given.map(loadScenario);
  if (options.report !== undefined) checkNoInput('--report', options.report, given.map(scenarioPath));
  const pool = new Pool(options.jobs);
  const progress = new SeedProgress();
  stopOnSignal(progress, pool);
  const report = await playAll(all, seedsOf(options), progress, pool);
  progress.end();
  if (options.json) sayJson(reportJson(report));
  else say(scenarioText(report, new Map(all.map(({ name }, i) => [name, given[i] as string]))));
  if (options.report !== undefined) writeOutput(options.report, scenarioPage(report));
  const isWell = report.failures.length === 0 && report.runs.every(({ run }) => run.ok);
  if (!isWell) process.exitCode = Exit.Failed;
}

async function shrink(given: readonly string[], options: SimulateOptions): Promise<void> {
  const [name, ...others] = given;
  if (name === undefined || others.length > 0) throw usage('--shrink makes one scenario small.');
  const scenario = loadScenario(name);
  const [seed] = seedsOf(options) ?? scenario.seeds;
  const file = typeof options.shrink === 'string' ? options.shrink : `${scenario.name}-small.toml`;
  checkWritable('--shrink', file);
  checkNoInput('--shrink', file, [scenarioPath(name)]);
  const progress = new ShrinkProgress();
  const result = await shrinkToFile(scenario, seed as number, file, progress).finally(() => progress.end());
  if (options.json) sayJson(result);
  else say(`${result.file}: ${result.what}; replay: edge-agent simulate ${result.file} --seed ${seed}`);
}

/** Throws `cli.usage` for options that are good each, but not together. */
function checkOptions(given: readonly string[], options: SimulateOptions): void {
  if (options.seed !== undefined && options.seeds !== undefined)
    throw usage(
      '--seed and --seeds are both given.',
      'Give one: --seed replays a run, --seeds says how many or which.',
    );
  if (options.suite !== undefined && given.length > 0) throw usage('Give either scenarios or --suite.');
  if (options.shrink === undefined) return;
  if (options.suite !== undefined) throw usage('--shrink makes one scenario small: there is none in --suite.');
  if (options.report !== undefined)
    throw usage(
      '--shrink and --report are both given.',
      'Shrink first; then --report with the small scenario shows it.',
    );
}

async function simulate(given: readonly string[], options: SimulateOptions): Promise<void> {
  if (options.list) return list(options);
  checkOptions(given, options);
  if (options.report !== undefined) checkWritable('--report', options.report);
  if (options.suite !== undefined) return goals(options);
  if (given.length === 0)
    throw usage('Name a scenario, or --suite goals.', 'edge-agent simulate --list shows those there are.');
  if (options.only !== undefined) throw usage('--only chooses rows of --suite goals.');
  return options.shrink === undefined ? scenarios(given, options) : shrink(given, options);
}

export function define(command: Command): void {
  command
    .argument('[scenarios...]', 'files in TOML (docs/simulate.md), or names of those that come with the program')
    .option('--suite <name>', `goals: every figure the mesh is held to, beside its peers'`)
    .option('--only <ids>', 'only these rows of the suite, such as overhead,idle', listOption)
    .option(
      '--seeds <seeds>',
      'how many, or which: 5, or 3,8 (default: 10 of a suite, else what the scenario says)',
      helped(seedsOption),
    )
    .option('--seed <seed>', 'this one: replays a run', helped(wholeNumber('--seed', 0, SEED_MAX)))
    .option('--jobs <count>', 'processes (default: one for each processor)', helped(wholeNumber('--jobs', 1, 16)))
    .option('--report <file>', 'a page with pictures, in HTML')
    .option('--shrink [file]', 'make a scenario that fails small, into a file (default: NAME-small.toml)')
    .option('--list', 'the rows and the scenarios there are')
    .option('--json', 'as JSON')
    .action((given: readonly string[]) => simulate(given, command.opts<SimulateOptions>()));
}
