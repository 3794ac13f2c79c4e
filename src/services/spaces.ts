import { toHex, utf8 } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import type { Crypto } from '../ports/crypto.js';

const DEFAULT_SPACE = 'default';
export const DEFAULT_DIMENSION = 512;
/** A hot path's index takes no more, and wants a multiple of 4. */
const MAX_SPACE_DIMENSION = 4_096;
/** Each used space has its own index. */
export const MAX_SPACES = 16;

export interface SpaceConfig {
  /** Of the model and its version: vectors of different spaces are never compared. */
  readonly name: string;
  readonly dimension: number;
  /** Seed of the rotation that sketches use. Default 0. */
  readonly rotationSeed?: number;
  /** Mean of the model's normalised vectors, taken off before sketching. Default: zero. */
  readonly mean?: readonly number[];
}

export interface Space {
  readonly name: string;
  /** First 8 bytes of SHA-256 of its description, in hex. */
  readonly id: string;
  readonly dimension: number;
  readonly rotationSeed: number;
  readonly mean: Float32Array | undefined;
}

/** The vector spaces this node knows: `default` (512 components) and those configured. */
export class Spaces {
  readonly #byName = new Map<string, Space>();
  readonly #byId = new Map<string, Space>();

  /** Throws `space.config` naming the fault. */
  constructor(crypto: Crypto, configs: readonly SpaceConfig[] = []) {
    const named = configs.some(({ name }) => name === DEFAULT_SPACE);
    const all = named ? configs : [{ name: DEFAULT_SPACE, dimension: DEFAULT_DIMENSION }, ...configs];
    if (all.length > MAX_SPACES) throw badSpace(`${all.length} spaces; at most ${MAX_SPACES}.`);
    for (const config of all) {
      const space = spaceOf(crypto, config);
      if (this.#byName.has(space.name)) throw badSpace(`Space "${space.name}" is configured twice.`);
      this.#byName.set(space.name, space);
      this.#byId.set(space.id, space);
    }
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  find(name: string = DEFAULT_SPACE): Space | undefined {
    return this.#byName.get(name);
  }

  byId(id: string): Space | undefined {
    return this.#byId.get(id);
  }

  /** Throws `detection.space` for a name that is not known. */
  get(name?: string): Space {
    const space = this.find(name);
    if (!space)
      throw new EdgeError('detection.space', this.unknown(name), { fix: 'Configure the space, or use a known one.' });
    return space;
  }

  unknown(name: unknown): string {
    return `space: ${JSON.stringify(name)?.slice(0, 80)} is not known here; known: ${this.names.join(', ')}.`;
  }
}

function spaceOf(crypto: Crypto, config: SpaceConfig): Space {
  const { name, dimension, rotationSeed = 0, mean } = config;
  if (!/^[\w.:-]{1,64}$/.test(name))
    throw badSpace(`"${name}" is no name for a space.`, 'Use 1 to 64 letters, digits, and . : _ -');
  if (!Number.isInteger(dimension) || dimension < 4 || dimension > MAX_SPACE_DIMENSION || dimension % 4 !== 0)
    throw badSpace(
      `Dimension ${dimension} of space "${name}": it must be a multiple of 4 from 4 to ${MAX_SPACE_DIMENSION}.`,
    );
  if (!Number.isInteger(rotationSeed) || rotationSeed < 0 || rotationSeed > 0xffff_ffff)
    throw badSpace(`Rotation seed ${rotationSeed} of space "${name}": it must be an unsigned 32-bit integer.`);
  if (mean && (mean.length !== dimension || !mean.every(Number.isFinite)))
    throw badSpace(`The mean of space "${name}" must be ${dimension} finite numbers.`);
  const vector = mean ? Float32Array.from(mean) : undefined;
  const description = JSON.stringify({
    dimension,
    mean: vector ? toHex(littleEndian(vector)) : '',
    metric: 'cosine',
    name,
    rotationSeed,
  });
  return { name, id: toHex(crypto.sha256(utf8(description)).subarray(0, 8)), dimension, rotationSeed, mean: vector };
}

const badSpace = (message: string, fix = 'Correct the configuration of spaces.'): EdgeError =>
  new EdgeError('space.config', message, { fix });

/** Float32, little-endian, whatever the machine. */
export function littleEndian(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < vector.length; i++) view.setFloat32(i * 4, vector[i] as number, true);
  return bytes;
}

/** The reverse of `littleEndian`; `undefined` for another length. */
export function fromLittleEndian(bytes: Uint8Array, dimension: number): Float32Array | undefined {
  if (bytes.length !== dimension * 4) return undefined;
  const vector = new Float32Array(dimension);
  readLittleEndian(bytes, vector);
  return vector;
}

/** Fills `vector` from as many floats as it has room for. */
export function readLittleEndian(bytes: Uint8Array, vector: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(i * 4, true);
}
