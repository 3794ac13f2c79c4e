// Searches in one set: ours and the peers', questions with a known truth, and points for the curve of recall against time.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createHotPath } from 'edge-agent/hot-path';
import { median } from '../statistics.mjs';
import { DataKind, DataSet } from './data-set.mjs';
import { buildGraphs, graphOf } from './graphs.mjs';
import { interleaved, recallIn, seriesText } from './interleave.mjs';
import { engineOf, filledIndex, jsHotPath } from './ours.mjs';
import { peersOf } from './peers.mjs';
import { HNSW, HNSW_EF, HNSW_EFS, K, queriesOf, SEED } from './settings.mjs';
import { Best, cachedNeighbours, plainDot } from './truth.mjs';

export const Name = {
  Ours: 'ours',
  Exact: 'ours, exact rerank',
  Scan: 'ours, full int8 scan',
  Twin: 'JavaScript twin',
  Usearch: 'usearch i8',
  Hnswlib: 'hnswlib',
  Sqlite: 'sqlite-vec',
  Simsimd: 'simsimd loop',
  Plain: 'Float32Array loop',
};
/** The peers' graphs that are libraries of native/bench. */
const GRAPHS = { [Name.Usearch]: 'usearch', [Name.Hnswlib]: 'hnswlib-node' };
const QUICK_QUERIES = 60;
/** Rows up to which the curve shows the full scan, too. */
const SCANNED = 100_000;
/** Every so many queries one for those that take milliseconds, and for those that take tens of them. */
const SLOW = 6;
const SLOWEST = 20;

/** Searches in two stages, and says of each what it read; an index without counters scans in full. */
export const isStaged = (index) => index.stats !== undefined;

/** The set that most rows ask, made once a run. */
export const clustered100k = ({ shared }) =>
  shared('hot-clustered-100k', () => {
    const set = new DataSet({ kind: DataKind.Clustered, count: 100_000, seed: SEED });
    set.hold();
    return set;
  });

/** The peers, the questions and what the right answers are. Builds what is not in the cache. */
export async function prepare(context, set, { graphs = Object.keys(GRAPHS), allows, label } = {}) {
  const { quick, say } = context;
  const peers = await peersOf(context);
  const there = graphs.filter((name) => peers.get(GRAPHS[name]) !== undefined);
  await buildGraphs(
    there.map((name) => ({ library: GRAPHS[name], set })),
    say,
  );
  const all = Array.from({ length: queriesOf(set.count) }, (_, i) => set.query(i));
  say(`the true neighbours in ${set.name} …`);
  const truth = cachedNeighbours(set, { queries: all, k: K, dot: peers.get('simsimd')?.dot, allows, label });
  const queries = quick ? all.slice(0, QUICK_QUERIES) : all;
  return { peers, queries, truth, graphs: there };
}

/** Our index of the set as engines: int8 scores, and with the last few scored again from a file, where it can. */
export function oursOn(set, { folder, say, hotPath = createHotPath() }) {
  const exactPath = join(folder, `${set.name}.f32`);
  const index = filledIndex(set, { hotPath, exactPath, say });
  const engines = [engineOf(Name.Ours, index)];
  if (isStaged(index)) engines.push(engineOf(Name.Exact, index, { exact: true }));
  const close = () => {
    index.close();
    rmSync(exactPath, { force: true });
  };
  return { index, engines, close };
}

/** All rows compared, int8: the limit of one that cannot leave any out. */
export function scanOn(set) {
  const index = filledIndex(set);
  return { index, engine: engineOf(Name.Scan, index, { exact: true }), close: () => index.close() };
}

export function twinOn(set, every = SLOW) {
  const index = filledIndex(set, { hotPath: jsHotPath() });
  return { engine: engineOf(Name.Twin, index, {}, { every }), close: () => index.close() };
}

const graphName = (name, ef) => (ef === HNSW_EF ? name : `${name} ef ${ef}`);

/** A graph at each of `efs`; usearch has one index for each of them, as it cannot be told later. */
export function graphEngines(peers, set, name, efs = [HNSW_EF]) {
  const library = GRAPHS[name];
  const { open } = peers.get(library);
  const { path } = graphOf(library, set);
  const opened = (ef) => {
    const index = open({ dimension: set.dimension, capacity: set.count, settings: HNSW, ef });
    index.load(path);
    return index;
  };
  const shared = name === Name.Hnswlib ? opened(HNSW_EF) : undefined;
  return efs.map((ef) => {
    const index = shared ?? opened(ef);
    const search = (query) => {
      shared?.setEf(ef);
      return index.search(query, K);
    };
    return { name: graphName(name, ef), search, index };
  });
}

/** Those that compare all rows; they hold the set as it is. */
export function scanningPeers(peers, set) {
  const flat = set.hold();
  const rows = Array.from({ length: set.count }, (_, i) => flat.subarray(i * set.dimension, (i + 1) * set.dimension));
  const engines = [];
  const sqlite = peers.get('sqlite-vec')?.open({ dimension: set.dimension });
  for (const { from, vectors } of set.chunks()) sqlite?.add(from, vectors);
  const loop = (dot) => (query) => {
    const best = new Best(K);
    for (let row = 0; row < rows.length; row++) {
      const score = dot(rows[row], query);
      if (score > best.floor) best.offer(row, score);
    }
    return best.rows;
  };
  if (sqlite !== undefined)
    engines.push({ name: Name.Sqlite, every: SLOW, search: (query) => sqlite.search(query, K) });
  const dot = peers.get('simsimd')?.dot;
  if (dot !== undefined) engines.push({ name: Name.Simsimd, every: SLOW, search: loop(dot) });
  engines.push({ name: Name.Plain, every: SLOWEST, search: loop(plainDot) });
  return { engines, close: () => sqlite?.close() };
}

/** What came out, by name: the samples, recall, a line for the note and a point for the curve. */
export function outcome(set, engines, queries, truth) {
  const series = interleaved(engines, queries);
  const of = (name) => {
    const own = series.get(name);
    if (own === undefined) return undefined;
    const recall = recallIn(own, truth);
    const point = { kind: set.kind, count: set.count, engine: name, recall, us: median(own.cpu) };
    return { ...own, recall, point, text: seriesText(name, own, recall) };
  };
  return new Map(engines.map(({ name }) => [name, of(name)]));
}

/** Recall against time: ours, and the graphs at all their settings. */
export async function curveOf(context, set, { graphs = Object.keys(GRAPHS) } = {}) {
  const found = await prepare(context, set, { graphs });
  const ours = oursOn(set, context);
  const scan = isStaged(ours.index) && set.count <= SCANNED ? scanOn(set) : undefined;
  try {
    const peers = found.graphs.flatMap((name) => graphEngines(found.peers, set, name, HNSW_EFS));
    context.say(`recall against time in ${set.name} …`);
    const engines = [...ours.engines, ...(scan === undefined ? [] : [scan.engine]), ...peers];
    const results = [...outcome(set, engines, found.queries, found.truth).values()];
    return { points: results.map(({ point }) => point), texts: results.map(({ text }) => text), ours: results[0] };
  } finally {
    ours.close();
    scan?.close();
  }
}
