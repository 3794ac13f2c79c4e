// One row of the table: what a module under rows/ says, and what it measured.

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

// Judged as the rows of `edge-agent simulate --suite goals` are, by the same code.
// biome-ignore lint/performance/noBarrelFile: the door of the benches to what is built
export { failedRow, isSkipped, rowOf } from '../../dist/sim/suite/judge.js';
