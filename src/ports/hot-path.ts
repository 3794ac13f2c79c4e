export const HotPathKind = { Native: 'native', Js: 'js' } as const;
export type HotPathKind = (typeof HotPathKind)[keyof typeof HotPathKind];

export const DEFAULT_DIMENSION = 512;

export interface IndexOptions {
  /** Components of a vector: 4 to 4,096, a multiple of 4. Default `DEFAULT_DIMENSION`. */
  readonly dimension?: number;
  /** Most entries held; an upsert beyond it fails whole with `index.full`. */
  readonly capacity: number;
  /**
   * File that takes the float32 vectors, so that searches can give exact scores: `dimension × 4` bytes an entry. It is
   * scratch: made (mode 0600) or emptied here, removed by `close()`, and of use to this index alone. EdgeError
   * `index.file` where it cannot be made or written.
   */
  readonly exactPath?: string;
  /**
   * Mean of the space's unit vectors, `dimension` finite components: sketches are taken about it. Left out, it is
   * learned from what comes. Searches find the same, sooner the better the mean.
   */
  readonly mean?: Float32Array;
  /** Of the rotation under which sketches are taken: a whole number from 0 (the default) to 2^53 - 1. */
  readonly rotationSeed?: number;
  /** Most `bytes`; an upsert that would pass it fails whole with `index.full`. Nothing is evicted. */
  readonly maxBytes?: number;
}

/** One entry per key, columns parallel to `keys`. Absent columns are zero. */
export interface IndexColumns {
  readonly type?: Uint16Array;
  readonly node?: Uint32Array;
  /** Unix milliseconds. */
  readonly timeMs?: Float64Array;
}

export interface SearchOptions {
  /** 1 to 65,536; as many hits come, or as many as there are entries that pass the filter. */
  readonly k: number;
  readonly type?: number;
  readonly node?: number;
  /** Both ends belong to the range. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /**
   * The best few are scored anew by their float32 vectors, where `exactPath` holds them; without `exactPath` every
   * entry is compared as int8, and none is passed over for its sketch. Default false.
   */
  readonly exact?: boolean;
}

/** Best first; ties by ascending key. All arrays have the same length, at most `k`. */
export interface SearchHits {
  readonly keys: BigUint64Array;
  /** Cosine between the query and the stored vector, -1 to 1. */
  readonly scores: Float32Array;
  /** 1 where the score is from the float32 vector, 0 where from the int8 one. */
  readonly exact: Uint8Array;
}

/** What the searches of an index did since it was made. */
export interface IndexStats {
  readonly searches: number;
  /** Searches that compared every entry which passed the filter: few of them, or too alike for sketches to tell. */
  readonly exhaustive: number;
  /** Entries compared by the first 16 bytes of their sketches. */
  readonly coarseRows: number;
  /** Entries compared by the rest of their sketches. */
  readonly fineRows: number;
  /** Entries compared as int8. */
  readonly scoredRows: number;
  /** Entries compared as float32. */
  readonly reranked: number;
  /** Bytes of vectors, sketches and columns that all this has read. */
  readonly bytesRead: number;
}

export interface VectorIndex {
  readonly size: number;
  /** Bytes held by the index, allocated capacity included; the file is not counted. */
  readonly bytes: number;
  /** `vectors` holds `keys.length × dimension` floats. Throws EdgeError `index.vector` naming the first bad one; then nothing of the batch is taken. */
  upsert(keys: BigUint64Array, vectors: Float32Array, columns?: IndexColumns): void;
  /** The same from vectors that are int8 already: component ≈ value × scale. Their scores are never exact ones. */
  upsertInt8(keys: BigUint64Array, values: Int8Array, scales: Float32Array, columns?: IndexColumns): void;
  /** How many of the keys were there. */
  erase(keys: BigUint64Array): number;
  /** Erases the entries of before `beforeMs`; returns how many. */
  expire(beforeMs: number): number;
  search(query: Float32Array, options: SearchOptions): SearchHits;
  /** The same beside other work; entries may change meanwhile, and those that stay are seen. EdgeError `index.busy` above 64 at a time. */
  searchAsync(query: Float32Array, options: SearchOptions): Promise<SearchHits>;
  /** Several queries (one behind the other, at most 256) under the same options in one walk: hits for each. */
  searchMany(queries: Float32Array, options: SearchOptions): SearchHits[];
  searchManyAsync(queries: Float32Array, options: SearchOptions): Promise<SearchHits[]>;
  stats(): IndexStats;
  /** Gives the memory back and removes the file. Everything but `size`, `bytes` and `close` then throws `index.closed`. */
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
  /** Whoever hands the frames over has checked their tags: no key is asked for and anything goes. Default false. */
  readonly trusted?: boolean;
}

/**
 * Header check, tag, dedup and route for a batch of frames in one slab, in the order docs/protocol.md fixes:
 * length, version, shape, key epoch, tag, and only then the dedup cache. A frame that fails touches nothing.
 * It is fastest with the slab and `out` of the run before, which it keeps, in batches of at most 256.
 */
export interface FrameIngest {
  /** The 16-byte SipHash key of a key epoch (one header byte), `undefined` forgets it. */
  setKey(epoch: number, key: Uint8Array | undefined): void;
  /** Frame i is `slab[offsets[i], offsets[i + 1])`; `offsets` has `count + 1` entries, `out` at least `count × INGEST_STRIDE`. Returns how many were accepted. */
  run(slab: Uint8Array, offsets: Uint32Array, count: number, nowMs: number, out: Int32Array): number;
}

export interface HotPath {
  readonly kind: HotPathKind;
  /** The kernels in use: `scalar`, `avx2`, `avx512`, `neon`, `neon-dotprod`, or `javascript`. */
  readonly isa: string;
  index(options: IndexOptions): VectorIndex;
  dedup(options: DedupOptions): DedupCache;
  routes(options: RouteOptions): RoutingTable;
  ingest(options: IngestOptions): FrameIngest;
}
