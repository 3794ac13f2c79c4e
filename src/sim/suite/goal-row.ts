import type { FiguresByName, Measured, RowHead } from './judge.js';
import { median } from './statistics.js';

/** How a figure of several seeds becomes one. */
export const Fold = {
  Median: median,
  Sum: (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0),
  Most: (values: readonly number[]): number => Math.max(...values),
  Least: (values: readonly number[]): number => Math.min(...values),
} as const;
export type Fold = (typeof Fold)[keyof typeof Fold];

/** What one seed of a row gave. */
export interface SeedFigures {
  readonly ours: number;
  /** What the target's `also` judges, by name. */
  readonly also?: FiguresByName;
  /** Rivals on the same seed. */
  readonly peers?: FiguresByName;
  /** Further figures, for programs. */
  readonly details?: FiguresByName;
  /** What has to be said about this seed: it was cut short, say. */
  readonly remark?: string;
}

interface SeedTools {
  /** CPU time of the process so far, ms. */
  cpuMs(): number;
}

/** One row of the goals: what is measured, what is aimed at, and how its seeds become one figure. */
export interface GoalRow extends RowHead {
  /** How the seeds' figures become one, by name (`ours` for the row's own); the median where nothing is said. */
  readonly folds?: Readonly<Record<string, Fold>>;
  /** What has to be known to read the figures. */
  readonly note?: string;
}

/** Rows that come of one run. */
export interface Experiment {
  readonly rows: readonly GoalRow[];
  /** It measures CPU time: nothing else may run beside it. */
  readonly alone?: true;
  /** One seed: the figures of each row, in the order of the rows. At most `SEED_CPU_MS` of CPU time. */
  measure(seed: number, tools: SeedTools): Promise<readonly SeedFigures[]>;
}

export const DEFAULT_SEEDS = 10;
/** A seed of a row may take so much CPU time. */
export const SEED_CPU_MS = 100_000;

/** What one seed gave and what it took. */
export interface SeedResult {
  readonly seed: number;
  readonly figures: SeedFigures;
  readonly cpuMs: number;
}

type Pick = (figures: SeedFigures) => FiguresByName | undefined;

function columns(results: readonly SeedResult[], pick: Pick): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const { figures } of results)
    for (const [name, value] of Object.entries(pick(figures) ?? {}))
      values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

/** The seeds of a row as one measurement. */
export function folded(row: GoalRow, results: readonly SeedResult[]): Measured {
  const fold = (name: string): Fold => row.folds?.[name] ?? median;
  const all = (pick: Pick): FiguresByName =>
    Object.fromEntries([...columns(results, pick)].map(([name, values]) => [name, fold(name)(values)]));
  const samples = results.map(({ figures }) => figures.ours);
  const remarks = [...new Set(results.flatMap(({ figures }) => figures.remark ?? []))];
  const cpuS = results.map(({ cpuMs }) => cpuMs / 1_000);
  const also = all((figures) => figures.also);
  const details = all((figures) => figures.details);
  return {
    samples,
    ...(samples.length > 0 && { ours: fold('ours')(samples) }),
    peers: Object.fromEntries(columns(results, (figures) => figures.peers)),
    also,
    details: { ...details, cpuSecondsPerSeed: Number(median(cpuS).toPrecision(3)) },
    note: [alsoText(also), row.note, ...remarks].filter(Boolean).join('. '),
  };
}

const alsoText = (also: FiguresByName): string =>
  Object.entries(also)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`)
    .join(', ');
