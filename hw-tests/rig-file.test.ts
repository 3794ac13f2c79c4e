import { readFileSync } from 'node:fs';
import test from 'ava';
import { EdgeError } from '../dist/core/errors.js';
import { RIGS_FILE } from './rig.js';
import { parseRigs, readRigs } from './rig-file.js';

test('the rigs of the project can be read, the emulated ones and the examples of real ones', (t) => {
  const rigs = readRigs(RIGS_FILE);
  t.deepEqual(
    [...rigs.values()].filter(({ emulate }) => emulate !== undefined).map(({ name }) => name),
    ['emulated', 'uart', 'btvirt', 'serial'],
  );
  t.like(rigs.get('adapters'), { kind: 'ble', radios: ['ble:hci0', 'ble:hci1'], pauseMs: 0 });
  t.is(rigs.get('usb-serial')?.kind, 'serial');
  t.is(rigs.get('serial')?.kind, 'serial');
});

test('the description in the page about hardware is one', (t) => {
  const page = readFileSync(new URL('../docs/hardware.md', import.meta.url), 'utf8');
  const text = /```\n(\[rigs\.[^`]*)```/.exec(page)?.[1] ?? '';
  t.is(parseRigs(text, 'the page').get('bench')?.kind, 'serial');
});

const WRONG: readonly (readonly [title: string, text: string, message: RegExp, fix: RegExp])[] = [
  ['no TOML', '[rigs.a\n', /line 1 column \d+: /, /TOML/],
  ['no rig at all', '', /describes no rig/, /\[rigs\.NAME\]/],
  ['something else', '[rig.a]\nabout = "x"', /nothing called "rig"/, /\[rigs\.NAME\]/],
  ['rigs that are no table', 'rigs = 5', /no table/, /\[rigs\.NAME\]/],
  ['a name that is none', '[rigs.A]\nabout = "x"', /"A" is no name/, /small letters/],
  ['no about', '[rigs.a]\nemulate = "uart"', /rigs\.a\.about/, /example/],
  ['neither radios nor emulation', '[rigs.a]\nabout = "x"', /either `radios`/, /example/],
  ['both', '[rigs.a]\nabout = "x"\nemulate = "uart"\nradios = ["ble:hci0", "ble:hci1"]', /either `radios`/, /./],
  ['an emulation that is none', '[rigs.a]\nabout = "x"\nemulate = "lora"', /rigs\.a\.emulate/, /./],
  ['a key that is none', '[rigs.a]\nabout = "x"\nemulate = "uart"\nspeed = 1', /speed/, /./],
  ['one radio', '[rigs.a]\nabout = "x"\nradios = ["ble:hci0"]', /two radios/, /./],
  ['no radio', '[rigs.a]\nabout = "x"\nradios = ["ble:hci0", "bell:hci1"]', /rigs\.a\.radios: .*no known kind/, /ble/],
  ['no adapter', '[rigs.a]\nabout = "x"\nradios = ["ble:hci0", "ble:usb1"]', /the adapter is not one/, /hci0/],
  ['UDP', '[rigs.a]\nabout = "x"\nradios = ["udp:1", "udp:2"]', /UDP needs no rig/, /ble or serial/],
  ['the same one twice', '[rigs.a]\nabout = "x"\nradios = ["ble:hci0", "ble:hci0"]', /twice/, /two/],
  ['two kinds', '[rigs.a]\nabout = "x"\nradios = ["ble:hci0", "serial:/dev/ttyUSB0"]', /different kinds/, /two/],
];

for (const [title, text, message, fix] of WRONG) {
  test(`a description is refused with its place and what to write instead: ${title}`, (t) => {
    const error = t.throws(() => parseRigs(text, 'my.toml'), { instanceOf: EdgeError, message });
    t.true(error?.message.startsWith('my.toml: '));
    t.regex(error?.fix ?? '', fix);
  });
}

test('a description that cannot be read is said to be', (t) => {
  t.throws(() => readRigs('/nowhere/rigs.toml'), { instanceOf: EdgeError, message: /no such file/ });
});
