import type { Space } from './spaces.js';

/** What a fault of an embedding is called after its area: `detection.embedding.nan`. */
type EmbeddingFault = 'type' | 'dimension' | 'nan' | 'zero';

interface BadEmbedding {
  readonly fault: EmbeddingFault;
  readonly detail: string;
}

/** The vector as float32, or what is wrong with it. Takes arrays of numbers and float arrays. */
export function readEmbedding(value: unknown, dimension: number): Float32Array | BadEmbedding {
  if (!Array.isArray(value) && !(value instanceof Float32Array) && !(value instanceof Float64Array))
    return { fault: 'type', detail: 'embedding: must be an array of numbers.' };
  if (value.length !== dimension)
    return { fault: 'dimension', detail: `embedding: has ${value.length} components; this space has ${dimension}.` };
  const vector = new Float32Array(dimension);
  let squares = 0;
  for (let i = 0; i < dimension; i++) {
    const component: unknown = value[i];
    if (typeof component !== 'number') return { fault: 'type', detail: `embedding[${i}]: must be a number.` };
    const single = Math.fround(component);
    if (!Number.isFinite(single))
      return { fault: 'nan', detail: `embedding[${i}]: ${component} is not a finite float32.` };
    vector[i] = single;
    squares += single * single;
  }
  if (squares === 0) return { fault: 'zero', detail: 'embedding: all components are zero; it has no direction.' };
  return vector;
}

export interface Quantised {
  /** Of the normalised vector: component ≈ value × scale. */
  readonly int8: Int8Array;
  readonly scale: number;
}

export function normOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] as number) ** 2;
  return Math.sqrt(squares);
}

export function quantise(vector: Float32Array): Quantised {
  let max = 0;
  for (let i = 0; i < vector.length; i++) max = Math.max(max, Math.abs(vector[i] as number));
  const step = max / 127;
  const int8 = new Int8Array(vector.length);
  for (let i = 0; i < vector.length; i++) int8[i] = Math.round((vector[i] as number) / step);
  return { int8, scale: Math.fround(step / normOf(vector)) };
}

export function dequantise({ int8, scale }: Quantised): Float32Array {
  const vector = new Float32Array(int8.length);
  for (let i = 0; i < int8.length; i++) vector[i] = (int8[i] as number) * scale;
  return vector;
}

/** In float64, from float32 components. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb)));
}

const SKETCH_BITS = 512;
const ROTATION_ROUNDS = 3;

/**
 * sign(R(x − mean)) of the normalised vector, in at most 64 bytes: bit i of byte i/8 (lowest first) is set where
 * component i is not negative. R is three rounds of random signs and a Hadamard transform over the next power of two.
 */
export function sketchOf(space: Space, vector: Float32Array): Uint8Array {
  const norm = normOf(vector);
  const size = 2 ** Math.ceil(Math.log2(space.dimension));
  const rotated = new Float64Array(size);
  for (let i = 0; i < vector.length; i++) rotated[i] = (vector[i] as number) / norm - (space.mean?.[i] ?? 0);
  const signs = signsOf(space.rotationSeed, size);
  for (let round = 0; round < ROTATION_ROUNDS; round++) {
    for (let i = 0; i < size; i++) rotated[i] = (rotated[i] as number) * (signs[round * size + i] as number);
    hadamard(rotated);
  }
  const bits = Math.min(SKETCH_BITS, size);
  const sketch = new Uint8Array(Math.ceil(bits / 8));
  for (let i = 0; i < bits; i++)
    if ((rotated[i] as number) >= 0) sketch[i >> 3] = (sketch[i >> 3] as number) | (1 << (i & 7));
  return sketch;
}

// One set of signs for each seed and size in use: bounded by the spaces configured.
const signCache = new Map<string, Float64Array>();

/** A xorshift32 stream from the seed: −1 where the top bit of a draw is set, else 1. */
function signsOf(seed: number, size: number): Float64Array {
  const name = `${seed}/${size}`;
  let signs = signCache.get(name);
  if (signs) return signs;
  signs = new Float64Array(size * ROTATION_ROUNDS);
  let state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  for (let i = 0; i < signs.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    signs[i] = state >>> 31 ? -1 : 1;
  }
  signCache.set(name, signs);
  return signs;
}

function hadamard(values: Float64Array): void {
  for (let half = 1; half < values.length; half *= 2)
    for (let start = 0; start < values.length; start += half * 2)
      for (let i = start; i < start + half; i++) {
        const a = values[i] as number;
        const b = values[i + half] as number;
        values[i] = a + b;
        values[i + half] = a - b;
      }
}
