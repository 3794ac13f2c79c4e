import { EdgeError } from '../core/errors.js';
import { unknownField } from '../core/known-fields.js';

/** What the twin asks of its arguments: the same as the addon asks, under the same codes. */

const FIXES: Readonly<Record<string, string>> = {
  'hotpath.argument': 'pass what the types of edge-agent/hot-path name, with the lengths they name',
  'hotpath.detached': 'do not use an array after its buffer was transferred',
  'hotpath.handle': 'make the dedup cache, the routes and the ingest with one and the same hot path',
  'hotpath.isa': 'leave it out (option isa, EDGE_AGENT_ISA) for the best there is, or name one that is there',
  'hotpath.kind': 'leave it out (option kind, EDGE_AGENT_HOT_PATH) for the best there is, or name native or js',
  'hotpath.missing': 'build it: npm rebuild edge-agent, in a checkout ./scripts/build-native',
  'hotpath.memory': 'lower the capacity, or free memory',
  'index.busy': 'wait for an earlier search',
  'index.closed': 'make a new index',
  'index.file': 'name a path in a folder that can be written, on a disk with room for the vectors',
  'index.full': 'erase entries first, or make an index of greater capacity or maxBytes',
  'index.vector': 'pass vectors with finite components, at least one of them not zero',
  'routes.full': 'unpin a route, or make a table of greater capacity',
};

const STATUS: Readonly<Record<string, number>> = {
  'index.file': 507,
  'index.full': 507,
  'hotpath.memory': 507,
  'index.busy': 429,
};

export function hotPathError(code: string, message: string): EdgeError {
  const fix = FIXES[code];
  return new EdgeError(code, message, { status: STATUS[code] ?? 400, ...(fix === undefined ? {} : { fix }) });
}

const wrong = (message: string): EdgeError => hotPathError('hotpath.argument', message);

type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigUint64Array;

function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Throws unless `value` is a typed array of just this kind, in memory it still has. */
export function checkArray(value: TypedArray, kind: { new (length: number): TypedArray; name: string }, name: string) {
  if (!(value instanceof kind)) throw wrong(`${name} must be ${/^[IU]n?t/.test(kind.name) ? 'an' : 'a'} ${kind.name}`);
  if (value.length === 0 && isDetached(value.buffer)) {
    throw hotPathError('hotpath.detached', `${name} lies in an ArrayBuffer that was transferred away`);
  }
}

export function checkCount(name: string, actual: number, wanted: number): void {
  if (actual !== wanted) throw wrong(`${name} has ${actual} entries where ${wanted} are needed`);
}

export function checkRoom(name: string, actual: number, wanted: number): void {
  if (!(actual >= wanted)) throw wrong(`${name} has ${actual} entries where at least ${wanted} are needed`);
}

export function checkInteger(value: number, name: string, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw wrong(`${name} must be a whole number from ${least} to ${most}`);
}

export function checkNumber(value: number, name: string): void {
  if (typeof value !== 'number' || Number.isNaN(value)) throw wrong(`${name} must be a number`);
}

export function checkTime(value: number, name: string): void {
  if (typeof value === 'number' && value >= 0 && value <= 2 ** 53) return;
  throw wrong(`${name} must be milliseconds from 0 to 2^53`);
}

export function checkId(value: bigint, name: string): void {
  if (typeof value === 'bigint' && BigInt.asUintN(64, value) === value) return;
  throw wrong(`${name} must be a bigint from 0 to 2^64 - 1`);
}

export function checkObject(value: unknown, name: string): void {
  if (value !== null && (typeof value === 'object' || typeof value === 'function')) return;
  throw wrong(`${name} must be an object`);
}

/** Options of which a misspelt one would be ignored. */
const OPTIONS = {
  hotPath: ['kind', 'isa'],
  index: ['dimension', 'capacity', 'exactPath', 'mean', 'rotationSeed', 'maxBytes'],
  dedup: ['capacity', 'ttlMs'],
  routes: ['capacity', 'ttlMs'],
  ingest: ['dedup', 'routes', 'self', 'maxFrameBytes', 'trusted'],
} as const;

/** Gives back options in which every name is one there is. */
export function checkOptions<Options extends object>(options: Options, of: keyof typeof OPTIONS): Options {
  checkObject(options, 'options');
  const unknown = unknownField(options, OPTIONS[of]);
  if (unknown !== undefined) throw wrong(`options: ${unknown}`);
  return options;
}

export function checkThat(condition: boolean, message: string): void {
  if (!condition) throw wrong(message);
}
