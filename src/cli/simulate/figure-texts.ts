import type { RunFigures } from '../../sim/scenario/recorder.js';

/** Rounded down: what looks like all of them is all of them. */
const percentOf = (done: number, of: number, digits: number): string => {
  const parts = 10 ** (digits + 2);
  return `${(Math.floor((done * parts) / of) / 10 ** digits).toFixed(digits)} %`;
};

export const deliveredText = ({ delivered, due }: RunFigures): string | undefined =>
  due === 0 ? undefined : percentOf(delivered, due, 2);

export const acknowledgedText = ({ acknowledged: { asked, done } }: RunFigures): string | undefined =>
  asked === 0 ? undefined : percentOf(done, asked, 0);

export const keptText = ({ kept }: RunFigures): string | undefined => kept && `${kept.arrived} of ${kept.sent}`;
