// One row of the table: what a module under rows/ says, and what it measured.
import { median, rounded, spreadOf } from './statistics.mjs';

/**
 * @typedef {object} Bench A module of rows/ exports one as `bench`.
 * @property {string} id as in the list of goals
 * @property {string} what one line for a person
 * @property {string} unit of every number of the row
 * @property {Target} target
 * @property {Readonly<Record<string, number>>} [peers] figures from elsewhere; those of the same run come from `measure`
 * @property {(context: Context) => Promise<Measured>} measure
 *
 * @typedef {object} Target `most` or `least`; with `of` it is a multiple of that peer's figure in the same run
 * @property {number} [most]
 * @property {number} [least]
 * @property {string} [of]
 * @property {Readonly<Record<string, {most?: number, least?: number}>>} [also] what else has to hold, by name
 *
 * @typedef {object} Measured
 * @property {readonly number[]} samples the row's figure is their median; none: `skipped` says why
 * @property {number} [ours] the figure, where it is no median
 * @property {number} [judged] what has to meet the target, where that is stricter than the figure: the worst, say
 * @property {Readonly<Record<string, readonly number[]>>} [peers] samples of peers, taken interleaved with ours
 * @property {Readonly<Record<string, number | undefined>>} [also] the figures that `target.also` judges
 * @property {string} [skipped] why there is no figure of ours yet; the peers' are shown
 * @property {readonly object[]} [points] for the curve of recall against time (hot/curve.mjs)
 * @property {string} [note]
 * @property {object} [details] further figures, for programs
 *
 * @typedef {object} Context
 * @property {boolean} quick
 * @property {string} folder a temporary one, for this row
 * @property {(text: string) => void} say progress
 * @property {<T>(name: string, make: () => Promise<T>) => Promise<T>} shared a measurement that several rows read
 */

const boundText = ({ most, least }) => (most === undefined ? `≥ ${least}` : `≤ ${most}`);
const targetText = ({ of, also = {}, ...bound }) => {
  const others = Object.entries(also).map(([name, each]) => `${name} ${boundText(each)}`);
  return [`${boundText(bound)}${of === undefined ? '' : ` × ${of}`}`, ...others].join('; ');
};
/** What was not measured, or cannot be compared because the peer is not there, is not met. */
const meets = ({ most, least }, value) =>
  value !== undefined && (most === undefined || value <= most) && (least === undefined || value >= least);

const mapped = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

/** `ratio`: ours over the peer's that the target names, or the best peer's, so that below 1 is better where little is good. */
export function rowOf(bench, measured) {
  const { samples, judged, also = {}, note = '' } = measured;
  const details = detailsOf(measured);
  const { target } = bench;
  const peers = { ...bench.peers, ...mapped(measured.peers ?? {}, median) };
  const head = { ...headOf(bench), peers: mapped(peers, rounded) };
  if (samples.length === 0)
    return { ...head, ours: null, spread: null, ratio: null, met: false, note: skippedNote(measured) };
  const { ours = median(samples) } = measured;
  const values = Object.values(peers);
  const isLessBetter = target.most !== undefined;
  const best = values.length === 0 ? undefined : isLessBetter ? Math.min(...values) : Math.max(...values);
  const reference = target.of === undefined ? best : peers[target.of];
  const value = judged ?? ours;
  const compared = target.of === undefined ? value : reference && value / reference;
  return {
    ...head,
    ours: rounded(ours),
    spread: mapped(spreadOf(samples), rounded),
    ratio: reference === undefined ? null : rounded(ours / reference),
    met:
      meets(target, compared) && Object.entries(target.also ?? {}).every(([name, bound]) => meets(bound, also[name])),
    note,
    ...(details !== undefined && { details }),
  };
}

/** What `target.also` judges is a figure for programs, too. */
const detailsOf = ({ details, also }) =>
  details === undefined && also === undefined
    ? undefined
    : { ...mapped(also ?? {}, (value) => value ?? null), ...details };

const SKIPPED = 'skipped: ';
const skippedNote = ({ skipped, note }) => [`${SKIPPED}${skipped}`, note].filter(Boolean).join('; ');

/** No figure, and no failure: what it measures is not there yet. */
export const isSkipped = ({ ours, note }) => ours === null && note.startsWith(SKIPPED);

/** A row whose measurement failed is there, too, and says why. */
export function failedRow(bench, error) {
  const note = `failed: ${error.message.split('\n')[0]}`;
  return { ...headOf(bench), peers: { ...bench.peers }, ours: null, spread: null, ratio: null, met: false, note };
}

const headOf = ({ id, what, unit, target }) => ({ id, what, unit, target: targetText(target) });
