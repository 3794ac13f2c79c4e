import { perSecond, timed } from '../hot/interleave.mjs';
import { filledIndex, jsHotPath } from '../hot/ours.mjs';
import { clustered100k, graphEngines, Name, prepare } from '../hot/search-set.mjs';
import { K } from '../hot/settings.mjs';
import { median } from '../statistics.mjs';

/** Vectors of a batch: what takes about as long for each. */
const BATCH = { [Name.Ours]: 1_000, [Name.Twin]: 500, [Name.Usearch]: 100, [Name.Hnswlib]: 100, [Name.Sqlite]: 1_000 };
const ROUNDS = { quick: 10, full: 30 };

function inserters({ peers, graphs }, set, room) {
  const ours = (name, hotPath) => {
    const index = filledIndex(set, { hotPath, capacity: set.count + room });
    return {
      name,
      add(from, vectors, count) {
        const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(from + i));
        return () => index.upsert(keys, vectors);
      },
      search: (query) => index.search(query, { k: K }),
      close: () => index.close(),
    };
  };
  const list = [ours(Name.Ours), ours(Name.Twin, jsHotPath())];
  for (const name of graphs) {
    const [{ index }] = graphEngines(peers, set, name);
    index.grow?.(set.count + room);
    list.push({
      name,
      add: (from, vectors) => () => index.add(from, vectors, 1),
      search: (query) => index.search(query, K),
      close() {},
    });
  }
  const sqlite = peers.get('sqlite-vec')?.open({ dimension: set.dimension });
  if (sqlite !== undefined) {
    list.push({
      name: Name.Sqlite,
      add: (from, vectors) => () => sqlite.add(from, vectors),
      search: (query) => sqlite.search(query, K),
      close: () => sqlite.close(),
    });
  }
  return list;
}

async function measure(context) {
  const { quick, say } = context;
  const set = await clustered100k(context);
  const rounds = ROUNDS[quick ? 'quick' : 'full'];
  const found = await prepare(context, set);
  say('indexes …');
  const list = inserters(found, set, rounds * Math.max(...Object.values(BATCH)));
  const samples = Object.fromEntries(list.map(({ name }) => [name, []]));
  say('a batch and a search, each in turn …');
  const rows = new Float32Array(Math.max(...Object.values(BATCH)) * set.dimension);
  try {
    for (let round = 0; round < rounds; round++) {
      const query = found.queries[round];
      for (const { name, add, search } of list) {
        const count = BATCH[name];
        const from = set.count + round * count;
        set.fill(from, from + count, rows);
        const insert = add(from, rows.subarray(0, count * set.dimension), count);
        search(query);
        samples[name].push(perSecond(count, timed(insert).cpuUs));
      }
    }
  } finally {
    for (const { close } of list) close();
  }
  const { [Name.Ours]: ours, [Name.Twin]: twin, ...peers } = samples;
  const texts = [
    'one search before each batch, so that each finds the caches as a search leaves them',
    `JavaScript twin ${Math.round(median(twin))}`,
    found.peers.missing('usearch', 'hnswlib-node', 'sqlite-vec'),
  ];
  return { samples: ours, peers, note: texts.filter(Boolean).join('; ') };
}

export const bench = {
  id: 'insert',
  what: 'vectors of 512 values inserted into 100,000 in a second of CPU time, between searches',
  unit: '1/s',
  target: { least: 200, of: Name.Usearch },
  measure,
};
