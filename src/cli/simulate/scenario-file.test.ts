import test from 'ava';
import { EdgeError } from '../../core/errors.js';
import { Priority } from '../../wire/frame-types.js';
import { loadScenario, parseScenario, shippedScenarios } from './scenario-file.js';
import { scenarioToml } from './scenario-toml.js';

const GOOD = `
duration = "2m"
[nodes]
count = 12
[[radios]]
kind = "ble"
range = 60
loss = 0.05
[[faults]]
do = "crash"
at = "30s"
nodes = [0, "3-5"]
[[traffic]]
send = "directed"
every = "2s"
priority = "high"
[expect]
delivered = 0.99
p95 = "500ms"
`;

const refusal = (text: string): EdgeError => {
  try {
    parseScenario(text, 'mine.toml');
  } catch (error) {
    if (error instanceof EdgeError) return error;
    throw error;
  }
  throw new Error('it was taken');
};

test('a scenario is read: durations in ms, ranges of nodes, and what is left out as it is by itself', (t) => {
  const scenario = parseScenario(GOOD, 'mine.toml');
  t.is(scenario.name, 'mine');
  t.is(scenario.durationMs, 120_000);
  t.deepEqual(scenario.seeds, [1, 2, 3]);
  t.deepEqual(scenario.radios, [{ kind: 'ble', rangeM: 60, loss: 0.05 }]);
  t.deepEqual(scenario.faults, [{ do: 'crash', atMs: 30_000, nodes: [0, 3, 4, 5] }]);
  t.like(scenario.traffic[0], { send: 'directed', everyMs: 2_000, priority: Priority.High, ack: true, from: 'any' });
  t.deepEqual(scenario.expect, { delivered: 0.99, p95Ms: 500 });
});

const CASES: readonly (readonly [what: string, from: string | RegExp, to: string, message: RegExp, fix?: RegExp])[] = [
  [
    'an unknown key',
    'loss = 0.05',
    'losss = 0.05',
    /mine\.toml line 8, radios\[0\]\.losss: there is no such key/,
    /mean loss\?/,
  ],
  [
    'a key of another kind',
    'loss = 0.05',
    'delay = ["1ms", "2ms"]',
    /line 8, radios\[0\]\.delay: there is no delay where kind is "ble"$/,
    /^There are kind, nodes, range, shape, links, bits_per_second, loss, interval, links_max\.$/,
  ],
  [
    'a range over LoRa',
    'kind = "ble"',
    'kind = "lora"',
    /there is no range where kind is "lora"; line 8, radios\[0\]\.loss: there is no loss where kind is "lora"$/,
    /^There are kind, nodes, preset, region, shadow_db\.$/,
  ],
  [
    'several faults, each with its line',
    /loss = 0.05[\s\S]*do = "crash"/,
    'loss = 5\n[[faults]]\ndo = "smash"',
    /line 8, radios\[0\]\.loss is 5, expected at most 1; line 10, faults\[0\]\.do is "smash", expected one of crash,[^;]*$/,
  ],
  [
    'more faults than are told',
    '[expect]',
    '[expect]\nagreement = 2\nacknowledged = 3\nkept = 4\nmedian = 5\np99 = 6\nsegments = 0.5',
    /expect\.acknowledged is 3, [^;]*(; line \d+, expect\.\w+ is [\d.]+, [^;]*){4}; and 1 more$/,
  ],
  [
    'a node that writes to itself',
    'every = "2s"',
    'every = "2s"\nfrom = 3\nto = [3]',
    /line 17, traffic\[0\]\.to: node 3 would write to itself$/,
    /another node/,
  ],
  ['an unknown table', '[expect]', '[expects]', /line 17, expects: there is no such key/, /mean expect\?/],
  [
    'an unknown kind',
    '"ble"',
    '"wifi"',
    /line 6, radios\[0\]\.kind is "wifi", expected one of udp, serial, ble, lora$/,
    /docs\/simulate\.md/,
  ],
  [
    'walking slower at most than at least',
    '[expect]',
    '[mobility]\nspeed = [3, 1]\n[expect]',
    /line 18, mobility\.speed is \[3,1\], expected the least and the most, in m\/s: \[0\.5, 1\.5\]$/,
  ],
  ['one speed', '[expect]', '[mobility]\nspeed = 2\n[expect]', /mobility\.speed is 2, expected .*: \[0\.5, 1\.5\]$/],
  [
    'traffic that starts after the end',
    'every = "2s"',
    'every = "2s"\nstart = "3m"',
    /line 16, traffic\[0\]\.start: nothing is ever sent/,
    /earlier start/,
  ],
  [
    'a fault after the end',
    'at = "30s"',
    'at = "2m"',
    /line 11, faults\[0\]\.at: it never happens: that is not before the scenario's end/,
    /longer duration/,
  ],
  [
    'traffic at a time after the end',
    'every = "2s"',
    'at = ["1m", "3m"]',
    /line 15, traffic\[0\]\.at: it never happens/,
  ],
  ['no radio', /\[\[radios\]\][^[]*/, '', /radios is missing, expected at least one \[\[radios\]\]/],
  ['a share above 1', '0.05', '5', /line 8, radios\[0\]\.loss is 5, expected at most 1/],
  [
    'a bare number for a duration',
    '"30s"',
    '30',
    /line 11, faults\[0\]\.at is 30, expected a duration with its unit, such as "30s"/,
  ],
  ['a node there is not', '"3-5"', '"3-50"', /line 12, faults\[0\]\.nodes: there is no node 12: they are 0 to 11/],
  [
    'no way to be in range',
    'range = 60',
    '',
    /line 5, radios\[0\]: who hears whom is not settled/,
    /range, shape and links/,
  ],
  [
    'two ways',
    'range = 60',
    'range = 60\nshape = "line"',
    /line 5, radios\[0\]: .*: range and shape are given$/,
    /one of/,
  ],
  [
    'a node in two groups',
    '[[traffic]]',
    '[[faults]]\ndo = "partition"\nat = "50s"\ngroups = [["0-4"], [4, 5]]\n[[traffic]]',
    /line 16, faults\[1\]\.groups: node 4 is in two groups$/,
  ],
  [
    'metres with a unit',
    'count = 12',
    'count = 12\nspacing = "150m"',
    /nodes\.spacing is "150m", expected metres, a number without a unit/,
  ],
  [
    'a bare unit',
    'count = 12',
    'count = 12\nspacing = 150m',
    /mine\.toml line 5 column/,
    /quoted, such as "150m"; metres .* without a unit: 150\./,
  ],
  ['a bare unit in a list', 'nodes = [0, "3-5"]', 'nodes = [0, 3m]', /line 12 column/, /"3m"/],
  ['no time', 'every = "2s"', '', /line 13, traffic\[0\]: when it is sent is not settled/],
  ['a missing count', 'count = 12', '', /nodes\.count is missing, expected/],
  ['no TOML', 'duration = "2m"', 'duration', /mine\.toml line \d column/, /\[table\], then key = value/],
];

for (const [what, from, to, message, fix] of CASES)
  test(`${what} is refused with the line and what to write`, (t) => {
    const error = refusal(GOOD.replace(from, to));
    t.is(error.code, 'scenario.file');
    t.regex(error.message, message);
    if (fix) t.regex(error.fix ?? '', fix);
  });

test('every scenario that comes with the program is read, and written and read again it is the same', (t) => {
  const names = shippedScenarios();
  t.true(names.length >= 8);
  for (const name of names) {
    const scenario = loadScenario(name);
    t.deepEqual(parseScenario(scenarioToml(scenario), `${name}.toml`), scenario, name);
    t.true(scenario.about.length > 10, name);
  }
});

test('a scenario there is not is refused with those there are', (t) => {
  const error = t.throws(() => loadScenario('fence-lime'), { instanceOf: EdgeError });
  t.regex(error?.fix ?? '', /fence-line/);
  t.is(error?.message, 'fence-lime: there is no such file, and no scenario of that name');
});

test('a name that is nearly that of a scenario gets that name', (t) => {
  const fix = (given: string): string => t.throws(() => loadScenario(given), { instanceOf: EdgeError })?.fix ?? '';
  t.regex(fix('fenceline'), /^Did you mean fence-line\? Give a file/);
  t.regex(fix('partitoin.toml'), /^Did you mean partition\?/);
  t.regex(fix('something-else-altogether'), /^Give a file/);
});

test('what does nothing, or goes without saying, is not written', (t) => {
  const plain = scenarioToml(parseScenario(GOOD.replace('count = 12', 'count = 12\nside = 300'), 'mine.toml'));
  t.notRegex(plain, /side|spacing|timing|placement|rest|from|bytes|ack|start|about/);
  const walking = GOOD.replace('count = 12', 'count = 12\nside = 300').replace(
    '[expect]',
    '[mobility]\nspeed = [1, 2]\n[expect]',
  );
  t.regex(scenarioToml(parseScenario(walking, 'mine.toml')), /side = 300/);
});
