import { DataKind, DataSet } from '../hot/data-set.mjs';
import { curveOf, Name, oursOn, outcome, prepare, scanOn, twinOn } from '../hot/search-set.mjs';
import { K, SEED } from '../hot/settings.mjs';

const COUNT = 100_000;

async function inTurn(context, set) {
  const { queries, truth } = await prepare(context, set, { graphs: [] });
  context.say('indexes …');
  const [ours, scan, twin] = [oursOn(set, context), scanOn(set), twinOn(set)];
  try {
    context.say('questions, to each in turn …');
    return outcome(set, [...ours.engines, scan.engine, twin.engine], queries, truth);
  } finally {
    ours.close();
    scan.close();
    twin.close();
  }
}

async function measure(context) {
  const set = new DataSet({ kind: DataKind.Random, count: COUNT, seed: SEED });
  const results = await inTurn(context, set);
  const [ours, scan] = [results.get(Name.Ours), results.get(Name.Scan)];
  const texts = [...results.values()].map(({ text }) => text);
  const points = [...results.values()].map(({ point }) => point).filter(({ engine }) => engine !== Name.Twin);
  if (context.quick) {
    texts.push('graphs find next to nothing in such a set: a full run measures them');
  } else {
    for (const count of [10_000, COUNT]) {
      const curve = await curveOf(context, new DataSet({ kind: DataKind.Random, count, seed: SEED }));
      points.push(...curve.points);
      if (count === COUNT) texts.push(...curve.texts.filter((text) => !text.startsWith('ours')));
    }
  }
  return {
    samples: ours.cpu,
    peers: { [Name.Scan]: scan.cpu },
    also: { recall: ours.recall },
    points,
    note: texts.join('; '),
  };
}

export const bench = {
  id: 'search-random',
  what: `the same among 100,000 random vectors, where no two are near: ${K} nearest all the same`,
  unit: 'µs',
  target: { most: 2, of: Name.Scan, also: { recall: { least: 0.98 } } },
  measure,
};
