// What all rows of the hot path have in common.
export const DIMENSION = 512;
export const SEED = 1;
/** Neighbours asked for. */
export const K = 10;

/** How peers build their graphs: what both libraries recommend for a recall above .9. */
export const HNSW = { connectivity: 16, expansionAdd: 128 };
/** Candidates a graph search keeps; the list is for the curve of recall against time. */
export const HNSW_EF = 64;
export const HNSW_EFS = [16, 32, 64, 128, 256, 512];

/** Queries with a known truth, by the size of the set. */
export const QUERIES = { million: 50, other: 200 };
export const queriesOf = (count) => (count >= 1_000_000 ? QUERIES.million : QUERIES.other);
