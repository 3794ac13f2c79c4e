// Figures of a series of samples.
const byValue = (a, b) => a - b;

/** The smallest sample that at least `share` of them do not exceed. */
export function percentile(samples, share) {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort(byValue);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export function median(samples) {
  const sorted = [...samples].sort(byValue);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? percentile(samples, 0.5) : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @returns {{min: number, max: number, samples: number}} */
export const spreadOf = (samples) => ({
  min: Math.min(...samples),
  max: Math.max(...samples),
  samples: samples.length,
});

/** Three significant digits, so that a table is read and not studied. */
export const rounded = (value) => (Number.isFinite(value) ? Number(value.toPrecision(3)) : value);
