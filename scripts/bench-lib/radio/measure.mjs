// Throughput and round trip of one radio and of the plain package under it, taken in turns.
import { median, percentile, rounded } from '../statistics.mjs';
import { openLink } from './link.mjs';

/** A frame of the mesh of middling size: an alert, a question, a search. */
export const SMALL_BYTES = 200;
const RUNS = { full: 5, quick: 3 };
const SLICE_MS = { full: 1_000, quick: 400 };
/** Until the code is compiled, by both sizes. */
const WARM_UP_MS = 150;
const VARIANTS = ['own', 'bare'];

const emptyFigures = () => ({ kbPerS: [], cpuUs: [], times: [], lost: 0 });

async function measureOnce(link, bytes, forMs, figures) {
  const { kbPerS, cpuUs, lost } = await link.flow(bytes, forMs);
  const answers = await link.ask(bytes, forMs);
  figures.kbPerS.push(kbPerS);
  figures.cpuUs.push(cpuUs);
  figures.times.push(...answers.times);
  figures.lost += lost + answers.lost;
}

/**
 * @returns {Promise<Record<'own' | 'bare', {frameBytes: number, small: Figures, full: Figures}>>}
 * @typedef {{kbPerS: number[], cpuUs: number[], times: number[], lost: number}} Figures `cpuUs`: at both ends together, for
 *   each frame one way; `times`: milliseconds of each round trip
 */
export async function measureRadio(kind, { folder, quick, say }) {
  const depth = quick ? 'quick' : 'full';
  const links = {};
  const results = {};
  try {
    for (const variant of VARIANTS) {
      links[variant] = await openLink({ kind, variant, folder, say });
      results[variant] = { frameBytes: links[variant].frameBytes, small: emptyFigures(), full: emptyFigures() };
      for (const bytes of [SMALL_BYTES, links[variant].frameBytes]) {
        await measureOnce(links[variant], bytes, WARM_UP_MS, emptyFigures());
      }
    }
    for (let run = 0; run < RUNS[depth]; run++) {
      say(`run ${run + 1} of ${RUNS[depth]} …`);
      for (const variant of VARIANTS) {
        const { frameBytes, small, full } = results[variant];
        await measureOnce(links[variant], frameBytes, SLICE_MS[depth], full);
        await measureOnce(links[variant], SMALL_BYTES, SLICE_MS[depth], small);
      }
    }
    for (const { small, full } of Object.values(results)) {
      if (small.times.length === 0 || full.times.length === 0) throw new Error('no question was answered');
    }
    return results;
  } finally {
    await Promise.all(Object.values(links).map((link) => link.stop()));
  }
}

const figuresText = ({ kbPerS, cpuUs, times, lost }) =>
  `${rounded(median(kbPerS))} kB/s, ${rounded(median(cpuUs))} µs CPU a frame, round trip ${rounded(median(times))} ms, p99 ${rounded(percentile(times, 0.99))}${lost > 0 ? `, ${lost} lost` : ''}`;

/** Both variants and both sizes on a line each. */
export function noteOf({ own, bare }) {
  const lines = [
    ['ours', own],
    ['bare', bare],
  ].map(
    ([name, { frameBytes, small, full }]) =>
      `${name}: ${frameBytes} B: ${figuresText(full)}; ${SMALL_BYTES} B: ${figuresText(small)}`,
  );
  return lines.join('\n  ');
}

const summary = ({ kbPerS, cpuUs, times, lost }) => ({
  kbPerS: rounded(median(kbPerS)),
  cpuUsPerFrame: rounded(median(cpuUs)),
  roundTripMs: { p50: rounded(median(times)), p99: rounded(percentile(times, 0.99)), samples: times.length },
  lost,
});

/** The same for programs. */
export function detailsOf(results) {
  const entries = Object.entries(results).map(([variant, { frameBytes, small, full }]) => [
    variant,
    { [`${SMALL_BYTES} B`]: summary(small), [`${frameBytes} B`]: summary(full) },
  ]);
  return Object.fromEntries(entries);
}
