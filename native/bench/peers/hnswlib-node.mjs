// hnswlib-node: HNSW over float32. It takes plain arrays only.
import hnswlib from 'hnswlib-node';

const RANDOM_SEED = 100;

/** @param {{dimension: number, capacity: number, settings: {connectivity: number, expansionAdd: number}, ef: number}} options */
export function open({ dimension, capacity, settings, ef }) {
  const index = new hnswlib.HierarchicalNSW('ip', dimension);
  const begin = () => {
    index.initIndex(capacity, settings.connectivity, settings.expansionAdd, RANDOM_SEED);
    isReady = true;
  };
  let isReady = false;
  return {
    add(from, vectors) {
      if (!isReady) begin();
      for (let i = 0; i * dimension < vectors.length; i++)
        index.addPoint(Array.from(vectors.subarray(i * dimension, (i + 1) * dimension)), from + i);
    },
    search: (query, k, allows) => index.searchKnn(Array.from(query), k, allows).neighbors,
    setEf: (value) => index.setEf(value),
    grow: (room) => index.resizeIndex(room),
    save: (path) => index.writeIndexSync(path),
    load(path) {
      index.readIndexSync(path);
      index.setEf(ef);
      isReady = true;
    },
    close() {},
  };
}
