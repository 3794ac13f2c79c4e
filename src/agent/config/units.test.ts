import test from 'ava';
import fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.js';

test('durations are read in every unit, with decimals', (t) => {
  t.is(parseDuration('500ms'), 500);
  t.is(parseDuration('5s'), 5_000);
  t.is(parseDuration('2m'), 120_000);
  t.is(parseDuration('2min'), 120_000);
  t.is(parseDuration('1.5h'), 5_400_000);
  t.is(parseDuration('30d'), 30 * 86_400_000);
  t.is(parseDuration('5 s'), 5_000);
});

test('what has no unit, a wrong unit or a sign is no duration', (t) => {
  for (const text of ['', '5', 's', '-5s', '5 seconds', '5S', '1e3s', '5s ', '٥s', '999999999999d']) {
    t.is(parseDuration(text), undefined, text);
  }
});

test('sizes are read in decimal and binary units', (t) => {
  t.is(parseSize('512MiB'), 512 * 2 ** 20);
  t.is(parseSize('1.5GB'), 1.5e9);
  t.is(parseSize('4096B'), 4_096);
  t.is(parseSize('2GiB'), 2 ** 31);
  for (const text of ['', '5', '5M', '5mib', '-1B', '999999999999999TiB']) t.is(parseSize(text), undefined, text);
});

test('formatted durations and sizes read back as the same value', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (value) => {
      return parseDuration(formatDuration(value)) === value && parseSize(formatSize(value)) === value;
    }),
  );
  t.is(formatDuration(86_400_000), '1d');
  t.is(formatSize(2 ** 31), '2GiB');
});

test('no text makes the readers throw or give something that is no whole number', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const value of [parseDuration(text), parseSize(text)]) {
        if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) return false;
      }
      return true;
    }),
  );
  t.pass();
});
