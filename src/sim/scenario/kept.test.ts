import test from 'ava';
import { Priority } from '../../wire/frame-types.js';
import { play } from './play.js';
import type { Fault, Scenario, Traffic } from './scenario.js';

const letter = (atMs: number, to: number): Traffic => ({
  ...{ send: 'directed', atMs: [atMs], fromMs: 0, from: [0], to: [to], bytes: 40 },
  ...{ priority: Priority.Medium, ack: true, keepMs: 300_000 },
});

const three = (traffic: readonly Traffic[], ...faults: readonly Fault[]): Scenario => ({
  ...{ name: 'three', about: '', seeds: [1], durationMs: 60_000, restMs: 20_000 },
  nodes: { count: 3, placement: 'line', spacingM: 10, sideM: 10, startOverMs: 0 },
  radios: [{ kind: 'udp', shape: 'line' }],
  ...{ timing: {}, faults, traffic, expect: {} },
});

const away: Fault = { do: 'crash', atMs: 15_000, nodes: [2] };
const back: Fault = { do: 'start', atMs: 50_000, nodes: [2] };

test('kept messages are counted, and those that arrived by the end, with how long they took', async (t) => {
  const { figures, shortfalls } = await play({ ...three([letter(20_000, 2)], away, back), expect: { kept: 1 } }, 1);
  t.like(figures, { due: 0, kept: { sent: 1, arrived: 1 } });
  const { medianMs = 0 } = figures.kept ?? {};
  t.true(medianMs > 30_000 && medianMs < 60_000, `${medianMs}`);
  t.deepEqual(shortfalls, []);
  // One came at once; the other is for a node that stays away.
  const half = await play({ ...three([letter(12_000, 2), letter(20_000, 2)], away), expect: { kept: 0.6 } }, 1);
  t.like(half.figures.kept, { sent: 2, arrived: 1 });
  t.deepEqual(half.shortfalls, [{ name: 'kept', expected: 0.6, found: 0.5 }]);
});

test('where nothing is to be kept there is no such figure, and to expect one is a shortfall', async (t) => {
  const { keepMs: _none, ...plain } = letter(12_000, 2);
  const run = await play({ ...three([plain]), expect: { kept: 0 } }, 1);
  t.is(run.figures.kept, undefined);
  t.deepEqual(run.shortfalls, [{ name: 'kept', expected: 0 }]);
});

test('what was acknowledged counts as that, although its ends were parted before its long time was over', async (t) => {
  const { figures } = await play(three([letter(12_000, 2), letter(20_000, 2)], away), 1);
  t.deepEqual(figures.acknowledged, { asked: 1, done: 1 });
});
