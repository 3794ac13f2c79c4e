import test from 'ava';
import { distributionChart, lineChart, roundUp, stackChart, ticks } from './charts.js';
import { escaped } from './page.js';

test('axes end at round numbers at or above what is drawn, and have round marks', (t) => {
  for (const [value, end] of [
    [0, 1],
    [0.07, 0.08],
    [1, 1],
    [11, 15],
    [99, 100],
    [2_300, 2_500],
  ] as const)
    t.is(Number(roundUp(value).toPrecision(6)), end);
  t.deepEqual(ticks(100), [0, 20, 40, 60, 80, 100]);
  t.deepEqual(ticks(285), [0, 60, 120, 180, 240]);
});

const x = { most: 60, label: 's' };

test('a line has a gap where there is no number, and nothing is drawn beyond the plot', (t) => {
  const values = [1, Number.NaN, 3, 400];
  const svg = lineChart([{ name: 'one', colour: 'red', values }], x, { most: 10, label: '%' });
  const [path = ''] = /(?<= d=")[^"]+/.exec(svg) ?? [];
  t.is(path.match(/M/g)?.length, 2);
  for (const [, y] of path.matchAll(/[ML][\d.]+ ([\d.]+)/g)) t.true(Number(y) >= 22 && Number(y) <= 210);
});

test('layers stand one on the other', (t) => {
  const layer = (name: string) => ({ name, colour: 'red', values: [5, 0] });
  const svg = stackChart([layer('a'), layer('b')], x, { most: 10, label: 'B/s' });
  const tops = [...svg.matchAll(/ d="M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)/g)].map(([, top, height]) => [
    Number(top),
    Number(height),
  ]);
  t.deepEqual(tops, [[116, 94], [22, 94]]); // biome-ignore format: a line
});

test('moments are marked, with words that do not run into one another or over the edge', (t) => {
  const mark = (at: number, word: string) => ({ at, word, title: `${word} <1>` });
  const marks = [mark(10, 'crash'), mark(11, 'start'), mark(30, 'heal'), mark(60, 'partition')];
  const svg = lineChart([{ name: 'one', colour: 'red', values: [1, 2] }], { ...x, marks }, { most: 10, label: '%' });
  t.is(svg.match(/stroke-dasharray/g)?.length, 4);
  t.true(svg.includes('<title>start &lt;1&gt;</title>'));
  const words = [...svg.matchAll(/x="([\d.]+)" y="17">(\w+)</g)].map(([, at, word]) => [Number(at), word]);
  t.deepEqual(words, [[128, 'crash'], [280, 'heal'], [454, 'partition']]); // biome-ignore format: a line
});

test('a distribution rises to all of them', (t) => {
  const svg = distributionChart([{ name: 'delays', colour: 'red', values: [1, 2, 50, 90] }], x);
  t.regex(svg, / d="M[\d.]+ 163.0L[\d.]+ 116.0L[\d.]+ 69.0L508.0 22.0"/);
});

test('what people wrote cannot become a part of the page', (t) => {
  t.is(escaped(`<b a="1">&'`), '&lt;b a=&quot;1&quot;&gt;&amp;&#39;');
});
