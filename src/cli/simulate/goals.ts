import { EXPERIMENTS } from '../../sim/suite/all.js';
import { type Experiment, folded, type GoalRow, type SeedResult } from '../../sim/suite/goal-row.js';
import { failedRow, type ReportRow, rowOf } from '../../sim/suite/judge.js';
import { type Column, paint, table } from '../output.js';
import { usage } from '../report.js';
import type { Job } from './job.js';
import { commit, type Machine, machine, machineText } from './machine.js';
import type { Pool, Settled } from './pool.js';
import type { SeedProgress } from './seed-progress.js';

/** As JSON, too. */
export interface GoalReport {
  readonly machine: Machine;
  readonly commit: string | null;
  readonly rows: readonly ReportRow[];
}

const rowsOf = ({ rows }: Experiment): readonly string[] => rows.map(({ id }) => id);

export const goalRows = (): readonly GoalRow[] => EXPERIMENTS.flatMap(({ rows }) => rows);

/** Throws `cli.usage` for a row there is not. */
export function chosenRows(only: readonly string[] | undefined): ReadonlySet<string> {
  const known = goalRows().map(({ id }) => id);
  const unknown = only?.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw usage(`There is no row ${JSON.stringify(unknown)}.`, `There are ${known.join(', ')}.`);
  return new Set(only ?? known);
}

interface GoalJob {
  readonly experiment: number;
  readonly seed: number;
}

/** Measures rows over seeds: those that want the machine to themselves afterwards, one after the other. */
export async function measureGoals(
  ids: ReadonlySet<string>,
  seeds: readonly number[],
  progress: SeedProgress,
  pools: { readonly many: Pool; readonly one: Pool },
): Promise<GoalReport> {
  const head = { machine: machine(), commit: commit() };
  const asked = EXPERIMENTS.map((each, experiment) => ({ each, experiment })).filter(({ each }) =>
    rowsOf(each).some((id) => ids.has(id)),
  );
  const jobsOf = (alone: boolean): GoalJob[] =>
    asked
      .filter(({ each }) => (each.alone === true) === alone)
      .flatMap(({ experiment }) => seeds.map((seed) => ({ experiment, seed })));
  const results = new Map<string, Settled>();
  const [together, alone] = [jobsOf(false), jobsOf(true)];
  progress.expect(together.length + alone.length);
  for (const [pool, jobs] of [
    [pools.many, together],
    [pools.one, alone],
  ] as const) {
    await pool.run(
      jobs.map((job): Job => ({ kind: 'goal', ...job })),
      {
        progress: (index, share) => progress.show(nameOf(jobs[index]), share),
        settled: (index, result) => {
          const job = jobs[index] as GoalJob;
          results.set(`${job.experiment}/${job.seed}`, result);
          progress.settled(nameOf(job), 'failed' in result ? `failed: ${result.failed}` : undefined);
        },
      },
    );
  }
  const rows = asked.flatMap(({ each, experiment }) =>
    each.rows
      .map((row, i) => ({ row, i }))
      .filter(({ row }) => ids.has(row.id))
      .map(({ row, i }) =>
        reportRow(
          row,
          i,
          seeds.map((seed) => ({ seed, result: results.get(`${experiment}/${seed}`) })),
        ),
      ),
  );
  return { ...head, rows };
}

const nameOf = (job: GoalJob | undefined): string =>
  job === undefined ? '' : `${rowsOf(EXPERIMENTS[job.experiment] as Experiment).join(', ')}, seed ${job.seed}`;

function reportRow(
  row: GoalRow,
  index: number,
  results: readonly { readonly seed: number; readonly result: Settled | undefined }[],
): ReportRow {
  const good: SeedResult[] = [];
  for (const { seed, result } of results) {
    if (result === undefined) continue;
    if ('failed' in result) return failedRow(row, new Error(`seed ${seed}: ${result.failed}`));
    const figures = result.done.kind === 'goal' ? result.done.figures[index] : undefined;
    if (figures) good.push({ seed, figures, cpuMs: result.cpuMs });
  }
  return good.length === 0 ? failedRow(row, new Error('it was stopped')) : rowOf(row, folded(row, good));
}

const peersText = (peers: ReportRow['peers']): string =>
  Object.entries(peers)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

const COLUMNS: readonly Column<ReportRow>[] = [
  { title: '', value: ({ met }) => (met ? '✔' : '✘'), style: ({ met }) => (met ? 'green' : 'red') },
  { title: 'ROW', value: ({ id }) => id },
  { title: 'OURS', value: ({ ours }) => ours ?? '–', right: true },
  { title: 'TARGET', value: ({ target }) => target, cut: true },
  { title: 'UNIT', value: ({ unit }) => unit, cut: true },
  {
    title: 'SPREAD',
    value: ({ spread }) => (spread === null ? '' : `${spread.min} – ${spread.max} (${spread.samples})`),
  },
  { title: 'RATIO', value: ({ ratio }) => ratio ?? '', right: true },
  { title: 'PEERS', value: ({ peers }) => peersText(peers), cut: true },
];

export function goalText(report: GoalReport): string {
  const notes = report.rows.map(
    ({ id, what, note }) => `${paint('bold', id)}: ${what}${note === '' ? '' : `\n  ${note}`}`,
  );
  const head = [machineText(report.machine), ...(report.commit === null ? [] : [`commit ${report.commit}`])];
  return [...head, '', table(COLUMNS, report.rows), '', ...notes].join('\n');
}
