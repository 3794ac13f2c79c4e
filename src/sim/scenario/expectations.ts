import type { RunFigures } from './recorder.js';
import type { Expectations } from './scenario.js';

/** What was expected and did not come. */
export interface Shortfall {
  readonly name: keyof Expectations;
  readonly expected: number;
  /** Absent where there was nothing to measure. */
  readonly found?: number;
}

/** What a scenario's file calls them. */
export const EXPECTATION_KEYS: Readonly<Record<keyof Expectations, string>> = {
  delivered: 'delivered',
  acknowledged: 'acknowledged',
  kept: 'kept',
  medianMs: 'median',
  p95Ms: 'p95',
  p99Ms: 'p99',
  alertP95Ms: 'alert_p95',
  bytesPerNodeMinute: 'bytes_per_node_minute',
  agreement: 'agreement',
  segments: 'segments',
  largestSegment: 'largest_segment',
  findings: 'findings',
};

/** Whether more is better. */
const LEAST: Readonly<Partial<Record<keyof Expectations, true>>> = {
  delivered: true,
  acknowledged: true,
  kept: true,
  agreement: true,
};

const share = (done: number, of: number): number | undefined => (of === 0 ? undefined : done / of);

function foundOf(figures: RunFigures, findings: number): Record<keyof Expectations, number | undefined> {
  const { delays, alertDelays, acknowledged, kept, segments } = figures;
  return {
    delivered: share(figures.delivered, figures.due),
    acknowledged: share(acknowledged.done, acknowledged.asked),
    kept: kept && share(kept.arrived, kept.sent),
    medianMs: delays?.medianMs,
    p95Ms: delays?.p95Ms,
    p99Ms: delays?.p99Ms,
    alertP95Ms: alertDelays?.p95Ms,
    bytesPerNodeMinute: figures.bytesPerNodeMinute,
    agreement: segments.agreement,
    segments: segments.count,
    largestSegment: segments.largest,
    findings,
  };
}

/** What a run lacks of what was expected; nothing measured is a shortfall, too. */
export function shortfallsOf(expect: Expectations, figures: RunFigures, findings: number): Shortfall[] {
  const found = foundOf(figures, findings);
  const shortfalls: Shortfall[] = [];
  for (const name of Object.keys(expect) as (keyof Expectations)[]) {
    const [expected, value] = [expect[name], found[name]];
    if (expected === undefined) continue;
    if (value !== undefined && (LEAST[name] ? value >= expected : value <= expected)) continue;
    shortfalls.push({ name, expected, ...(value !== undefined && { found: value }) });
  }
  return shortfalls;
}
