const TWO_32 = 0x1_0000_0000;
/** Normal draws are cut here, so that a signal's range has an end. */
export const SHADOW_SIGMAS_MAX = 4;

const mix = (word: number): number => {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/**
 * A normal draw (mean 0, deviation 1) that belongs to an ordered pair of places: always the same for a seed, without a
 * table, so that a thousand nodes need no million entries.
 */
export function pairNormal(seed: number, from: number, to: number): number {
  const word = mix(mix(mix(seed) ^ (from + 1)) ^ Math.imul(to + 1, 0x9e3779b1));
  const [a, b] = [(mix(word ^ 0x5bd1e995) + 1) / (TWO_32 + 1), mix(word ^ 0x1b873593) / TWO_32];
  const normal = Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
  return Math.max(-SHADOW_SIGMAS_MAX, Math.min(SHADOW_SIGMAS_MAX, normal));
}
