import test from 'ava';
import { Priority } from '../../wire/frame-types.js';
import { concrete, scenarioOf, withNodes } from './concrete.js';
import { eventsOf } from './events.js';
import { placesOf } from './places.js';
import { play } from './play.js';
import type { Scenario, Traffic } from './scenario.js';

const message: Traffic = {
  send: 'broadcast',
  everyMs: 1_000,
  fromMs: 15_000,
  from: 'any',
  to: 'any',
  bytes: 40,
  priority: Priority.Medium,
  ack: false,
};

const small: Scenario = {
  name: 'small',
  about: '',
  seeds: [1],
  durationMs: 45_000,
  restMs: 20_000,
  nodes: { count: 6, placement: 'scatter', spacingM: 10, sideM: 60, startOverMs: 1_000 },
  radios: [
    { kind: 'ble', shape: 'ring', loss: 0.05 },
    { kind: 'udp', rangeM: 30, loss: 0.1 },
  ],
  timing: {},
  churn: { meanUpMs: 60_000, meanDownMs: 5_000, nodes: [5] },
  faults: [{ do: 'stall', atMs: 20_000, nodes: [2], forMs: 700 }],
  traffic: [
    message,
    { ...message, send: 'directed', ack: true },
    { ...message, send: 'alert', everyMs: 8_000 },
    { ...message, send: 'record', everyMs: 4_000 },
    { ...message, send: 'state', everyMs: 4_000 },
  ],
  expect: { delivered: 0.9, findings: 0 },
};

test('a scenario with two radios, churn and a stall is played, and every figure of it is there', async (t) => {
  const run = await play(small, 1);
  t.deepEqual(run.shortfalls, []);
  t.true(run.ok);
  t.deepEqual(run.findings.list, []);
  const { figures, map } = run;
  t.true(figures.broadcasts > 20 && figures.directed > 10 && figures.due > 100);
  t.true(figures.delivered / figures.due >= 0.9);
  t.true((figures.delays?.p95Ms ?? 0) >= (figures.delays?.medianMs ?? 1));
  t.is(figures.loads.length, 2);
  t.true(figures.loads.every(({ frames, bytes, airtimeMs }) => frames > 0 && bytes > 0 && airtimeMs > 0));
  const { series } = figures;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  t.is(sum(series.due), figures.due);
  t.is(sum(series.delivered), figures.delivered);
  t.is(
    sum(Object.values(series.bytes).map(sum)),
    figures.loads.reduce((total, { bytes }) => total + bytes, 0),
  );
  t.is(map.places.length, 6);
  t.true(map.links.length >= 4);
});

test('a seed replays to the frame, another seed does not, and the run written out is the same run', async (t) => {
  const run = await play(small, 3);
  t.is((await play(small, 3)).trace, run.trace);
  t.not((await play(small, 4)).trace, run.trace);
  const written = scenarioOf(concrete(small, 3));
  t.is((await play(written, 3)).trace, run.trace);
});

test('what is expected and does not come is told with what came instead', async (t) => {
  const strict = { ...small, churn: undefined, expect: { medianMs: 0.001, acknowledged: 0.5, alertP95Ms: 60_000 } };
  const { churn: _none, ...scenario } = strict;
  const run = await play(scenario, 1);
  t.false(run.ok);
  t.deepEqual(
    run.shortfalls.map(({ name, expected }) => [name, expected]),
    [['medianMs', 0.001]],
  );
  const silent = await play({ ...scenario, traffic: [] }, 1);
  t.deepEqual(silent.shortfalls[0], { name: 'medianMs', expected: 0.001 });
});

test('nodes that walk lose links and find others', async (t) => {
  const walkers: Scenario = {
    ...small,
    radios: [{ kind: 'udp', rangeM: 30 }],
    mobility: { speedMps: [3, 5], pauseMs: 0, share: 1 },
    faults: [],
    expect: {},
  };
  const still = await play({ ...walkers, mobility: { ...walkers.mobility, share: 0 } as never }, 2);
  const moving = await play(walkers, 2);
  t.notDeepEqual(moving.map.places, still.map.places);
  for (const { x, y } of moving.map.places) t.true(x >= 0 && x <= 60 && y >= 0 && y <= 60);
  for (const { pair } of still.map.links) {
    const [a, b] = pair.map((node) => still.map.places[node]);
    t.true(Math.hypot((a?.x ?? 0) - (b?.x ?? 0), (a?.y ?? 0) - (b?.y ?? 0)) <= 30);
  }
});

test('events are in order, within the time, and the same for a seed', (t) => {
  const events = eventsOf(small, 5);
  const times = events.map((event) => ('act' in event ? event.act.atMs : event.fault.atMs));
  t.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  t.deepEqual(eventsOf(small, 5), events);
  for (const event of events) if ('act' in event) t.not(event.act.from, event.act.to);
});

test('a node that is left out is gone from links, faults and traffic, and the others are counted anew', async (t) => {
  const all = concrete(small, 1);
  const fewer = withNodes(all, [0, 1, 3, 4, 5]);
  const scenario = scenarioOf(fewer);
  t.is(scenario.nodes.count, 5);
  t.is(scenario.nodes.positions?.length, 5);
  t.false(scenario.faults.some((fault) => fault.do === 'stall'));
  const named = scenario.traffic.flatMap(({ from }) => [...from]);
  t.true(named.every((node) => typeof node === 'number' && node < 5));
  t.deepEqual(scenario.radios[0]?.links?.length, 4);
  await t.notThrowsAsync(play(scenario, 1));
});

test('placements put each node somewhere', (t) => {
  for (const placement of ['line', 'ring', 'grid', 'scatter'] as const) {
    const random = { u32: () => 2 ** 31 } as never;
    const places = placesOf({ count: 7, placement, spacingM: 10, sideM: 100, startOverMs: 0 }, random);
    t.is(places.length, 7, placement);
    t.true(places.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
  }
});
