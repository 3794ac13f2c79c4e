import test from 'ava';
import { EXPERIMENTS } from './all.js';
import { Fold, folded, type GoalRow, type SeedFigures } from './goal-row.js';
import { rowOf } from './judge.js';
import { overhead } from './overhead.js';

const row: GoalRow = {
  id: 'row',
  what: 'what it is',
  unit: 'ms',
  target: { most: 10, also: { lost: { most: 0 }, p99: { most: 30 } } },
  folds: { lost: Fold.Sum },
  peers: { elsewhere: 20 },
  note: 'said of it',
};

const results = (...figures: readonly SeedFigures[]) =>
  figures.map((each, i) => ({ seed: i + 1, figures: each, cpuMs: 1_000 * (i + 1) }));

test('seeds become one row: medians, sums where it says so, rivals of the same seeds beside figures from elsewhere', (t) => {
  const seeds = results(
    { ours: 8, also: { lost: 0, p99: 20 }, peers: { rival: 30 }, details: { hops: 2 } },
    { ours: 6, also: { lost: 0, p99: 24 }, peers: { rival: 50 }, details: { hops: 4 } },
    { ours: 9, also: { lost: 0, p99: 40 }, peers: { rival: 40 }, details: { hops: 3 }, remark: 'cut short' },
  );
  const report = rowOf(row, folded(row, seeds));
  t.like(report, { ours: 8, met: true, ratio: 0.4, target: '≤ 10; lost ≤ 0; p99 ≤ 30' });
  t.deepEqual(report.spread, { min: 6, max: 9, samples: 3 });
  t.deepEqual(report.peers, { elsewhere: 20, rival: 40 });
  t.deepEqual(report.details, { lost: 0, p99: 24, hops: 3, cpuSecondsPerSeed: 2 });
  t.is(report.note, 'lost 0, p99 24. said of it. cut short');
});

test('one lost in one seed of many is not met', (t) => {
  const quiet: SeedFigures = { ours: 5, also: { lost: 0, p99: 9 } };
  const report = rowOf(row, folded(row, results(quiet, quiet, { ours: 5, also: { lost: 1, p99: 9 } })));
  t.is(report.details?.['lost'], 1);
  t.false(report.met);
});

test('what was not measured is not met, and what has no end is not either', (t) => {
  t.false(rowOf(row, folded(row, results({ ours: 5, also: { lost: 0 } }))).met);
  t.false(rowOf(row, folded(row, results({ ours: 5, also: { lost: 0, p99: Number.POSITIVE_INFINITY } }))).met);
});

test('the suite has every mesh row of the goals, each once', (t) => {
  const ids = EXPERIMENTS.flatMap(({ rows }) => rows.map(({ id }) => id));
  const asked = [
    'lora-reach',
    'lora-cost',
    'overhead',
    'ble-6-hops',
    'detect',
    'idle',
    'flood-attack',
    'misroute',
    'sim-speed',
  ];
  t.deepEqual([...ids].sort(), [...asked].sort());
});

test('a seed gives the same figures again', async (t) => {
  const tools = { cpuMs: () => 0 };
  const [first] = await overhead.measure(7, tools);
  t.deepEqual(await overhead.measure(7, tools), [first]);
  t.true((first?.ours ?? 0) > 20);
});
