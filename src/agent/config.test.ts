import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { EdgeError } from '../core/errors.js';
import { MASK } from './config/explain.js';
import { KEY_PATHS, keySpec, optionPath } from './config/keys.js';
import { configJsonSchema } from './config/schema.js';
import { splitRadios } from './config/sources.js';
import { type ConfigSources, configFrom, loadConfig } from './config.js';

const load = (fileText: string, more: Omit<ConfigSources, 'file' | 'fileText'> = {}) =>
  loadConfig({ file: '/etc/edge.toml', fileText, ...more });

function refused(t: ExecutionContext, sources: ConfigSources, code: string): EdgeError {
  const error = t.throws(() => loadConfig(sources), { instanceOf: EdgeError });
  t.is(error.code, code, error.message);
  t.truthy(error.fix);
  return error;
}

const refusedText = (t: ExecutionContext, fileText: string, code: string): EdgeError =>
  refused(t, { file: '/etc/edge.toml', fileText }, code);

test('without anything said the defaults of the contract hold', (t) => {
  const { config } = loadConfig({});
  t.like(config, {
    mesh: 'edge',
    logLevel: 'info',
    radios: ['udp'],
    http: { listen: { host: '127.0.0.1', port: 7070 } },
    meshTiming: { heartbeatIntervalMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 86_400_000 },
    detections: { retentionMs: 30 * 86_400_000, shareVectors: true },
    sensors: { enabled: true, intervalMs: 10_000 },
    spaces: [{ name: 'default', dimension: 512 }],
    udp: { dnsSd: true, dataPort: 0 },
  });
  t.is(config.limits.peers, 100);
  t.is(config.limits.dedupCapacity, 10_000);
  t.is(config.limits.storeBytes, 2 * 2 ** 30);
  t.true(config.name.length > 0);
  t.true(config.dataDir.startsWith('/'));
});

test('a flag beats the environment, the environment the file, the file the default', (t) => {
  const file = 'mesh = "file"\nname = "file"\nlog_level = "warn"\n';
  const env = { EDGE_AGENT_MESH: 'env', EDGE_AGENT_NAME: 'env' };
  const { config, explain } = load(file, { env, flags: { mesh: 'flag' } });
  t.is(config.mesh, 'flag');
  t.is(config.name, 'env');
  t.is(config.logLevel, 'warn');
  const sources = Object.fromEntries(explain.map(({ key, source }) => [key, source]));
  t.is(sources['mesh'], 'flag --mesh');
  t.is(sources['name'], 'env EDGE_AGENT_NAME');
  t.is(sources['log_level'], 'edge.toml:3');
  t.is(sources['radios'], 'default');
});

test('radios given by flags replace the list of the file', (t) => {
  t.deepEqual(load('radios = ["ble", "udp"]', { flags: { radio: ['udp:9000@lo'] } }).config.radios, ['udp:9000@lo']);
});

test('radios in the environment are separated by commas, the interfaces of one radio too', (t) => {
  t.deepEqual(splitRadios('udp:9999@eth0,wlan0, ble:hci0,serial:/dev/ttyUSB0@115200,udp'), [
    'udp:9999@eth0,wlan0',
    'ble:hci0',
    'serial:/dev/ttyUSB0@115200',
    'udp',
  ]);
  t.deepEqual(loadConfig({ env: { EDGE_AGENT_RADIO: 'udp@eth0,eth1,ble' } }).config.radios, ['udp@eth0,eth1', 'ble']);
});

test('every variable of the environment reaches its key', (t) => {
  const given: Readonly<Record<string, string>> = {
    duration: '1h',
    size: '20MiB',
    count: '1000',
    switch: 'off',
    text: 'a-text',
  };
  const special: Readonly<Record<string, string>> = {
    log_level: 'debug',
    'http.listen': 'off',
    'http.token': 'a-secret-of-enough-length',
    'http.token_file': '',
    'limits.links': '200',
    'mesh_timing.heartbeat_interval': '1m',
    'mesh_timing.forget_after': '2h',
    radios: 'ble',
    'peers.static': '10.0.0.1:9999,[fe80::1%eth0]:9999',
  };
  const env = Object.fromEntries(
    KEY_PATHS.flatMap((key) => {
      const { env: name, kind } = keySpec(key);
      return name === undefined ? [] : [[name, special[key] ?? given[kind] ?? '']];
    }),
  );
  const { explain, warnings, config } = loadConfig({ env });
  const unset = explain.filter(({ source }) => !source.startsWith('env ')).map(({ key }) => key);
  t.deepEqual(unset, ['http.token_file', 'spaces']);
  t.deepEqual(warnings, []);
  t.is(config.http.listen, null);
  t.false(config.sensors.enabled);
  t.deepEqual(config.peers.static, [
    { host: '10.0.0.1', port: 9999 },
    { host: 'fe80::1%eth0', port: 9999 },
  ]);
});

test('an empty variable is an unset one, an unknown one is a warning with the nearest name', (t) => {
  const { config, warnings } = loadConfig({
    env: { EDGE_AGENT_MESH: '', EDGE_AGENT_HEARTBEAT: '5s', EDGE_AGENT_HOT_PATH: 'js' },
  });
  t.is(config.mesh, 'edge');
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /EDGE_AGENT_HEARTBEAT /);
});

test('an unknown key is refused with its line and the nearest known key', (t) => {
  const error = refusedText(t, 'mesh = "a"\n\n[http]\nlissten = "off"\n', 'config.key');
  t.regex(error.message, /^edge\.toml line 4: .*http\.lissten.* did you mean listen\?$/);
  const elsewhere = refusedText(t, 'heartbeat_interval = "5s"', 'config.key');
  t.regex(elsewhere.message, /line 1: .*did you mean mesh_timing\.heartbeat_interval\?/);
  const nested = refusedText(
    t,
    '[[spaces]]\nname = "a"\ndimension = 4\n[[spaces]]\nname = "b"\ndimesion = 8',
    'config.key',
  );
  t.regex(nested.message, /line 6: .*spaces\[1\]\.dimesion.*dimension/);
  t.notRegex(refusedText(t, 'zzzzzzzzzzzz = 1', 'config.key').message, /did you mean/);
});

test('a bare number for a duration names the unit that is missing', (t) => {
  const error = refusedText(t, '[mesh_timing]\nheartbeat_interval = 5', 'config.value');
  t.regex(error.message, /^edge\.toml line 2: mesh_timing\.heartbeat_interval is 5, expected a duration with its unit/);
  t.regex(error.fix ?? '', /"5s" for seconds or "5ms"/);
  t.regex(refused(t, { env: { EDGE_AGENT_PEER_TIMEOUT: '30' } }, 'config.value').message, /^EDGE_AGENT_PEER_TIMEOUT: /);
  t.regex(refusedText(t, '[limits]\nstore = 512', 'config.value').fix ?? '', /"512MiB"/);
});

test('a value of the wrong type says what was found and what is expected', (t) => {
  t.regex(refusedText(t, 'name = 5', 'config.value').message, /name is 5, expected 1 to 64/);
  t.regex(refusedText(t, 'radios = "udp"', 'config.value').fix ?? '', /\["udp"\]/);
  t.regex(refusedText(t, '[udp]\ndns_sd = "true"', 'config.value').fix ?? '', /without quotes/);
  t.regex(
    refusedText(t, 'http = 5', 'config.value').message,
    /http is 5, expected a table with the keys listen, token, token_file/,
  );
  t.regex(refusedText(t, 'log_level = "loud"', 'config.value').message, /"loud", expected one of trace, debug/);
  t.regex(refusedText(t, 'mesh = 2026-01-01', 'config.value').message, /a date/);
  t.regex(refused(t, { flags: { http: '7070' } }, 'config.value').message, /^--http: .*"7070"/);
});

test('bounds are kept: ports, dimensions, times, sizes', (t) => {
  for (const text of [
    '[udp]\ndata_port = 70000',
    '[udp]\ndata_port = 1.5',
    '[[spaces]]\nname = "a"\ndimension = 6',
    '[[spaces]]\nname = "a"\ndimension = 8192',
    '[[spaces]]\nname = "a"',
    '[mesh_timing]\nheartbeat_interval = "1ms"',
    '[limits]\nstore = "1MiB"',
    '[limits]\npeers = 0',
    'radios = []',
    '[peers]\nstatic = ["10.0.0.1"]',
    '[peers]\nstatic = ["10.0.0.1:0"]',
    '[http]\nlisten = "127.0.0.1:99999"',
    'name = "a\\u0007b"',
  ]) {
    refusedText(t, text, 'config.value');
  }
});

test('values that do not fit together are refused at the one that was set', (t) => {
  const timing = refusedText(t, '[mesh_timing]\nheartbeat_interval = "20s"', 'config.value');
  t.regex(timing.message, /line 2: mesh_timing\.heartbeat_interval/);
  refusedText(t, '[mesh_timing]\nforget_after = "10s"', 'config.value');
  refusedText(t, '[limits]\nstore = "16MiB"', 'config.value');
  refusedText(t, '[[spaces]]\nname="a"\ndimension=4\n[[spaces]]\nname="a"\ndimension=8', 'config.value');
});

test('a radio that cannot be is refused with its place and the form to use', (t) => {
  const error = refusedText(t, 'radios = [\n "udp",\n "wifi",\n]', 'config.value');
  t.regex(error.message, /^edge\.toml line 3: Radio "wifi"/);
  t.regex(refused(t, { flags: { radio: ['udp', 'udp'] } }, 'config.value').message, /^--radio: radios names udp twice/);
  const typo = 'serial:/dev/ttyUSB0@115k';
  t.is(refused(t, { flags: { radio: [typo] } }, 'config.value').fix, 'Write serial:/dev/ttyUSB0@115200.');
  t.regex(refused(t, { env: { EDGE_AGENT_RADIO: typo } }, 'config.value').message, /^EDGE_AGENT_RADIO: Radio /);
  t.regex(refusedText(t, `radios = [\n "${typo}",\n]`, 'config.value').message, /^edge\.toml line 2: Radio /);
  t.regex(refused(t, { flags: { radio: ['ble:1'] } }, 'config.value').message, /^--radio: Radio "ble:1"/);
});

test('one device named twice is refused, however it is written', (t) => {
  for (const radio of [
    ['serial:/dev/ttyUSB0', 'serial:/dev/ttyUSB0@9600'],
    ['ble:hci0', 'udp', 'ble:hci1+hci0'],
  ])
    t.regex(refused(t, { flags: { radio } }, 'config.value').message, /^--radio: radios names one device twice: /);
  t.is(
    load('', { flags: { radio: ['ble:hci0', 'ble:hci1', 'serial:/dev/a', 'serial:/dev/b'] } }).config.radios.length,
    4,
  );
});

test('a syntax error has its line and column', (t) => {
  const error = refusedText(t, 'mesh = "a"\nname = = 3\n', 'config.syntax');
  t.regex(error.message, /^edge\.toml line 2 column \d+: /);
  t.like(error.details, { line: 2 });
});

test('all problems of a file are in the details, the first one in the message', (t) => {
  const error = refusedText(t, 'nmae = "a"\nlog_level = 3\n', 'config.key');
  t.regex(error.message, /\(and 1 more\)$/);
  const problems = error.details?.['problems'];
  t.is(Array.isArray(problems) && problems.length, 2);
});

test('a mistake in the file is refused even when a flag would hide it', (t) => {
  refused(t, { file: 'x', fileText: 'mesh = 5', flags: { mesh: 'good' } }, 'config.value');
});

test('a file that is missing or much too large is refused with its name', (t) => {
  t.regex(refused(t, { file: '/nowhere/edge.toml' }, 'config.file').message, /\/nowhere\/edge\.toml/);
  refused(t, { file: 'big.toml', fileText: '#'.repeat(2 ** 20 + 1) }, 'config.file');
});

test('a token is never shown, whether it is good or not', (t) => {
  const secret = 'hunter2hunter2hunter2';
  const { explain, config } = load(`[http]\ntoken = "${secret}"`);
  t.is(config.http.token, secret);
  t.is(explain.find(({ key }) => key === 'http.token')?.value, MASK);
  t.false(JSON.stringify(explain).includes(secret));
  const error = refusedText(t, '[http]\ntoken = "too short 1"', 'config.value');
  t.false(JSON.stringify([error.message, error.fix, error.details]).includes('too short 1'));
});

test('a token file is read; one that others can read is a warning, an empty one is refused', (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'edge-config-')), 'token');
  writeFileSync(file, 'a-token-of-24-characters\n', { mode: 0o600 });
  const text = `[http]\ntoken_file = "${file}"`;
  t.is(load(text).config.http.token, 'a-token-of-24-characters');
  t.deepEqual(load(text).warnings, []);
  chmodSync(file, 0o644);
  t.regex(load(text).warnings[0] ?? '', /chmod 600/);
  writeFileSync(file, '\n');
  refusedText(t, text, 'config.value');
  refusedText(t, '[http]\ntoken_file = "/nowhere/token"', 'config.value');
  refusedText(t, `[http]\ntoken_file = "${file}"\ntoken = "0123456789abcdef"`, 'config.value');
});

test('a token of the environment replaces the token file of the file', (t) => {
  const { config } = load('[http]\ntoken_file = "/nowhere/token"', { env: { EDGE_AGENT_TOKEN: '0123456789abcdef' } });
  t.is(config.http.token, '0123456789abcdef');
});

test('a program gives the same settings in camel case, in milliseconds and bytes', (t) => {
  const config = configFrom({
    mesh: 'lab',
    dataDir: '/tmp/lab',
    radios: ['udp@lo'],
    http: { listen: null },
    meshTiming: { heartbeatIntervalMs: 250, peerTimeoutMs: 1_500 },
    limits: { storeBytes: 2 ** 30, detectionBytes: 2 ** 29 },
    peers: { static: [{ host: '::1', port: 9 }, 'host:10'] },
  });
  t.is(config.meshTiming.heartbeatIntervalMs, 250);
  t.is(config.limits.storeBytes, 2 ** 30);
  t.is(config.http.listen, null);
  t.deepEqual(config.peers.static, [
    { host: '::1', port: 9 },
    { host: 'host', port: 10 },
  ]);
  const unknown = t.throws(() => configFrom({ meshTiming: { heartbeatInterval: 5 } } as never), {
    instanceOf: EdgeError,
  });
  t.is(unknown.code, 'config.key');
  t.regex(unknown.message, /did you mean meshTiming\.heartbeatIntervalMs\?/);
  const wrong = t.throws(() => configFrom({ udp: { dataPort: -1 } }), { instanceOf: EdgeError });
  t.regex(wrong.message, /^option udp\.dataPort: /);
});

test('a whole configuration given back as options stays the same', (t) => {
  const { config } = load(
    '[http]\nlisten = "[::1]:0"\n[peers]\nstatic = ["[::1]:5", "a:6"]\n[detections]\nretention = "90m"',
  );
  t.deepEqual(configFrom(config), config);
});

test('every key has a path among the options', (t) => {
  t.is(new Set(KEY_PATHS.map(optionPath)).size, KEY_PATHS.length);
  t.is(optionPath('limits.store'), 'limits.storeBytes');
  t.is(optionPath('limits.detection_bytes'), 'limits.detectionBytes');
});

test('the JSON schema describes every key and refuses others', (t) => {
  const schema = configJsonSchema() as {
    properties: Record<string, Record<string, unknown>>;
    additionalProperties: boolean;
  };
  t.false(schema.additionalProperties);
  for (const key of KEY_PATHS) {
    const [table, name] = key.split('.') as [string, string?];
    const own = schema.properties[table] as { properties?: Record<string, Record<string, unknown>> };
    const found = name === undefined ? own : own.properties?.[name];
    t.is((found as { description?: string } | undefined)?.description, keySpec(key).what, key);
  }
});

test('the example has every key with its default', (t) => {
  const text = readFileSync('examples/edge-agent.toml', 'utf8');
  loadConfig({ fileText: text, file: 'edge-agent.toml' });
  const device = new Set<string>(['name', 'data_dir', 'http.token', 'http.token_file']);
  const isDevice = (line: string): boolean => /# default: |token_file/.test(line);
  const lines = text.split('\n').map((line) => (isDevice(line) ? line : line.replace(/^# (?=\[|[a-z_]+ = )/, '')));
  const whole = lines.join('\n');
  const { config, explain } = loadConfig({ fileText: whole, file: 'edge-agent.toml' });
  for (const { key, source } of explain) if (!device.has(key)) t.regex(source, /^edge-agent\.toml:\d+$/, key);
  for (const key of device) t.true(text.includes(`${key.split('.').at(-1)} = `), key);
  const { name, dataDir, http, ...same } = loadConfig({}).config;
  t.like(config, same);
  t.deepEqual(config.http.listen, http.listen);
});

test('whatever the text of a file is, nothing but an EdgeError is thrown', (t) => {
  const onlyEdgeErrors = (fileText: string): boolean => {
    try {
      loadConfig({ fileText, file: 'f.toml' });
      return true;
    } catch (error) {
      return error instanceof EdgeError && error.code.startsWith('config.');
    }
  };
  const key = fc.constantFrom(...KEY_PATHS.flatMap((path) => path.split('.')), '__proto__', 'constructor', 'x', '""');
  const value = fc.oneof(
    fc.constantFrom(
      '"5s"',
      '5',
      '-1',
      '1e400',
      'nan',
      'true',
      '[]',
      '[[1]]',
      '{}',
      '{a=1}',
      '"udp"',
      '["udp"]',
      "''",
      '2026-01-01',
      '99999999999999999999',
    ),
    fc.string().map((text) => JSON.stringify(text)),
  );
  const line = fc.oneof(
    fc.tuple(key, value).map(([k, v]) => `${k} = ${v}`),
    fc.tuple(key, key, value).map(([a, b, v]) => `${a}.${b} = ${v}`),
    key.map((k) => `[${k}]`),
    key.map((k) => `[[${k}]]`),
    fc.string(),
  );
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
  fc.assert(fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), onlyEdgeErrors), { numRuns: 500 });
  t.true(onlyEdgeErrors(`a = ${'['.repeat(5_000)}`));
});

test('whatever the environment holds, nothing but an EdgeError is thrown', (t) => {
  const names = KEY_PATHS.flatMap((key) => keySpec(key).env ?? []);
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), fc.string()), (env) => {
      try {
        loadConfig({ env });
        return true;
      } catch (error) {
        return error instanceof EdgeError;
      }
    }),
  );
  t.pass();
});

test('listening beyond this machine needs a token, wherever it comes from', (t) => {
  for (const address of ['0.0.0.0:7070', '[::]:7070', '10.0.0.7:7070', 'device.local:7070']) {
    const text = `[http]\nlisten = "${address}"`;
    t.regex(refusedText(t, text, 'config.value').message, /line 2: http\.listen .*no token/);
    t.is(load(text, { env: { EDGE_AGENT_TOKEN: 'a-secret-of-enough-length' } }).config.http.listen?.port, 7070);
  }
  for (const address of ['localhost:1', '127.1.2.3:1', '[::1]:1', 'off'])
    t.notThrows(() => load(`[http]\nlisten = "${address}"`));
});
