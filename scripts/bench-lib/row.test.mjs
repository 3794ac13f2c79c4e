import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { figuresText, merged, withFigures } from './document.mjs';
import { reportText } from './report.mjs';
import { failedRow, isSkipped, rowOf } from './row.mjs';
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

test('a target may be a multiple of a peer, and ask for more than the figure', () => {
  const many = { ...bench, target: { most: 0.5, of: 'quick', also: { recall: { least: 0.9 } } } };
  const measured = { samples: [4], peers: { quick: [10], best: [2] }, also: { recall: 0.95 } };
  const row = rowOf(many, measured);
  assert.deepEqual([row.target, row.ratio, row.met], ['≤ 0.5 × quick; recall ≥ 0.9', 0.4, true]);
  assert.deepEqual(row.details, { recall: 0.95 });
  assert.equal(rowOf(many, { ...measured, also: { recall: 0.8 } }).met, false);
  assert.equal(rowOf(many, { ...measured, also: {} }).met, false);
  assert.equal(rowOf(many, { ...measured, samples: [6] }).met, false);
  const alone = rowOf(many, { ...measured, peers: { best: [2] } });
  assert.deepEqual([alone.ratio, alone.met], [null, false]);
});

test('a row whose subject is not there yet shows the peers and is no failure', () => {
  const row = rowOf(bench, { samples: [], peers: { quick: [10] }, skipped: 'no socket' });
  assert.deepEqual([row.ours, row.met, row.note, row.peers.quick], [null, false, 'skipped: no socket', 10]);
  assert.equal(isSkipped(row), true);
  assert.equal(isSkipped(failedRow(bench, new Error('no disk'))), false);
});

test('the figures stand between the marks of the page, and what is outside stays', () => {
  const page = 'a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nb';
  assert.equal(withFigures(page, 'new'), 'a\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\nb');
  assert.throws(() => withFigures('a', 'new'), /lacks/);
  const rows = [rowOf(bench, { samples: [5], note: 'n' }), failedRow(bench, new Error('no | disk'))];
  const text = figuresText([{ command: './scripts/bench', machine: {}, commit: 'abc', rows }], true);
  assert.match(text, /\| x \| 5 ms \| 5 – 5 \| ≤ 10 \| slow 40 \| 0\.125 \| yes \|/);
  assert.match(text, /- \*\*x\*\*: something\. n/);
  assert.match(text, /recall\.svg/);
});

test('a run of some rows leaves the figures of the others', () => {
  const row = (id, ours) => ({ id, ours });
  const kept = [
    { commit: 'old', rows: [row('a', 1), row('b', 2)] },
    { commit: 'older', rows: [row('c', 3)] },
  ];
  const run = { commit: 'new', rows: [row('b', 5), row('c', 6)] };
  assert.deepEqual(merged(kept, run), [run, { commit: 'old', rows: [row('a', 1)] }]);
  assert.deepEqual(merged([], run), [run]);
});
