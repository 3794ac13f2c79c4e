// The two rows of a radio, from one measurement.
import { percentile } from '../statistics.mjs';
import { detailsOf, measureRadio, noteOf, SMALL_BYTES } from './measure.mjs';

const measured = (kind, context) => context.shared(`radio-${kind}`, () => measureRadio(kind, context));

/**
 * @param {{kind: string, carrier: string, bare: string, least: number, atBest?: number}} options `carrier`: what carries it,
 *   for people; `atBest`: kB/s of payload it can carry one way
 * @returns {import('../row.mjs').Bench}
 */
export function throughputRow({ kind, carrier, bare, least, atBest }) {
  return {
    id: `radio-${kind}`,
    what: `payload one way in frames of full size, ${carrier}`,
    unit: 'kB/s',
    target: { least },
    ...(atBest !== undefined && { peers: { 'the carrier at best': atBest } }),
    async measure(context) {
      const results = await measured(kind, context);
      const { own, bare: plain } = results;
      return {
        samples: own.full.kbPerS,
        peers: { [bare]: plain.full.kbPerS },
        note: noteOf(results),
        details: detailsOf(results),
      };
    },
  };
}

/** @returns {import('../row.mjs').Bench} */
export function roundTripRow({ kind, carrier, bare, most, atBest }) {
  return {
    id: `radio-${kind}-round-trip`,
    what: `a frame of ${SMALL_BYTES} B there and back, ${carrier}; its 99th percentile has to meet the target`,
    unit: 'ms',
    target: { most },
    ...(atBest !== undefined && { peers: { 'the carrier at best': atBest } }),
    async measure(context) {
      const { own, bare: plain } = await measured(kind, context);
      const { times } = own.small;
      return { samples: times, judged: percentile(times, 0.99), peers: { [bare]: plain.small.times } };
    },
  };
}
