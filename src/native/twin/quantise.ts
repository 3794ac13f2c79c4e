/** Adding and taking away 1.5 × 2^52 rounds half to even, as the addon does it. */
const ROUNDER = 6_755_399_441_055_744;

const ROW_PEAK = 127;
const QUERY_PEAK = 32_767;

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

function quantise(
  x: Float32Array,
  from: number,
  count: number,
  factor: number,
  out: Int8Array | Int16Array,
  outAt: number,
): number {
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const value = (x[from + i] as number) * factor + ROUNDER - ROUNDER;
    out[outAt + i] = value;
    squares += value * value;
  }
  return squares;
}

/** Writes a row of int8 whose largest component is ±127; returns the sum of its squares. */
export function quantiseRow(
  x: Float32Array,
  from: number,
  count: number,
  peak: number,
  out: Int8Array,
  outAt: number,
): number {
  return quantise(x, from, count, ROW_PEAK / peak, out, outAt);
}

/** The same to 16 bits, for a query. */
export function quantiseQuery(x: Float32Array, count: number, peak: number, out: Int16Array): number {
  return quantise(x, 0, count, QUERY_PEAK / peak, out, 0);
}

// 512 products of 32,767 × 128 still fit 32 bits.
const CHUNK = 512;

/**
 * The exact sums of products of a query and the rows that start at the four indexes in `at`, into `out`. Four rows
 * share the loads of the query, which are half of the work.
 */
export function dotFour(query: Int16Array, rows: Int8Array, at: Int32Array, out: Float64Array): void {
  const first = at[0] as number;
  const second = at[1] as number;
  const third = at[2] as number;
  const fourth = at[3] as number;
  out.fill(0);
  for (let from = 0; from < query.length; from += CHUNK) {
    const to = Math.min(from + CHUNK, query.length);
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let j = from; j < to; j++) {
      const x = query[j] as number;
      a = (a + Math.imul(x, rows[first + j] as number)) | 0;
      b = (b + Math.imul(x, rows[second + j] as number)) | 0;
      c = (c + Math.imul(x, rows[third + j] as number)) | 0;
      d = (d + Math.imul(x, rows[fourth + j] as number)) | 0;
    }
    out[0] = (out[0] as number) + a;
    out[1] = (out[1] as number) + b;
    out[2] = (out[2] as number) + c;
    out[3] = (out[3] as number) + d;
  }
}
