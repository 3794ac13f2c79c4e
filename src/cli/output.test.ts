import test from 'ava';
import fc from 'fast-check';
import { byteCount, forPeople, relative } from './format.js';
import { displayWidth, facts, table } from './output.js';
import { clean, safeJson } from './report.js';

test('columns are aligned, numbers to the right, also with wide letters', (t) => {
  const rows = [
    { name: '門', count: 5 },
    { name: 'gate', count: 1_234 },
  ];
  const text = table(
    [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'COUNT', value: ({ count }) => count, right: true },
    ],
    rows,
  );
  t.is(text, ['NAME  COUNT', '門        5', 'gate   1234'].join('\n'));
  t.is(displayWidth('門'), 2);
  t.is(displayWidth('e\u0301'), 1);
});

test('lines of facts leave out what is not known', (t) => {
  t.is(
    facts([
      ['a', 1],
      ['long', undefined],
      ['bcd', 'x'],
    ]),
    'a    1\nbcd  x',
  );
});

test('durations, moments and sizes read well', (t) => {
  t.is(forPeople(0.25), '0.3 ms');
  t.is(forPeople(12), '12 ms');
  t.is(forPeople(1_500), '1.5 s');
  t.is(forPeople(90_000), '1.5 min');
  t.is(forPeople(3 * 86_400_000), '3 d');
  t.is(relative(1_000, 6_000), '5 s ago');
  t.is(relative(66_000, 6_000), 'in 1 min');
  t.is(relative(6_000, 6_500), 'now');
  t.is(byteCount(900), '900 B');
  t.is(byteCount(2 ** 20 * 1.5), '1.5 MiB');
});

test('whatever the text, nothing that steers a terminal is left', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = safeJson({ text });
      return !/[\p{Cc}\p{Cf}]/u.test(clean(text)) && !/\p{Cc}/u.test(json) && JSON.parse(json).text === text;
    }),
  );
  t.pass();
});
