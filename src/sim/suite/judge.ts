import { median, rounded, type Spread, spreadOf } from './statistics.js';

interface Bound {
  readonly most?: number;
  readonly least?: number;
}

/** `most` or `least`; with `of` it is a multiple of that peer's figure in the same run. */
export interface Target extends Bound {
  readonly of?: string;
  /** What else has to hold, by name. */
  readonly also?: Readonly<Record<string, Bound>>;
}

export type FiguresByName = Readonly<Record<string, number>>;

/** What a row is about. */
export interface RowHead {
  /** As in the list of goals. */
  readonly id: string;
  /** One line for a person. */
  readonly what: string;
  /** Of every number of the row. */
  readonly unit: string;
  readonly target: Target;
  /** Figures from elsewhere; those of the same run come with what was measured. */
  readonly peers?: FiguresByName;
}

export interface Measured {
  /** The row's figure is their median; none: `skipped` says why. */
  readonly samples: readonly number[];
  /** The figure, where it is no median. */
  readonly ours?: number;
  /** What has to meet the target, where that is stricter than the figure: the worst, say. */
  readonly judged?: number;
  /** Samples of peers, taken in the same run. */
  readonly peers?: Readonly<Record<string, readonly number[]>>;
  /** The figures that `target.also` judges. */
  readonly also?: Readonly<Record<string, number | undefined>>;
  /** Why there is no figure of ours yet; the peers' are shown. */
  readonly skipped?: string;
  readonly note?: string;
  /** Further figures, for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A row of the table, and of the JSON. */
export interface ReportRow {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly target: string;
  readonly peers: FiguresByName;
  readonly ours: number | null;
  readonly spread: Spread | null;
  /** Ours over the peer's that the target names, or the best peer's: below 1 is better where little is good. */
  readonly ratio: number | null;
  readonly met: boolean;
  readonly note: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const SKIPPED = 'skipped: ';

const boundText = ({ most, least }: Bound): string => (most === undefined ? `≥ ${least}` : `≤ ${most}`);

function targetText({ of, also = {}, ...bound }: Target): string {
  const others = Object.entries(also).map(([name, each]) => `${name} ${boundText(each)}`);
  return [`${boundText(bound)}${of === undefined ? '' : ` × ${of}`}`, ...others].join('; ');
}

/** What was not measured, or cannot be compared because the peer is not there, is not met. */
const meets = ({ most, least }: Bound, value: number | undefined): boolean =>
  value !== undefined && (most === undefined || value <= most) && (least === undefined || value >= least);

const mapped = <T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

const headOf = ({ id, what, unit, target }: RowHead) => ({ id, what, unit, target: targetText(target) });

/** The best of them, by whether little is good. */
function bestOf(peers: FiguresByName, isLessBetter: boolean): number | undefined {
  const values = Object.values(peers);
  if (values.length === 0) return undefined;
  return isLessBetter ? Math.min(...values) : Math.max(...values);
}

/** What was measured, held against the target and the peers. */
export function rowOf(row: RowHead, measured: Measured): ReportRow {
  const { samples, judged, also = {}, note = '' } = measured;
  const { target } = row;
  const peers = { ...row.peers, ...mapped(measured.peers ?? {}, median) };
  const head = { ...headOf(row), peers: mapped(peers, rounded) };
  const details = detailsOf(measured);
  if (samples.length === 0)
    return { ...head, ours: null, spread: null, ratio: null, met: false, note: skippedNote(measured) };
  const { ours = median(samples) } = measured;
  const reference = target.of === undefined ? bestOf(peers, target.most !== undefined) : peers[target.of];
  const value = judged ?? ours;
  const compared = target.of === undefined ? value : reference ? value / reference : undefined;
  return {
    ...head,
    ours: rounded(ours),
    spread: mapped({ ...spreadOf(samples) }, rounded) as unknown as Spread,
    ratio: reference === undefined ? null : rounded(ours / reference),
    met:
      meets(target, compared) && Object.entries(target.also ?? {}).every(([name, bound]) => meets(bound, also[name])),
    note,
    ...(details !== undefined && { details }),
  };
}

/** What `target.also` judges is a figure for programs, too. */
const detailsOf = ({ details, also }: Measured): Record<string, unknown> | undefined =>
  details === undefined && also === undefined
    ? undefined
    : { ...mapped(also ?? {}, (value) => value ?? null), ...details };

const skippedNote = ({ skipped, note }: Measured): string => [`${SKIPPED}${skipped}`, note].filter(Boolean).join('; ');

/** No figure, and no failure: what it measures is not there yet. */
export const isSkipped = ({ ours, note }: Pick<ReportRow, 'ours' | 'note'>): boolean =>
  ours === null && note.startsWith(SKIPPED);

/** A row whose measurement failed is there, too, and says why. */
export function failedRow(row: RowHead, error: Error): ReportRow {
  const note = `failed: ${error.message.split('\n')[0]}`;
  return { ...headOf(row), peers: { ...row.peers }, ours: null, spread: null, ratio: null, met: false, note };
}
