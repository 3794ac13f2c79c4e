/** Adding and taking away 1.5 × 2^52 rounds half to even, as the addon does it. */
export const ROUNDER = 6_755_399_441_055_744;

const QUERY_PEAK = 4_095;

/** Largest magnitude of `x[from, from + count)`; negative when a component is not finite. */
export function peakOf(x: Float32Array, from: number, count: number): number {
  let peak = 0;
  for (let i = from; i < from + count; i++) {
    const magnitude = Math.abs(x[i] as number);
    // Written so that NaN fails it too.
    if (!(magnitude < Number.POSITIVE_INFINITY)) return -1;
    if (magnitude > peak) peak = magnitude;
  }
  return peak;
}

/** Writes the query in 12 bits and a sign; returns the sum of its squares. `out` may be longer and stays zero there. */
export function quantiseQuery(x: Float32Array, peak: number, out: Int16Array): number {
  const factor = QUERY_PEAK / peak;
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const value = (x[i] as number) * factor + ROUNDER - ROUNDER;
    out[i] = value;
    squares += value * value;
  }
  return squares;
}
