/** Abramowitz and Stegun 4.4.46: within 2e-8, and the same bits in every language, which `Math.acos` need not give. */
const ACOS = [
  1.570_796_305, -0.214_598_801_6, 0.088_978_987_4, -0.050_174_304_6, 0.030_891_881, -0.017_088_125_6, 0.006_670_090_1,
  -0.001_262_491_1,
] as const;

function acos(cosine: number): number {
  const c = Math.max(-1, Math.min(1, cosine));
  const a = Math.abs(c);
  let sum: number = ACOS[7];
  for (let i = 6; i >= 0; i--) sum = sum * a + (ACOS[i] as number);
  const angle = Math.sqrt(1 - a) * sum;
  return c < 0 ? Math.PI - angle : angle;
}

/**
 * Most of `bits` sign bits in which two vectors of at least this cosine differ, but for z standard deviations: each bit
 * differs with probability angle ÷ π, whatever the data look like (Charikar 2002).
 */
export function hammingLimit(bits: number, z: number, cosine: number): number {
  const p = acos(cosine) / Math.PI;
  return Math.min(bits, Math.floor(bits * p + z * Math.sqrt(bits * p * (1 - p))));
}
