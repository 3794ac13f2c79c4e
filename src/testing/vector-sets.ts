/** Vectors that look like a model's, from a seed, for tests of search. */

/** Numbers of a normal distribution, from a seed: xorshift and twelve of its draws in sum. */
export function normals(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e37_79b9) | 1;
  const draw = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += draw();
    return sum;
  };
}

export interface VectorSet {
  readonly dimension: number;
  /** Identities that vectors belong to; 0: every vector is alone. */
  readonly identities: number;
  /** Cosine of two vectors of an identity. */
  readonly within?: number;
  /** Length of what all vectors have in common, beside that of a centre. */
  readonly shared?: number;
  /** Components shrink with their number, as spectra do. */
  readonly falling?: boolean;
  /** No component below zero, as after a rectifier. */
  readonly positive?: boolean;
  /** After so many vectors what they have in common is turned around. */
  readonly turnsAt?: number;
  readonly seed?: number;
}

/** The next so many vectors at each call, one behind the other. */
export function vectorSource(set: VectorSet): (count: number) => Float32Array {
  const {
    dimension,
    identities,
    within = 0.705,
    shared = 0,
    falling = false,
    positive = false,
    turnsAt = Number.POSITIVE_INFINITY,
    seed = 1,
  } = set;
  const normal = normals(seed);
  const size = (j: number): number => (falling ? (1 + j) ** -0.4 : 1);
  const mean = Float32Array.from({ length: dimension }, () => shared * normal());
  const centres = Float32Array.from({ length: identities * dimension }, (_, i) => size(i % dimension) * normal());
  const noise = Math.sqrt(1 / within - 1);
  let next = 0;
  return (count) => {
    const vectors = new Float32Array(count * dimension);
    for (let i = 0; i < count; i++, next++) {
      const centre = ((next * 7_919) % Math.max(1, identities)) * dimension;
      for (let j = 0; j < dimension; j++) {
        const own = identities > 0 ? (centres[centre + j] as number) + noise * size(j) * normal() : size(j) * normal();
        const value = (next < turnsAt ? 1 : -1) * (mean[j] as number) + own;
        vectors[i * dimension + j] = positive ? Math.max(0, value) : value;
      }
    }
    return vectors;
  };
}
