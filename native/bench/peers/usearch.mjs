// usearch: HNSW over int8. Its search has no setting after the index is made, so that each ef is an index of its own.
import usearch from 'usearch';

const { Index, MetricKind, ScalarKind } = usearch;

/** @param {{dimension: number, settings: {connectivity: number, expansionAdd: number}, ef: number}} options */
export function open({ dimension, settings, ef }) {
  const index = new Index({
    dimensions: dimension,
    metric: MetricKind.Cos,
    quantization: ScalarKind.I8,
    connectivity: settings.connectivity,
    expansion_add: settings.expansionAdd,
    expansion_search: ef,
    multi: false,
  });
  return {
    add(from, vectors, threads = 1) {
      const keys = BigUint64Array.from({ length: vectors.length / dimension }, (_, i) => BigInt(from + i));
      index.add(keys, vectors, threads);
    },
    search: (query, k) => index.search(query, k, 1).keys,
    save: (path) => index.save(path),
    load: (path) => index.load(path),
    close() {},
  };
}
