import test from 'ava';
import { shortfallText } from './shortfalls.js';

test('a shortfall is told by its key in the file, with its unit and the way it was bound', (t) => {
  t.is(shortfallText({ name: 'medianMs', expected: 75, found: 85.410_88 }), 'median: 85 ms, expected at most 75 ms');
  t.is(shortfallText({ name: 'delivered', expected: 0.99, found: 0.5 }), 'delivered: 50 %, expected at least 99 %');
  t.is(shortfallText({ name: 'alertP95Ms', expected: 1_000 }), 'alert_p95: nothing to measure, expected at most 1 s');
  t.is(shortfallText({ name: 'findings', expected: 0, found: 3 }), 'findings: 3, expected at most 0');
});

test('two figures that look alike when rounded are told in full', (t) => {
  t.is(shortfallText({ name: 'medianMs', expected: 85, found: 85.4 }), 'median: 85.4, expected at most 85');
});
