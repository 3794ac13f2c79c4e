import { EdgeError } from '../../core/errors.js';
import { type NodeId, parseNodeId } from '../../core/ids.js';
import { unknownField } from '../../core/known-fields.js';
import { MAX_TYPE_LENGTH } from '../../replication/limits.js';
import { isPlainText } from '../../replication/record-check.js';
import type { WeaveView } from '../../replication/view.js';
import { readHash } from '../hashes.js';
import { canonicalMetadata, isPlainObject, type Metadata, parseMetadata } from '../metadata.js';
import { fromLittleEndian, type Space, type Spaces } from '../spaces.js';
import { dequantise, readEmbedding } from '../vectors.js';

const K_DEFAULT = 10;
export const K_MAX = 1_000;
export const TIMEOUT_DEFAULT_MS = 2_000;
export const TIMEOUT_MAX_MS = 60_000;

export interface SearchRequest {
  readonly embedding?: readonly number[] | Float32Array;
  readonly like?: string;
  readonly space?: string;
  readonly k?: number;
  readonly type?: string;
  readonly node?: string;
  readonly sinceAt?: number;
  readonly untilAt?: number;
  readonly metadata?: Metadata;
  readonly scope?: 'local' | 'mesh';
  readonly timeoutMs?: number;
}

/** Which detections count. */
export interface Filter {
  readonly type?: string;
  readonly node?: NodeId;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly metadata?: Metadata;
}

export interface SearchPlan {
  readonly k: number;
  readonly filter: Filter;
  /** Absent: newest first, nothing is compared. */
  readonly query?: {
    readonly space: Space;
    readonly vector: Float32Array /** Of a copy: what is compared with it is not exact. */;
    readonly fromInt8?: true;
  };
  readonly scope: 'local' | 'mesh';
  readonly timeoutMs: number;
}

const FIELDS = new Set('embedding like space k type node sinceAt untilAt metadata scope timeoutMs'.split(' '));

/** Throws EdgeErrors `search.…` (and `detection.space`) that name the field and its limit. */
export function planOf(request: SearchRequest, spaces: Spaces, view: WeaveView, wall: number): SearchPlan {
  if (!isPlainObject(request)) throw bad('request', 'A search must be an object.');
  const unknown = unknownField(request, FIELDS);
  if (unknown !== undefined) throw bad('field', unknown);
  const { k = K_DEFAULT, scope = 'local', timeoutMs = TIMEOUT_DEFAULT_MS } = request;
  if (!isWhole(k, 1, K_MAX)) throw bad('k', `k: must be a whole number from 1 to ${K_MAX}.`);
  if (scope !== 'local' && scope !== 'mesh') throw bad('scope', 'scope: must be "local" or "mesh".');
  if (!isWhole(timeoutMs, 1, TIMEOUT_MAX_MS))
    throw bad('timeoutMs', `timeoutMs: must be a whole number from 1 to ${TIMEOUT_MAX_MS}.`);
  const query = queryOf(request, spaces, view, wall);
  return { k, scope, timeoutMs, filter: filterOf(request), ...(query ? { query } : {}) };
}

function filterOf(request: SearchRequest): Filter {
  const { type, node, sinceAt, untilAt, metadata } = request;
  if (type !== undefined && (typeof type !== 'string' || !isPlainText(type, MAX_TYPE_LENGTH)))
    throw bad('type', `type: must be a text of 1 to ${MAX_TYPE_LENGTH} characters.`);
  const id = typeof node === 'string' ? parseNodeId(node) : undefined;
  if (node !== undefined && id === undefined) throw bad('node', 'node: must be 16 lower-case hex digits.');
  for (const [name, time] of Object.entries({ sinceAt, untilAt }))
    if (time !== undefined && !isWhole(time, 0, 2 ** 48)) throw bad(name, `${name}: must be Unix milliseconds.`);
  const fields = metadata === undefined ? undefined : canonicalMetadata(metadata);
  if (typeof fields === 'string') throw bad('metadata', `metadata: ${fields}.`);
  const wanted = fields && parseMetadata(fields);
  return {
    ...(type === undefined ? {} : { type }),
    ...(id === undefined ? {} : { node: id }),
    ...(sinceAt === undefined ? {} : { sinceMs: sinceAt }),
    ...(untilAt === undefined ? {} : { untilMs: untilAt }),
    ...(wanted && Object.keys(wanted).length > 0 ? { metadata: wanted } : {}),
  };
}

function queryOf(request: SearchRequest, spaces: Spaces, view: WeaveView, wall: number): SearchPlan['query'] {
  const { embedding, like } = request;
  if (embedding !== undefined && like !== undefined) throw bad('like', 'Give either embedding or like, not both.');
  if (like !== undefined)
    return likeOf(like, request.space === undefined ? undefined : spaces.get(request.space), spaces, view, wall);
  const space = spaces.get(request.space);
  if (embedding === undefined) return undefined;
  const vector = readEmbedding(embedding, space.dimension);
  if (!(vector instanceof Float32Array)) throw bad(`embedding.${vector.fault}`, vector.detail);
  return { space, vector };
}

/** The best vector held here of a detection with this hash. */
function likeOf(
  like: string,
  wanted: Space | undefined,
  spaces: Spaces,
  view: WeaveView,
  wall: number,
): NonNullable<SearchPlan['query']> {
  const hash = readHash(like);
  if (!hash) throw bad('like', 'like: must be 16 to 128 hex digits (8 to 64 bytes).');
  const found = view.ofHash(hash, wall);
  if (found.length === 0)
    throw new EdgeError('search.like', `like: detection ${like} is not held here.`, { status: 404 });
  // The exact vector, where this node is its origin, is better than a newer int8 copy of another author.
  const best = [...found].sort((a, b) => Number(b.vector === 'exact') - Number(a.vector === 'exact'));
  for (const { key, space: id } of best) {
    const space = id === undefined ? undefined : spaces.byId(id);
    if (!space || (wanted && wanted.id !== space.id)) continue;
    const vector = view.exact(key, (exact) => fromLittleEndian(exact, space.dimension));
    if (vector) return { space, vector };
    const held = view.vector(key);
    if (held?.int8.length !== space.dimension) continue;
    const int8 = new Int8Array(held.int8.buffer, held.int8.byteOffset, held.int8.length);
    return { space, vector: dequantise({ int8, scale: held.scale }), fromInt8: true };
  }
  throw new EdgeError('search.like', `like: no vector of detection ${like} is held here in a space known here.`, {
    status: 404,
  });
}

const isWhole = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

const bad = (what: string, detail: string): EdgeError => new EdgeError(`search.${what}`, detail);
