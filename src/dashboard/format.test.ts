import test from 'ava';
import { ago, brief, bytes, duration, fixed, kindOf, shortId } from './format.js';

test('durations are told in the two units that matter', (t) => {
  const cases: readonly [number, string][] = [
    [-5_000, '0 s'],
    [400, '0 s'],
    [59_400, '59 s'],
    [61_000, '1 min'],
    [3_600_000, '1 h'],
    [11_520_000, '3 h 12 min'],
    [86_400_000 * 2, '2 d'],
    [86_400_000 + 3_600_000 * 5, '1 d 5 h'],
  ];
  for (const [ms, text] of cases) t.is(duration(ms), text);
});

test('what just happened is now, also when the other clock is ahead', (t) => {
  t.is(ago(10_000, 10_500), 'now');
  t.is(ago(20_000, 10_000), 'now');
  t.is(ago(10_000, 40_000), '30 s ago');
});

test('bytes are told in decimal units with three digits at most', (t) => {
  t.deepEqual([0, 999, 1_000, 15_360, 1_420_000, 999_000_000_000].map(bytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '15.4 kB',
    '1.4 MB',
    '999 GB',
  ]);
});

test('what is unknown is a dash, never a zero', (t) => {
  t.is(fixed(undefined, 1, ' ms'), '–');
  t.is(fixed(0, 1, ' ms'), '0.0 ms');
});

test('long ids and payloads are cut, short ones are not', (t) => {
  t.is(shortId('a1b2c3d4e5f60718'), 'a1b2c3d4e5f60718');
  t.is(shortId('ab'.repeat(32)), 'abababab…abab');
  t.is(brief({ a: 1 }, 20), '{"a":1}');
  t.is(brief('x'.repeat(50), 10), `${'x'.repeat(9)}…`);
  t.is(brief(undefined, 10), '');
});

test('the carrier is the first word of a radio', (t) => {
  t.deepEqual(['udp:9999@eth0', 'ble', 'serial:/dev/ttyUSB0@57600'].map(kindOf), ['udp', 'ble', 'serial']);
});
