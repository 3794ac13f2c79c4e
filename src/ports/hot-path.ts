export const HotPathKind = { Native: 'native', Js: 'js' } as const;
export type HotPathKind = (typeof HotPathKind)[keyof typeof HotPathKind];

export interface IndexOptions {
  /** Components of a vector: 1 to 4,096, a multiple of 4. */
  readonly dimension: number;
  /** Most entries held; an upsert beyond it fails whole with `index.full`. */
  readonly capacity: number;
}

/** One entry per key, columns parallel to `keys`. Absent columns are zero. */
export interface IndexColumns {
  readonly type?: Uint16Array;
  readonly node?: Uint32Array;
  /** Unix milliseconds. */
  readonly timeMs?: Float64Array;
}

export interface SearchOptions {
  readonly k: number;
  readonly type?: number;
  readonly node?: number;
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Best first; ties by ascending key. Both arrays have the same length, at most `k`. */
export interface SearchHits {
  readonly keys: BigUint64Array;
  /** Cosine between the query and the stored int8 vector. */
  readonly scores: Float32Array;
}

export interface VectorIndex {
  readonly size: number;
  /** Bytes held by the index, allocated capacity included. */
  readonly bytes: number;
  /** `vectors` holds `keys.length × dimension` floats. Throws EdgeError `index.vector` naming the first bad one; then nothing of the batch is taken. */
  upsert(keys: BigUint64Array, vectors: Float32Array, columns?: IndexColumns): void;
  /** The same from vectors that are int8 already: component ≈ value × scale. */
  upsertInt8(keys: BigUint64Array, values: Int8Array, scales: Float32Array, columns?: IndexColumns): void;
  /** How many of the keys were there. */
  erase(keys: BigUint64Array): number;
  search(query: Float32Array, options: SearchOptions): SearchHits;
  searchAsync(query: Float32Array, options: SearchOptions): Promise<SearchHits>;
  close(): void;
}

export interface DedupOptions {
  /** Ids remembered. At capacity the oldest goes first. */
  readonly capacity: number;
  readonly ttlMs: number;
}

export interface DedupCache {
  readonly size: number;
  readonly bytes: number;
  /** `ids` is n × 16 bytes; `out[i]` becomes 1 when id i was already there (or earlier in this batch), else 0 and it is inserted. Returns how many were new. */
  seenMany(ids: Uint8Array, nowMs: number, out: Uint8Array): number;
  clear(): void;
}

export interface RouteOptions {
  /** Destinations held. An offer for one more replaces the expired or the costliest unpinned one. */
  readonly capacity: number;
  /** How long an offer serves without being repeated. Default `DEFAULT_ROUTE_TTL_MS`. */
  readonly ttlMs?: number;
}

export const DEFAULT_ROUTE_TTL_MS = 60_000;

/** 64-bit ids are bigints so that no precision is lost. */
export interface Route {
  readonly destination: bigint;
  readonly nextHop: bigint;
  readonly link: number;
  readonly cost: number;
  readonly expiresAtMs: number;
  readonly pinned: boolean;
}

export interface RoutingTable {
  readonly size: number;
  readonly bytes: number;
  /** True when the table changed. Several next hops are kept for a destination (up to 4), the cheapest serves. */
  offer(destination: bigint, nextHop: bigint, link: number, cost: number, nowMs: number): boolean;
  /** A pinned route serves until unpinned, whatever is offered. */
  pin(destination: bigint, nextHop: bigint, link: number): void;
  unpin(destination: bigint): boolean;
  lookup(destination: bigint, nowMs: number): Route | undefined;
  /** Forgets all routes over a link that went down; returns how many destinations lost one. */
  dropLink(link: number): number;
  /** Forgets expired routes; returns how many. */
  expire(nowMs: number): number;
  snapshot(nowMs: number): Route[];
}

/** What became of one frame: the first word of its record in `out`. */
export const Verdict = {
  Accept: 0,
  Duplicate: 1,
  Truncated: 2,
  Oversized: 3,
  Version: 4,
  Malformed: 5,
  Epoch: 6,
  Tag: 7,
  Own: 8,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Words per frame in `out`: verdict, header bytes, payload bytes, next-hop link (-1 none; only for directed frames). */
export const INGEST_STRIDE = 4;

export interface IngestOptions {
  readonly dedup: DedupCache;
  readonly routes: RoutingTable;
  /** This node's id: its own frames coming back are `Own`. */
  readonly self: bigint;
  /** Frames longer than this are `Oversized`. */
  readonly maxFrameBytes: number;
}

/**
 * Header check, tag, dedup and route for a batch of frames in one slab, in the order docs/protocol.md fixes:
 * length, version, shape, key epoch, tag, and only then the dedup cache. A frame that fails touches nothing.
 */
export interface FrameIngest {
  /** The 16-byte SipHash key of a key epoch (one header byte), `undefined` forgets it. */
  setKey(epoch: number, key: Uint8Array | undefined): void;
  /** Frame i is `slab[offsets[i], offsets[i + 1])`; `offsets` has `count + 1` entries, `out` at least `count × INGEST_STRIDE`. Returns how many were accepted. */
  run(slab: Uint8Array, offsets: Uint32Array, count: number, nowMs: number, out: Int32Array): number;
}

export interface HotPath {
  readonly kind: HotPathKind;
  /** The kernels in use: `avx2`, `neon`, `scalar`, or `javascript`. */
  readonly isa: string;
  index(options: IndexOptions): VectorIndex;
  dedup(options: DedupOptions): DedupCache;
  routes(options: RouteOptions): RoutingTable;
  ingest(options: IngestOptions): FrameIngest;
}
