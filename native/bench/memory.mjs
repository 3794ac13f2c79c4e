// memory ENGINE KIND COUNT DIMENSION SEED [FILE]: fills or loads one index in a fresh process, and prints what the kernel
// says it added, `{resident, own}` in bytes; `own` is what the index says of itself. Run it with --expose-gc.
import { readFileSync } from 'node:fs';
import { DataSet } from '../../scripts/bench-lib/hot/data-set.mjs';
import { HNSW, HNSW_EF } from '../../scripts/bench-lib/hot/settings.mjs';

const SETTLE_MS = 200;
const KIB = 1024;

const [engine, kind, count, dimension, seed, file] = process.argv.slice(2);
const set = new DataSet({ kind, count: Number(count), dimension: Number(dimension), seed: Number(seed) });

async function resident() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * KIB;
}

const withKeys = (act) => {
  for (const { from, to, vectors } of set.chunks()) {
    act(
      BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i)),
      vectors,
      from,
    );
  }
};

/** Everything that is loaded with the first call is there before it is counted. */
const ENGINES = {
  async ours() {
    const { createHotPath } = await import('../../dist/native/hot-path.js');
    const hotPath = createHotPath();
    const open = (capacity) => hotPath.index({ dimension: set.dimension, capacity, exactPath: file });
    const small = open(1);
    small.upsert(new BigUint64Array(1), set.row(0));
    small.search(set.row(0), { k: 1 });
    small.close();
    return () => {
      const index = open(set.count);
      withKeys((keys, vectors) => index.upsert(keys, vectors));
      index.search(set.query(0), { k: 10 });
      return index;
    };
  },
  async usearch() {
    return graph((await import('./peers/usearch.mjs')).open);
  },
  async 'hnswlib-node'() {
    return graph((await import('./peers/hnswlib-node.mjs')).open);
  },
  async 'sqlite-vec'() {
    const { open } = await import('./peers/sqlite-vec.mjs');
    return () => {
      const index = open({ dimension: set.dimension });
      withKeys((_, vectors, from) => index.add(from, vectors));
      return index;
    };
  },
};

function graph(open) {
  return () => {
    const index = open({ dimension: set.dimension, capacity: set.count, settings: HNSW, ef: HNSW_EF });
    index.load(file);
    index.search(set.query(0), 10);
    return index;
  };
}

const fill = await ENGINES[engine]();
// The making of rows is warm, too, before it counts.
for (const { vectors } of set.chunks(undefined, 0, Math.min(set.count, 10_000))) vectors.fill(0);
const before = await resident();
const index = fill();
const after = await resident();
console.log(JSON.stringify({ resident: after - before, own: index.bytes ?? null }));
