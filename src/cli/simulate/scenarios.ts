import type { ScenarioRun } from '../../sim/scenario/play.js';
import type { Scenario, Traffic } from '../../sim/scenario/scenario.js';
import { Priority } from '../../wire/frame-types.js';
import { forPeople } from '../format.js';
import { type Column, paint, table } from '../output.js';
import { acknowledgedText, deliveredText, keptText } from './figure-texts.js';
import type { Job } from './job.js';
import { commit, type Machine, machine, machineText } from './machine.js';
import type { Pool } from './pool.js';
import { PRIORITY_NAMES } from './scenario-toml.js';
import type { SeedProgress } from './seed-progress.js';
import { shortfallText } from './shortfalls.js';

export interface SeedRun {
  readonly scenario: Scenario;
  readonly run: ScenarioRun;
  readonly cpuMs: number;
}

interface FailedRun {
  readonly scenario: Scenario;
  readonly seed: number;
  /** The engine or the simulator threw. */
  readonly failed: string;
}

export interface ScenarioReport {
  readonly machine: Machine;
  readonly commit: string | null;
  readonly runs: readonly SeedRun[];
  readonly failures: readonly FailedRun[];
}

/** Plays scenarios, each with its seeds or with those given. */
export async function playAll(
  scenarios: readonly Scenario[],
  seeds: readonly number[] | undefined,
  progress: SeedProgress,
  pool: Pool,
): Promise<ScenarioReport> {
  const head = { machine: machine(), commit: commit() };
  const jobs = scenarios.flatMap((scenario) =>
    (seeds ?? scenario.seeds).map((seed) => ({ kind: 'scenario', scenario, seed }) as const satisfies Job),
  );
  const [runs, failures]: [(SeedRun | undefined)[], FailedRun[]] = [[], []];
  const nameOf = (index: number): string => `${jobs[index]?.scenario.name}, seed ${jobs[index]?.seed}`;
  progress.expect(jobs.length);
  await pool.run(jobs, {
    progress: (index, share) => progress.show(nameOf(index), share),
    settled: (index, result) => {
      const { scenario, seed } = jobs[index] as (typeof jobs)[number];
      if ('failed' in result) failures.push({ scenario, seed, failed: result.failed });
      else if (result.done.kind === 'scenario') runs[index] = { scenario, run: result.done.run, cpuMs: result.cpuMs };
      const trouble = 'failed' in result ? 'failed' : runs[index]?.run.ok === false ? 'not as expected' : undefined;
      progress.settled(nameOf(index), trouble);
    },
  });
  return { ...head, runs: runs.filter((run) => run !== undefined), failures };
}

const ms = (value: number | undefined): string | undefined => (value === undefined ? undefined : forPeople(value));

/** Where any are: what became of messages that were to be kept. */
const KEPT: readonly Column<SeedRun>[] = [
  { title: 'KEPT', value: ({ run }) => keptText(run.figures), right: true },
  { title: 'KEPT MEDIAN', value: ({ run }) => ms(run.figures.kept?.medianMs), right: true },
];

const columns = (kept: readonly Column<SeedRun>[]): readonly Column<SeedRun>[] => [
  { title: '', value: ({ run }) => (run.ok ? '✔' : '✘'), style: ({ run }) => (run.ok ? 'green' : 'red') },
  { title: 'SCENARIO', value: ({ run }) => run.scenario },
  { title: 'SEED', value: ({ run }) => run.seed, right: true },
  { title: 'NODES', value: ({ scenario }) => scenario.nodes.count, right: true },
  { title: 'DUE', value: ({ run }) => run.figures.due, right: true },
  { title: 'DELIVERED', value: ({ run }) => deliveredText(run.figures), right: true },
  { title: 'MEDIAN', value: ({ run }) => ms(run.figures.delays?.medianMs), right: true },
  { title: 'P95', value: ({ run }) => ms(run.figures.delays?.p95Ms), right: true },
  { title: 'P99', value: ({ run }) => ms(run.figures.delays?.p99Ms), right: true },
  { title: 'ACKED', value: ({ run }) => acknowledgedText(run.figures), right: true },
  ...kept,
  { title: 'B/NODE·MIN', value: ({ run }) => Math.round(run.figures.bytesPerNodeMinute), right: true },
  { title: 'FINDINGS', value: ({ run }) => run.findings.total, right: true },
  { title: 'CPU', value: ({ cpuMs }) => forPeople(Math.round(cpuMs)), right: true },
];

/** A file may lie anywhere; a shipped scenario is called by its name: so both are what the person gave. */
function complaints({ runs, failures }: ScenarioReport, given: ReadonlyMap<string, string>): string[] {
  const replay = (name: string, seed: number): string =>
    `replay: edge-agent simulate ${given.get(name) ?? name} --seed ${seed}`;
  return [
    ...runs.flatMap(({ run }) => {
      const lacks = run.shortfalls.map((shortfall) => `  ${shortfallText(shortfall)}`);
      const found = run.findings.list.map((finding) => `  ${finding}`);
      if (run.ok && run.findings.total === 0) return [];
      return [
        '',
        paint('bold', `${run.scenario}, seed ${run.seed}`),
        ...lacks,
        ...found,
        `  ${replay(run.scenario, run.seed)}`,
      ];
    }),
    ...failures.flatMap(({ scenario, seed, failed }) => [
      '',
      paint('bold', `${scenario.name}, seed ${seed}`),
      `  failed: ${failed}`,
      `  ${replay(scenario.name, seed)}`,
    ]),
  ];
}

export function scenarioText(report: ScenarioReport, given: ReadonlyMap<string, string>): string {
  const kept = report.runs.some(({ run }) => run.figures.kept) ? KEPT : [];
  return [machineText(report.machine), '', table(columns(kept), report.runs), ...complaints(report, given)].join('\n');
}

/** With the name of its priority, where it has one. */
function trafficJson({ priority, ...traffic }: Traffic): object {
  const { send } = traffic;
  if (send === 'alert') return { ...traffic, priority: PRIORITY_NAMES[Priority.Critical] };
  return send === 'broadcast' || send === 'directed' ? { ...traffic, priority: PRIORITY_NAMES[priority] } : traffic;
}

/** The report for programs, in words where it has numbers that mean one. */
export function reportJson({ runs, failures, ...head }: ScenarioReport): object {
  const named = <T extends { readonly scenario: Scenario }>(each: T): object => ({
    ...each,
    scenario: { ...each.scenario, traffic: each.scenario.traffic.map(trafficJson) },
  });
  return { ...head, runs: runs.map(named), failures: failures.map(named) };
}
