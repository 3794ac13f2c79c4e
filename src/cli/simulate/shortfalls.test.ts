import test from 'ava';
import { shortfallText } from './shortfalls.js';

test('a shortfall is told by its key in the file, with its unit and the way it was bound', (t) => {
  t.is(shortfallText({ name: 'medianMs', expected: 75, found: 85.410_88 }), 'median: 85 ms, expected at most 75 ms');
  t.is(shortfallText({ name: 'p95Ms', expected: 90_000, found: 125_430 }), 'p95: 2.1 min, expected at most 1.5 min');
  t.is(shortfallText({ name: 'p99Ms', expected: 75, found: 185_000 }), 'p99: 3.1 min, expected at most 75 ms');
  t.is(shortfallText({ name: 'delivered', expected: 0.99, found: 0.5 }), 'delivered: 50 %, expected at least 99 %');
  t.is(shortfallText({ name: 'kept', expected: 0.995 }), 'kept: nothing to measure, expected at least 99.5 %');
  t.is(shortfallText({ name: 'alertP95Ms', expected: 1_000 }), 'alert_p95: nothing to measure, expected at most 1 s');
  t.is(shortfallText({ name: 'findings', expected: 0, found: 3 }), 'findings: 3, expected at most 0');
});

test('rounding never makes a figure look as if it were met', (t) => {
  const text = (name: 'delivered' | 'medianMs' | 'bytesPerNodeMinute', expected: number, found: number): string =>
    shortfallText({ name, expected, found });
  t.is(text('delivered', 0.99, 0.989_690_721_649_484_6), 'delivered: 98.97 %, expected at least 99 %');
  t.is(text('delivered', 1, 0.999_996), 'delivered: 99.9996 %, expected at least 100 %');
  t.is(text('medianMs', 85, 85.4), 'median: 85.4 ms, expected at most 85 ms');
  t.is(text('medianMs', 1_000, 1_049.2), 'median: 1.05 s, expected at most 1 s');
  t.is(text('medianMs', 14_450, 14_452), 'median: 14452 ms, expected at most 14450 ms');
  t.is(text('bytesPerNodeMinute', 900, 900.04), 'bytes_per_node_minute: 900.04 B, expected at most 900 B');
});
