// The same question to each engine in turn, in one process: who runs beside a busy neighbour, all run beside it.
import { median } from '../statistics.mjs';
import { recallOf } from './truth.mjs';

const MICRO = 1e6;

/** CPU time of this process in microseconds, all threads and the kernel's share in it. */
export function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** @returns {{cpuUs: number, wallUs: number, value: unknown}} */
export function timed(action) {
  const [wall, cpu] = [performance.now(), cpuUs()];
  const value = action();
  const [cpuAfter, wallAfter] = [cpuUs(), performance.now()];
  return { cpuUs: cpuAfter - cpu, wallUs: (wallAfter - wall) * 1e3, value };
}

/**
 * @typedef {object} Engine
 * @property {string} name
 * @property {(query: Float32Array, i: number) => ArrayLike<number | bigint>} search rows, best first
 * @property {number} [every] only each so many queries: it is slow
 *
 * @typedef {object} Series
 * @property {number[]} cpu microseconds of each query
 * @property {number[]} wall
 * @property {ArrayLike<number | bigint>[]} found
 * @property {number[]} asked which queries
 */

/**
 * @param {readonly Engine[]} engines
 * @param {readonly Float32Array[]} queries
 * @returns {Map<string, Series>}
 */
export function interleaved(engines, queries, { warmUps = 5 } = {}) {
  const series = new Map(engines.map(({ name }) => [name, { cpu: [], wall: [], found: [], asked: [] }]));
  for (const { search, every = 1 } of engines) {
    for (let i = 0; i < Math.ceil(warmUps / every); i++)
      search(queries[queries.length - 1 - i], queries.length - 1 - i);
  }
  queries.forEach((query, i) => {
    engines.forEach((_, at) => {
      // Nobody is always the one after the same neighbour, who leaves the caches cold.
      const { name, search, every = 1 } = engines[(at + i) % engines.length];
      if (i % every !== 0) return;
      const { cpuUs: cpu, wallUs: wall, value } = timed(() => search(query, i));
      const own = series.get(name);
      own.cpu.push(cpu);
      own.wall.push(wall);
      own.found.push(value);
      own.asked.push(i);
    });
  });
  return series;
}

/** Recall of a series against the truth of the queries it was asked. */
export const recallIn = ({ found, asked }, truth) =>
  recallOf(
    found,
    asked.map((i) => truth[i]),
  );

const us = (value) => (value >= 1e3 ? `${(value / 1e3).toPrecision(3)} ms` : `${Math.round(value)} µs`);

/** `usearch i8 292 µs (wall 300, least 280) at recall .927`. */
export function seriesText(name, { cpu, wall }, recall) {
  const least = us(Math.min(...cpu));
  return `${name} ${us(median(cpu))} of CPU (least ${least}, wall ${us(median(wall))})${recall === undefined ? '' : `, recall ${recall.toFixed(3)}`}`;
}

export const perSecond = (count, cpu) => (count / cpu) * MICRO;
