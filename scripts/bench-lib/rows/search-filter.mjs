import { seriesText } from '../hot/interleave.mjs';
import { filledIndex, jsHotPath } from '../hot/ours.mjs';
import { clustered100k, graphEngines, Name, outcome, prepare } from '../hot/search-set.mjs';
import { K } from '../hot/settings.mjs';

const COUNT = 100_000;
const SHARE = 10;
const SLOW = 6;
/** Rows of a type, of a node and of a stretch of time: each a tenth, and none known by where it lies. */
const typeOf = (row) => (Math.imul(row, 0x9e3779b1) >>> 16) % SHARE;
const nodeOf = (row) => (Math.imul(row, 0x85ebca77) >>> 16) % SHARE;
const FIRST_MS = 1_700_000_000_000;
const timeOf = (row) => FIRST_MS + row;
const STRETCH_MS = COUNT / SHARE;

/** Filters take turns, so that a row's figure is about all three. */
const FILTERS = [
  {
    allows: (row, i) => typeOf(row) === i % SHARE,
    options: (i) => ({ type: i % SHARE }),
    where: (i) => `type = ${i % SHARE}`,
  },
  {
    allows: (row, i) => nodeOf(row) === i % SHARE,
    options: (i) => ({ node: i % SHARE }),
    where: (i) => `node = ${i % SHARE}`,
  },
  {
    allows: (row, i) => Math.floor(row / STRETCH_MS) === i % SHARE,
    options: (i) => ({
      sinceMs: timeOf((i % SHARE) * STRETCH_MS),
      untilMs: timeOf(((i % SHARE) + 1) * STRETCH_MS - 1),
    }),
    where: (i) => `time between ${timeOf((i % SHARE) * STRETCH_MS)} and ${timeOf(((i % SHARE) + 1) * STRETCH_MS - 1)}`,
  },
];
const filterOf = (i) => FILTERS[i % FILTERS.length];

const columns = (from, to) => {
  const of = (Kind, value) => Kind.from({ length: to - from }, (_, i) => value(from + i));
  return { type: of(Uint16Array, typeOf), node: of(Uint32Array, nodeOf), timeMs: of(Float64Array, timeOf) };
};

const engineOf = (name, index, more = {}) => ({
  name,
  search: (query, i) => index.search(query, { k: K, ...filterOf(i).options(i) }).keys,
  ...more,
});

function sqliteEngine(peers, set) {
  const peer = peers.get('sqlite-vec');
  if (peer === undefined) return undefined;
  const database = peer.open({ dimension: set.dimension });
  for (const { from, vectors } of set.chunks())
    database.add(from, vectors, (row) => ({ type: typeOf(row), node: nodeOf(row), time: timeOf(row) }));
  const search = (query, i) => database.searchWhere(query, K, filterOf(i).where(i));
  return { name: Name.Sqlite, every: SLOW + 1, search, close: () => database.close() };
}

async function measure(context) {
  const set = await clustered100k(context);
  const allows = (row, i) => filterOf(i).allows(row, i);
  const options = { graphs: [Name.Hnswlib], allows, label: 'tenth' };
  const { peers, queries, truth, graphs } = await prepare(context, set, options);
  context.say('indexes …');
  const index = filledIndex(set, { columns });
  const twin = filledIndex(set, { columns, hotPath: jsHotPath() });
  const sqlite = sqliteEngine(peers, set);
  try {
    const engines = [engineOf(Name.Ours, index), engineOf(Name.Twin, twin, { every: SLOW + 1 })];
    if (sqlite !== undefined) engines.push(sqlite);
    for (const name of graphs) {
      const [engine] = graphEngines(peers, set, name);
      const search = (query, i) => engine.index.search(query, K, (row) => filterOf(i).allows(row, i));
      engines.push({ name, search, every: 2 });
    }
    context.say('questions, to each in turn …');
    const results = outcome(set, engines, queries, truth);
    const ours = results.get(Name.Ours);
    const shown = [Name.Hnswlib, Name.Sqlite].filter((name) => results.has(name));
    const texts = [...results].map(([name, own]) => seriesText(name, own, own.recall));
    return {
      samples: ours.cpu,
      peers: Object.fromEntries(shown.map((name) => [name, results.get(name).cpu])),
      also: { recall: ours.recall },
      note: [...texts, peers.missing('hnswlib-node', 'sqlite-vec')].filter(Boolean).join('; '),
    };
  } finally {
    index.close();
    twin.close();
    sqlite?.close();
  }
}

export const bench = {
  id: 'search-filter',
  what: `CPU time of a search for the ${K} nearest in a tenth (by type, by node, by time) of 100,000 clustered vectors`,
  unit: 'µs',
  target: { most: Number((1 / 15).toFixed(3)), of: Name.Hnswlib, also: { recall: { least: 0.98 } } },
  measure,
};
