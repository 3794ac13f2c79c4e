// One row of the table: what a module under rows/ says, and what it measured.
import { median, rounded, spreadOf } from './statistics.mjs';

/**
 * @typedef {object} Bench A module of rows/ exports one as `bench`.
 * @property {string} id as in the list of goals
 * @property {string} what one line for a person
 * @property {string} unit of every number of the row
 * @property {{most?: number, least?: number}} target
 * @property {Readonly<Record<string, number>>} [peers] figures from elsewhere; those of the same run come from `measure`
 * @property {(context: Context) => Promise<Measured>} measure
 *
 * @typedef {object} Measured
 * @property {readonly number[]} samples the row's figure is their median
 * @property {number} [ours] the figure, where it is no median
 * @property {number} [judged] what has to meet the target, where that is stricter than the figure: the worst, say
 * @property {Readonly<Record<string, readonly number[]>>} [peers] samples of peers, taken interleaved with ours
 * @property {string} [note]
 * @property {object} [details] further figures, for programs
 *
 * @typedef {object} Context
 * @property {boolean} quick
 * @property {string} folder a temporary one, for this row
 * @property {(text: string) => void} say progress
 * @property {<T>(name: string, make: () => Promise<T>) => Promise<T>} shared a measurement that several rows read
 */

const targetText = ({ most, least }) => (most === undefined ? `≥ ${least}` : `≤ ${most}`);
const meets = ({ most, least }, value) =>
  (most === undefined || value <= most) && (least === undefined || value >= least);

const mapped = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

/** `ratio`: ours over the best peer's, so that below 1 is better where little is good. */
export function rowOf(bench, measured) {
  const { samples, ours = median(samples), judged = ours, note = '', details } = measured;
  const peers = { ...bench.peers, ...mapped(measured.peers ?? {}, median) };
  const isLessBetter = bench.target.most !== undefined;
  const values = Object.values(peers);
  const best = values.length === 0 ? undefined : isLessBetter ? Math.min(...values) : Math.max(...values);
  return {
    ...headOf(bench),
    peers: mapped(peers, rounded),
    ours: rounded(ours),
    spread: mapped(spreadOf(samples), rounded),
    ratio: best === undefined ? null : rounded(ours / best),
    met: meets(bench.target, judged),
    note,
    ...(details !== undefined && { details }),
  };
}

/** A row whose measurement failed is there, too, and says why. */
export function failedRow(bench, error) {
  const note = `failed: ${error.message.split('\n')[0]}`;
  return { ...headOf(bench), peers: { ...bench.peers }, ours: null, spread: null, ratio: null, met: false, note };
}

const headOf = ({ id, what, unit, target }) => ({ id, what, unit, target: targetText(target) });
