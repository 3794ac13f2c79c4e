// The peers' indexes: built once each, two at a time, and kept in build/bench.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CACHE, cachePath } from './cache.mjs';
import { HNSW } from './settings.mjs';

const BUILDER = join(import.meta.dirname, '..', '..', '..', 'native', 'bench', 'build-graph.mjs');
/** Changes when what is built does. */
const GRAPH_VERSION = 1;

const fileOf = (library, set) =>
  `graph-${library}-${set.name}-m${HNSW.connectivity}-c${HNSW.expansionAdd}-v${GRAPH_VERSION}.bin`;

function build(library, set, path) {
  return new Promise((resolve, reject) => {
    const args = [BUILDER, library, set.kind, set.count, set.dimension, set.seed, path].map(String);
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const end = () => child.kill();
    process.once('exit', end);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('exit', end);
      if (code === 0) resolve();
      else reject(new Error(`${library} did not build ${set.name}: ended with ${signal ?? code}`));
    });
  });
}

/**
 * @param {readonly {library: string, set: import('./data-set.mjs').DataSet}[]} wanted
 * @param {(text: string) => void} say
 */
export async function buildGraphs(wanted, say) {
  const missing = wanted.filter(({ library, set }) => !existsSync(join(CACHE, `${fileOf(library, set)}.json`)));
  const waiting = [...missing];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      say(`${next.library} builds its index of ${next.set.name} (once; a minute or two) …`);
      await build(next.library, next.set, cachePath(fileOf(next.library, next.set)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
}

/** @returns {{path: string, cpuSeconds: number, count: number}} where it lies, and what it took to build */
export function graphOf(library, set) {
  const path = cachePath(fileOf(library, set));
  return { path, ...JSON.parse(readFileSync(`${path}.json`, 'utf8')) };
}
