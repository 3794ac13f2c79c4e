import { Verdict } from '../ports/hot-path.js';

/** Under which reason a frame is counted that the hot path did not accept; none where it is a copy or our own. */
export const REFUSALS: Readonly<Record<number, string>> = {
  [Verdict.Truncated]: 'frame.truncated',
  [Verdict.Oversized]: 'frame.oversized',
  [Verdict.Version]: 'frame.version',
  [Verdict.Malformed]: 'frame.malformed',
  [Verdict.Epoch]: 'frame.epoch',
  [Verdict.Tag]: 'frame.tag',
};
