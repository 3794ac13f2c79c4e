import { EXPECTATION_KEYS, type Shortfall } from '../../sim/scenario/expectations.js';
import { forPeople, percent } from '../format.js';

interface Wanted {
  readonly bound: 'at least' | 'at most';
  readonly say: (value: number) => string;
}

const delay: Wanted = { bound: 'at most', say: forPeople };
const share: Wanted = { bound: 'at least', say: (value) => percent(value * 100) ?? '' };
const count: Wanted = { bound: 'at most', say: String };

const WANTED: Readonly<Record<Shortfall['name'], Wanted>> = {
  delivered: share,
  acknowledged: share,
  medianMs: delay,
  p95Ms: delay,
  p99Ms: delay,
  alertP95Ms: delay,
  bytesPerNodeMinute: { bound: 'at most', say: (value) => `${Math.round(value)} B` },
  agreement: share,
  segments: count,
  largestSegment: count,
  findings: count,
};

/** What was expected and did not come, by the key it has in the scenario's file. */
export function shortfallText({ name, expected, found }: Shortfall): string {
  const { bound, say } = WANTED[name];
  const key = EXPECTATION_KEYS[name];
  const [came, wanted] = [found === undefined ? 'nothing to measure' : say(found), say(expected)];
  // Where rounding hides the difference the numbers are told as they are.
  return came === wanted
    ? `${key}: ${found}, expected ${bound} ${expected}`
    : `${key}: ${came}, expected ${bound} ${wanted}`;
}
