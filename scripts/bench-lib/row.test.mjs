import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { reportText } from './report.mjs';
import { failedRow, rowOf } from './row.mjs';
import { median, percentile, rounded, spreadOf } from './statistics.mjs';

const bench = { id: 'x', what: 'something', unit: 'ms', target: { most: 10 }, peers: { slow: 40 } };

test('median and percentile take samples in any order', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(percentile([5, 1, 4, 2, 3], 0.99), 5);
  assert.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
  assert.throws(() => percentile([], 0.5), RangeError);
  assert.deepEqual(spreadOf([2, 9, 4]), { min: 2, max: 9, samples: 3 });
  assert.equal(rounded(1234.5), 1230);
});

test('a row is the median of its samples, beside the best peer', () => {
  const row = rowOf(bench, { samples: [4, 6, 5], peers: { quick: [20, 10, 30] }, note: 'n' });
  assert.deepEqual(row, {
    id: 'x',
    what: 'something',
    unit: 'ms',
    target: '≤ 10',
    peers: { slow: 40, quick: 20 },
    ours: 5,
    spread: { min: 4, max: 6, samples: 3 },
    ratio: 0.25,
    met: true,
    note: 'n',
  });
});

test('what is judged may be stricter than what is shown, and more may be better', () => {
  assert.equal(rowOf(bench, { samples: [5], judged: 11 }).met, false);
  const rate = { ...bench, target: { least: 100 }, peers: { a: 50, b: 80 } };
  const row = rowOf(rate, { samples: [160] });
  assert.deepEqual([row.target, row.ratio, row.met], ['≥ 100', 2, true]);
  assert.equal(rowOf({ ...bench, peers: {} }, { samples: [5] }).ratio, null);
});

test('a row that could not be measured is shown and not met', () => {
  const row = failedRow(bench, new Error('no disk\nat …'));
  assert.deepEqual([row.ours, row.met, row.note], [null, false, 'failed: no disk']);
  assert.match(reportText([row, rowOf(bench, { samples: [5] })]), /✘ {2}x[\s\S]*✔ {2}x/);
});

test('every module of rows/ is a benchmark with an id of its own', async () => {
  const folder = join(import.meta.dirname, 'rows');
  const rows = await Promise.all(readdirSync(folder).map(async (name) => (await import(join(folder, name))).bench));
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  for (const { id, what, unit, target, measure } of rows) {
    assert.match(id, /^[a-z0-9-]+$/);
    assert.ok(what.length > 10 && unit.length > 0 && (target.most ?? target.least) > 0);
    assert.equal(typeof measure, 'function');
  }
});
