// What scripts/test runs, in order. To add a stage, add a line.
//
// id       the name on the command line (`scripts/test ctest`) and of build/logs/ID.log
// command  what to run, from the root of the project
// reads    how its output is counted: tap, ctest, unittest, or check (one test: the exit code)
// minutes  after which it is ended and has failed
// always   also when PATTERNs choose something else
// fatal    nothing after it makes sense when it fails
// after    stages that have to pass first
// full     only with --full (fullChecks)
// unless   why it cannot run here: the reason it is skipped
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Further ones than the unit tests have, which begin with 1: with the scenarios less than three minutes on two cores. */
const SIMULATION_SEEDS = { SIM_FIRST: '16', SIM_SEEDS: '3' };
const PROPERTY_RUNS = 2000;
/** Of all fuzzers together. */
const FUZZ_SECONDS = 60;
/** How long the demo's cameras push. */
const DEMO_SECONDS = 12;

/** Scenarios that every run plays, one seed each: up to 200 nodes. */
// The longest first: what is left fills the other processor meanwhile.
const SCENARIOS = ['village-200', 'ble-field', 'churn', 'partition', 'fifty', 'fence-line'];

const ava = (files, ...flags) => ['node_modules/.bin/ava', '--tap', ...flags, ...files];
const covered = (command) => ['node_modules/.bin/c8', '--clean', ...command];

const tool = (name, flag) => () => {
  const found = process.env.PATH.split(':').some((folder) => existsSync(join(folder, name)));
  return found ? undefined : `${name} is missing: scripts/setup ${flag}`;
};
const missing = (names) => () => {
  const name = names.find((each) => tool(each, '')() !== undefined);
  return name && `${name} is missing: apt-get install ${name}`;
};
const none = (files, what) => () => (files.length > 0 ? undefined : `there is no ${what}`);
const built = (preset) => [`cmake --preset ${preset}`, `cmake --build --preset ${preset} --parallel 2`];
const inNative = (steps) => ['sh', '-c', `cd native && ${steps.join(' && ')}`];
/** Builds and runs the C++ tests by a preset of native/CMakePresets.json: they need no Node. */
const ctest = (preset) => inNative([...built(preset), `ctest --preset ${preset}`]);
/** The addon for arm64, and the C++ tests on two emulated processors: all without dot products, with them what is not of recall. */
const arm64 = () => {
  const on = (cpu, isa) => `QEMU_CPU=${cpu} EDGE_AGENT_BEST_ISA=${isa} ctest --preset arm64`;
  const runs = [on('cortex-a53', 'neon'), `${on('cortex-a76', 'neon-dotprod')} --exclude-regex "churn|recall"`];
  return inNative([...built('addon-arm64'), ...built('arm64'), ...runs]);
};

/** The suites of hw-tests on rigs without hardware; on `emulated` also those that break controllers on purpose. */
function rigs({ full }) {
  const command = (rig) => ['scripts/hw-test', '--rig', rig, '--no-build', '--tap', ...(full ? ['--full'] : [])];
  const stage = (id, rig, minutes, unless) => ({
    ...{ id, command: command(rig), reads: 'tap', minutes, after: ['build', 'rigs-build'] },
    ...(unless && { unless }),
  });
  const build = ['node_modules/.bin/tsc', '-p', 'hw-tests'];
  return [
    { id: 'rigs-build', command: build, reads: 'check', minutes: 2, after: ['build'] },
    stage('rigs', 'emulated', full ? 24 : 12),
    stage('rig-uart', 'uart', 4, tool('socat', '--rigs')),
    stage('rig-serial', 'serial', 4, tool('socat', '--rigs')),
    stage('rig-btvirt', 'btvirt', 4, () => tool('btvirt', '--rigs')() ?? tool('cc', '--rigs')()),
  ];
}

function preparation(full) {
  const setup = ['scripts/setup', '--native', '--lab', '--rigs', ...(full ? ['--proto', '--arm64', '--fuzz'] : [])];
  const noCompiler = tool('cmake', '--native');
  return [
    { id: 'setup', command: setup, reads: 'check', minutes: 8, always: true, fatal: true },
    { id: 'build', command: ['scripts/build'], reads: 'check', minutes: 3, always: true },
    { id: 'addon', command: ['scripts/build-native'], reads: 'check', minutes: 8, always: true, unless: noCompiler },
  ];
}

function checks({ sources, scripts, chosen }) {
  const noProtoc = tool('protoc', '--proto');
  const unit = chosen ? ava(sources) : covered(ava([]));
  const partial = () => (chosen ? 'only a part of the tests ran' : undefined);
  const coverage = ['node', 'scripts/lib/coverage.mjs'];
  const docs = ['node', 'scripts/docs.mjs'];
  const nodeTest = ['node', '--test', '--test-reporter=tap', ...scripts];
  const examples = ['node', 'scripts/demo-lib/run-examples.mjs'];
  const scenarios = ['node', 'dist/cli/main.js', 'simulate', ...SCENARIOS, '--seed', '1'];
  const demo = ['node', 'scripts/demo-lib/main.mjs', '--for', String(DEMO_SECONDS)];
  return [
    { id: 'lint', command: ['scripts/lint'], reads: 'check', minutes: 3 },
    { id: 'proto', command: ['scripts/proto', '--check'], reads: 'check', minutes: 1, unless: noProtoc },
    {
      id: 'vectors',
      command: ['node', 'scripts/vectors.mjs', '--check'],
      reads: 'check',
      minutes: 1,
      after: ['build'],
    },
    { id: 'unit', command: unit, reads: 'tap', minutes: 20, unless: none(sources, 'test of src') },
    { id: 'coverage', command: coverage, reads: 'check', minutes: 1, after: ['unit'], unless: partial },
    { id: 'scripts', command: nodeTest, reads: 'tap', minutes: 3, unless: none(scripts, 'test of scripts') },
    { id: 'docs', command: docs, reads: 'check', minutes: 3, after: ['build'], unless: missing(['curl', 'python3']) },
    { id: 'ctest', command: ctest('test'), reads: 'ctest', minutes: 8, unless: tool('cmake', '--native') },
    {
      id: 'examples',
      command: examples,
      reads: 'tap',
      minutes: 3,
      after: ['build'],
      unless: tool('python3', '--native'),
    },
    { id: 'scenarios', command: scenarios, reads: 'check', minutes: 10, after: ['build'] },
    { id: 'demo', command: demo, reads: 'check', minutes: 3, after: ['build'] },
  ];
}

function fullChecks({ root, sources }) {
  const noCompiler = tool('cmake', '--native');
  const reading = (what) => sources.filter((path) => readFileSync(join(root, path), 'utf8').includes(what));
  const properties = reading("from 'fast-check'");
  const simulations = reading("/seeds.js'");
  const runs = { FC_NUM_RUNS: String(PROPERTY_RUNS) };
  const [long, noSimulation] = [ava(properties, '--timeout=10m'), none(simulations, 'test that draws seeds')];
  const simulate = ava(simulations, '--timeout=10m');
  const bench = ['scripts/bench', '--quick'];
  const noArm64 = () => tool('aarch64-linux-gnu-g++', '--arm64')() ?? tool('qemu-aarch64', '--arm64')();
  const fuzz = ['scripts/build-native', '--fuzz', String(FUZZ_SECONDS)];
  return [
    { id: 'asan', command: ctest('asan'), reads: 'ctest', minutes: 15, unless: noCompiler },
    { id: 'tsan', command: ctest('tsan'), reads: 'ctest', minutes: 10, unless: noCompiler },
    { id: 'fuzz', command: fuzz, reads: 'check', minutes: 6, unless: tool('clang++', '--fuzz') },
    { id: 'arm64', command: arm64(), reads: 'ctest', minutes: 12, unless: noArm64 },
    {
      id: 'properties',
      command: long,
      env: runs,
      reads: 'tap',
      minutes: 15,
      unless: none(properties, 'property test'),
    },
    { id: 'simulation', command: simulate, env: SIMULATION_SEEDS, reads: 'tap', minutes: 20, unless: noSimulation },
    { id: 'pack', command: ['scripts/pack-smoke'], reads: 'check', minutes: 8, after: ['build'] },
    { id: 'bench', command: bench, reads: 'check', minutes: 15, after: ['build'] },
  ].map((stage) => ({ ...stage, full: true }));
}

/** The stages of one run. `sources` and `scripts` are the test files; `chosen`: the command line chose among them. */
export function stagesOf(options) {
  return [...preparation(options.full), ...checks(options), ...rigs(options), ...fullChecks(options)];
}
