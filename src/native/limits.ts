/** The bounds of the hot path. The addon has the same in native/core; the contract suite tries both. */
export const HotPathLimit = {
  DimensionMin: 4,
  DimensionMax: 4_096,
  /** Entries of an index, and ids of a dedup cache. */
  EntriesMax: 16_777_216,
  DedupTtlMs: 2_147_483_647,
  Destinations: 65_536,
  HopsPerDestination: 4,
  /** `k` of a search. */
  Hits: 65_536,
  /** Searches under way on one index; one more is refused with `index.busy`. */
  Searches: 64,
  /** Queries of one `searchMany`. */
  Queries: 256,
} as const;

export const DEDUP_ID_BYTES = 16;
export const TAG_KEY_BYTES = 16;
