import test from 'ava';
import { EdgeError } from '../core/errors.js';
import type { LogLevel } from '../ports/log.js';
import { createLog } from './pino-log.js';

function collect(level: LogLevel, pretty = false) {
  const lines: string[] = [];
  return { log: createLog({ level, pretty, destination: { write: (line) => lines.push(line) } }), lines };
}

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

test('a line is one JSON object with level, time, name, message and fields', (t) => {
  const { log, lines } = collect('info');
  log
    .child('radios')
    .child('udp')
    .info('peer found', { peer: 'ab', bytes: Uint8Array.of(1, 255), text: 'a\nb' });
  t.true(lines[0]?.endsWith('\n'));
  t.is(lines.length, 1);
  t.is(lines[0]?.match(/"name"/g)?.length, 1);
  const [line = {}] = parsed(lines);
  t.is(typeof line['time'], 'number');
  t.like(line, { level: 'info', name: 'radios.udp', msg: 'peer found', peer: 'ab', bytes: '01ff', text: 'a\nb' });
});

test('lines below the level are not written, and silent writes none', (t) => {
  const { log, lines } = collect('warn');
  log.debug('no');
  log.info('no');
  log.warn('yes');
  log.error('yes');
  t.deepEqual(
    parsed(lines).map((line) => line['level']),
    ['warn', 'error'],
  );
  const silent = collect('silent');
  silent.log.error('no');
  t.deepEqual(silent.lines, []);
});

test('errors show code, message and fix, and secrets are blotted out', (t) => {
  const { log, lines } = collect('debug');
  const error = new EdgeError('store.full', 'no room', { fix: 'free some' });
  log.error('failed', {
    error,
    cause: new TypeError('odd'),
    token: 'abc',
    request: { authorization: 'Bearer abc', path: '/' },
  });
  const [line = {}] = parsed(lines);
  t.like(line['error'], { code: 'store.full', message: 'no room', fix: 'free some' });
  t.like(line['cause'], { type: 'TypeError', message: 'odd' });
  t.false(lines[0]?.includes('abc'));
  t.like(line['request'], { path: '/' });
});

test('odd values do not break the log', (t) => {
  const { log, lines } = collect('debug');
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  log.info('odd', { loop, big: 12n, none: undefined, fn: () => 1, nan: Number.NaN });
  t.is(parsed(lines)[0]?.['msg'], 'odd');
});

test('for people a line is short, and control characters from the mesh do nothing to the terminal', (t) => {
  const { log, lines } = collect('debug', true);
  log.child('mesh').warn('odd name \u001b[2Jcleared', { name2: 'x', peer: 'with space', n: 3 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken off to compare
  const plain = (lines[0] as string).replace(/\u001b\[\d+m/g, '');
  t.regex(
    plain,
    /^\d\d:\d\d:\d\d\.\d{3} {2}WARN {3}mesh {2}odd name \\x1b\[2Jcleared {2}name2=x peer="with space" n=3\n$/,
  );
});
