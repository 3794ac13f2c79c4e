const byValue = (a: number, b: number): number => a - b;

/** The smallest sample that at least `share` of them do not exceed. Throws RangeError without samples. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort(byValue);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

/** Throws RangeError without samples. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort(byValue);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return percentile(samples, 0.5);
  if (sorted.length === 0) throw new RangeError('no samples');
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export interface Spread {
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

export const spreadOf = (samples: readonly number[]): Spread => ({
  min: Math.min(...samples),
  max: Math.max(...samples),
  samples: samples.length,
});

/** Three significant digits, so that a table is read and not studied. */
export const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(3)) : value);
