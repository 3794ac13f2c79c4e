import { DataKind, DataSet } from '../hot/data-set.mjs';
import {
  clustered100k,
  curveOf,
  graphEngines,
  Name,
  oursOn,
  outcome,
  prepare,
  scanningPeers,
  twinOn,
} from '../hot/search-set.mjs';
import { K, SEED } from '../hot/settings.mjs';
import { median } from '../statistics.mjs';

const COUNT = 100_000;
/** What a full run adds to the curve. */
const OTHERS = [
  { kind: DataKind.Clustered, count: 10_000 },
  { kind: DataKind.Spectrum, count: 10_000 },
  { kind: DataKind.Spectrum, count: COUNT },
];

async function inTurn(context, set) {
  const { peers, queries, truth, graphs } = await prepare(context, set);
  context.say('indexes …');
  const [ours, twin, scans] = [oursOn(set, context), twinOn(set), scanningPeers(peers, set)];
  try {
    const engines = [
      ...ours.engines,
      ...graphs.flatMap((name) => graphEngines(peers, set, name)),
      ...scans.engines,
      twin.engine,
    ];
    context.say('questions, to each in turn …');
    const missing = peers.missing('usearch', 'hnswlib-node', 'sqlite-vec', 'simsimd');
    return { results: outcome(set, engines, queries, truth), missing };
  } finally {
    ours.close();
    twin.close();
    scans.close();
  }
}

async function measure(context) {
  const set = await clustered100k(context);
  const { results, missing } = await inTurn(context, set);
  const [ours, exact, usearch] = [Name.Ours, Name.Exact, Name.Usearch].map((name) => results.get(name));
  const curve = await curveOf(context, set);
  const points = [...curve.points];
  for (const other of context.quick ? [] : OTHERS) {
    points.push(...(await curveOf(context, new DataSet({ ...other, seed: SEED }))).points);
  }
  const peers = Object.values(Name).filter(
    (name) => results.has(name) && !name.startsWith('ours') && name !== Name.Twin,
  );
  return {
    samples: ours.cpu,
    peers: Object.fromEntries(peers.map((name) => [name, results.get(name).cpu])),
    also: {
      recall: ours.recall,
      'exact rerank ÷ usearch i8': exact && usearch && median(exact.cpu) / median(usearch.cpu),
      'its recall': exact?.recall,
    },
    points,
    note: [...[...results.values()].map(({ text }) => text), missing].filter(Boolean).join('; '),
  };
}

export const bench = {
  id: 'search-100k',
  what: `CPU time of a search for the ${K} nearest among 100,000 clustered vectors of 512 values`,
  unit: 'µs',
  target: {
    most: 0.5,
    of: Name.Usearch,
    also: { recall: { least: 0.99 }, 'exact rerank ÷ usearch i8': { most: 1 }, 'its recall': { least: 0.999 } },
  },
  measure,
};
