/** Sums of doubles are taken in sixteen lanes that are folded by halves: then registers of any width give the same. */
const LANES = 16;

/** Room for the lanes of one sum: nothing in it outlives a call. */
const lanes = new Float64Array(LANES);

function fold(): number {
  for (let width = LANES / 2; width >= 1; width /= 2) {
    for (let i = 0; i < width; i++) lanes[i] = (lanes[i] as number) + (lanes[i + width] as number);
  }
  return lanes[0] as number;
}

/** Σ x[j] × y[j]; the length is a multiple of 16. */
export function projection(x: Int32Array | Float64Array, y: Float64Array): number {
  // Four lanes at a time, because one addition need not wait for another's.
  for (let lane = 0; lane < LANES; lane += 4) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let j = lane; j < x.length; j += LANES) {
      a += (x[j] as number) * (y[j] as number);
      b += (x[j + 1] as number) * (y[j + 1] as number);
      c += (x[j + 2] as number) * (y[j + 2] as number);
      d += (x[j + 3] as number) * (y[j + 3] as number);
    }
    lanes[lane] = a;
    lanes[lane + 1] = b;
    lanes[lane + 2] = c;
    lanes[lane + 3] = d;
  }
  return fold();
}
