import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataKind, DataSet } from '../hot/data-set.mjs';
import { buildGraphs, graphOf } from '../hot/graphs.mjs';
import { peersOf } from '../hot/peers.mjs';
import { Name } from '../hot/search-set.mjs';
import { SEED } from '../hot/settings.mjs';
import { median } from '../statistics.mjs';

const COUNT = 100_000;
const CHILD = join(import.meta.dirname, '..', '..', '..', 'native', 'bench', 'memory.mjs');
const RUNS = { quick: 1, full: 3 };
const TIMEOUT_MS = 180_000;

/** Bytes a vector, by the kernel and by the index's own account. */
async function perVector(engine, set, file) {
  const args = ['--expose-gc', CHILD, engine, set.kind, set.count, set.dimension, set.seed, file ?? ''].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT_MS });
  const { resident, own } = JSON.parse(stdout);
  return { resident: resident / set.count, own: own === null ? undefined : own / set.count };
}

async function measure(context) {
  const { quick, say, folder } = context;
  const set = new DataSet({ kind: DataKind.Clustered, count: COUNT, seed: SEED });
  const peers = await peersOf(context);
  const libraries = ['usearch', 'hnswlib-node'].filter((library) => peers.get(library) !== undefined);
  await buildGraphs(
    libraries.map((library) => ({ library, set })),
    say,
  );
  say('a fresh process for each …');
  const ours = [];
  for (let i = 0; i < RUNS[quick ? 'quick' : 'full']; i++)
    ours.push(await perVector('ours', set, join(folder, 'exact.f32')));
  const named = { usearch: Name.Usearch, 'hnswlib-node': Name.Hnswlib, 'sqlite-vec': Name.Sqlite };
  const figures = {};
  for (const library of libraries)
    figures[named[library]] = [(await perVector(library, set, graphOf(library, set).path)).resident];
  if (peers.get('sqlite-vec') !== undefined)
    figures[named['sqlite-vec']] = [(await perVector('sqlite-vec', set)).resident];
  const own = median(ours.map((each) => each.own));
  const samples = ours.map(({ resident }) => resident);
  return {
    samples,
    judged: Math.max(own, median(samples)),
    peers: figures,
    note: [
      `by its own account ${own.toFixed(1)}, the larger of both is judged`,
      'graphs are loaded from their file, which is less than building them takes',
      peers.missing('usearch', 'hnswlib-node', 'sqlite-vec'),
    ]
      .filter(Boolean)
      .join('; '),
  };
}

export const bench = {
  id: 'memory',
  what: 'resident bytes that 100,000 vectors of 512 values add to a fresh process, a vector',
  unit: 'B',
  target: { most: 640 },
  measure,
};
