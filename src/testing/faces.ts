import { createHash } from 'node:crypto';
import { Encoder } from 'cbor-x';
import type { AgentProcess } from './agents.js';
import type { Answer } from './http-client.js';

/** A detection as a vision pipeline makes it: reproducible from its number. */
export interface Face {
  readonly hash: string;
  readonly type: string;
  readonly embedding: Float32Array;
  readonly metadata: { readonly number: number };
}

export const DIMENSION = 512;

/** Normally distributed values, as those of face embeddings are, from a small generator (mulberry32, Box and Muller). */
export function embeddingOf(seed: number, dimension = DIMENSION): Float32Array {
  let state = Math.imul(seed + 1, 0x9e37_79b9) >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (((z ^ (z >>> 14)) >>> 0) + 1) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Float32Array.from({ length: dimension }, normal);
}

export function faceOf(number: number): Face {
  const hash = createHash('sha256').update(`face ${number}`).digest('hex').slice(0, 32);
  return { hash, type: number % 2 === 0 ? 'person' : 'vehicle', embedding: embeddingOf(number), metadata: { number } };
}

export const facesOf = (first: number, count: number): Face[] =>
  Array.from({ length: count }, (_, i) => faceOf(first + i));

const ENCODINGS = {
  'application/json': (faces: readonly Face[]) => JSON.stringify(faces.map(plain)),
  'application/x-ndjson': (faces: readonly Face[]) => faces.map((face) => `${JSON.stringify(plain(face))}\n`).join(''),
  'application/cbor': (faces: readonly Face[]) => encoder.encode(faces),
} as const;

export type Encoding = keyof typeof ENCODINGS;

/** Maps rather than records, typed arrays as tags: what other CBOR libraries write too. */
const encoder = new Encoder({ useRecords: false, tagUint8Array: false });

const plain = (face: Face): object => ({ ...face, embedding: [...face.embedding] });

export const pushFaces = (
  agent: AgentProcess,
  faces: readonly Face[],
  encoding: Encoding = 'application/json',
): Promise<Answer> =>
  agent.call('detections', { body: ENCODINGS[encoding](faces), headers: { 'content-type': encoding } });

/** The cosine in float64 of the float32 values: what an exact search goes by. */
export function cosineOf(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** The best `k` of all faces, best first. */
export const exactSearch = (
  faces: readonly Face[],
  query: Float32Array,
  k: number,
): { hash: string; score: number }[] =>
  faces
    .map(({ hash, embedding }) => ({ hash, score: cosineOf(query, embedding) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, k);

/** The hashes of every detection an agent holds, sorted. */
export async function hashesAt(agent: AgentProcess): Promise<string[]> {
  const hashes: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await agent.json(`detections?limit=1000${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    hashes.push(...page.detections.map(({ hash }: { hash: string }) => hash));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return hashes.sort();
}
