import { DataKind, DataSet } from '../hot/data-set.mjs';
import { recallIn, seriesText, timed } from '../hot/interleave.mjs';
import { bytesReadMeter } from '../hot/ours.mjs';
import { curveOf, oursOn, prepare } from '../hot/search-set.mjs';
import { K, SEED } from '../hot/settings.mjs';
import { openSketchScan } from '../hot/sketch-scan.mjs';
import { median } from '../statistics.mjs';

const COUNT = 1_000_000;
const PEER = 'full sketch scan';
const OTHERS = [DataKind.Random, DataKind.Spectrum];
const MB = 1e6;

/** Each question to each engine, and after it one pass of the yardstick. */
async function inTurn(engines, queries, scan) {
  const series = engines.map(() => ({ cpu: [], wall: [], found: [], asked: [] }));
  const passes = [];
  for (const engine of engines) engine.search(queries.at(-1));
  for (const [i, query] of queries.entries()) {
    engines.forEach(({ search }, at) => {
      const { cpuUs, wallUs, value } = timed(() => search(query));
      series[at].cpu.push(cpuUs);
      series[at].wall.push(wallUs);
      series[at].found.push(value);
      series[at].asked.push(i);
    });
    if (scan !== undefined) passes.push(await scan.pass());
  }
  return { series, passes };
}

function readPerQuery(index, engine, queries) {
  const meter = bytesReadMeter(index);
  for (const query of queries) engine.search(query);
  const bytes = meter();
  return bytes === undefined ? undefined : bytes / queries.length / MB;
}

const scanOrWhy = (say) =>
  openSketchScan(COUNT).catch((error) => {
    say(`no ${PEER} to compare with: ${error.message.split('\n')[0]}`);
    return undefined;
  });

/** What a full run adds to the curve: sets where no graph of a million is built. */
async function others(context) {
  const curves = [];
  for (const kind of context.quick ? [] : OTHERS)
    curves.push(await curveOf(context, new DataSet({ kind, count: COUNT, seed: SEED }), { graphs: [] }));
  return curves;
}

async function clustered(context, set) {
  const { queries, truth } = await prepare(context, set, { graphs: [] });
  context.say('the index …');
  const started = process.cpuUsage();
  const { index, engines, close } = oursOn(set, context);
  const { user, system } = process.cpuUsage(started);
  const scan = await scanOrWhy(context.say);
  try {
    context.say('questions, to each in turn …');
    const { series, passes } = await inTurn(engines, queries, scan);
    const megabytes = readPerQuery(index, engines[0], queries);
    const recalls = series.map((own) => recallIn(own, truth));
    const texts = engines.map(({ name }, i) => seriesText(name, series[i], recalls[i]));
    texts.push(`${((user + system) / COUNT).toFixed(1)} µs to make a row and insert it, and nothing to build`);
    texts.push(
      megabytes === undefined ? 'this index does not count what it reads' : `reads ${megabytes.toFixed(1)} MB`,
    );
    if (scan === undefined) texts.push(`left out: ${PEER} (no compiler)`);
    const points = engines.map(({ name }, i) => {
      return { kind: set.kind, count: COUNT, engine: name, recall: recalls[i], us: median(series[i].cpu) };
    });
    return { cpu: series[0].cpu, recall: recalls[0], passes, megabytes, texts, points };
  } finally {
    scan?.close();
    close();
  }
}

async function measure(context) {
  const set = new DataSet({ kind: DataKind.Clustered, count: COUNT, seed: SEED });
  const { cpu, recall, passes, megabytes, texts, points } = await clustered(context, set);
  const more = await others(context);
  return {
    samples: cpu,
    peers: passes.length === 0 ? {} : { [PEER]: passes },
    also: { recall, 'MB read': megabytes },
    points: [...points, ...more.flatMap((curve) => curve.points)],
    note: [...texts, ...more.map(({ ours }) => `${ours.point.kind}: ${ours.text}`)].join('; '),
  };
}

export const bench = {
  id: 'search-1m',
  what: `CPU time of a search for the ${K} nearest among a million clustered vectors of 512 values`,
  unit: 'µs',
  target: { most: 0.5, of: PEER, also: { recall: { least: 0.95 }, 'MB read': { most: 24 } } },
  measure,
};
