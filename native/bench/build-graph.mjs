// build-graph LIBRARY KIND COUNT DIMENSION SEED FILE: builds a peer's index of a set and writes it. A process of its own:
// it takes minutes, and what it leaves on the heap is nobody's business.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { writeWhole } from '../../scripts/bench-lib/hot/cache.mjs';
import { DataSet } from '../../scripts/bench-lib/hot/data-set.mjs';
import { HNSW, HNSW_EF } from '../../scripts/bench-lib/hot/settings.mjs';

const PROGRESS_MS = 30_000;

const [library, kind, count, dimension, seed, file] = process.argv.slice(2);
const set = new DataSet({ kind, count: Number(count), dimension: Number(dimension), seed: Number(seed) });
const { open } = await import(`./peers/${library}.mjs`);
const index = open({ dimension: set.dimension, capacity: set.count, settings: HNSW, ef: HNSW_EF });
const before = process.cpuUsage();
let told = performance.now();
for (const { from, to, vectors } of set.chunks()) {
  index.add(from, vectors, availableParallelism());
  if (performance.now() - told < PROGRESS_MS) continue;
  told = performance.now();
  console.error(`bench: ${library} builds ${set.name}: ${to} of ${set.count} …`);
}
const { user, system } = process.cpuUsage(before);
writeWhole(file, (unfinished) => index.save(unfinished));
writeFileSync(`${file}.json`, JSON.stringify({ cpuSeconds: (user + system) / 1e6, count: set.count }));
