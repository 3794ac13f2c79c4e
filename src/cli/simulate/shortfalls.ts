import type { Shortfall } from '../../sim/scenario/expectations.js';
import { forPeople, percent } from '../format.js';

interface Wanted {
  /** Of the scenario's file. */
  readonly key: string;
  readonly bound: 'at least' | 'at most';
  readonly say: (value: number) => string;
}

const delay = (key: string): Wanted => ({ key, bound: 'at most', say: forPeople });
const share = (key: string): Wanted => ({ key, bound: 'at least', say: (value) => percent(value * 100) ?? '' });

const WANTED: Readonly<Record<Shortfall['name'], Wanted>> = {
  delivered: share('delivered'),
  acknowledged: share('acknowledged'),
  medianMs: delay('median'),
  p95Ms: delay('p95'),
  p99Ms: delay('p99'),
  alertP95Ms: delay('alert_p95'),
  bytesPerNodeMinute: { key: 'bytes_per_node_minute', bound: 'at most', say: (value) => `${Math.round(value)} B` },
  agreement: share('agreement'),
  segments: { key: 'segments', bound: 'at most', say: String },
  largestSegment: { key: 'largest_segment', bound: 'at most', say: String },
  findings: { key: 'findings', bound: 'at most', say: String },
};

/** What was expected and did not come, by the key it has in the scenario's file. */
export function shortfallText({ name, expected, found }: Shortfall): string {
  const { key, bound, say } = WANTED[name];
  const [came, wanted] = [found === undefined ? 'nothing to measure' : say(found), say(expected)];
  // Where rounding hides the difference the numbers are told as they are.
  return came === wanted
    ? `${key}: ${found}, expected ${bound} ${expected}`
    : `${key}: ${came}, expected ${bound} ${wanted}`;
}
