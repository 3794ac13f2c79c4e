import test from 'ava';
import { EdgeError } from '../../core/errors.js';
import { Priority } from '../../wire/frame-types.js';
import type { Shortfall } from './expectations.js';
import type { ScenarioRun } from './play.js';
import type { Scenario } from './scenario.js';
import { Shrinker, symptomOf } from './shrink.js';

const scenario: Scenario = {
  name: 'big',
  about: '',
  seeds: [1],
  durationMs: 64_000,
  restMs: 32_000,
  nodes: { count: 12, placement: 'grid', spacingM: 10, sideM: 60, startOverMs: 0 },
  radios: [{ kind: 'udp', rangeM: 15, loss: 0.3 }],
  timing: {},
  mobility: { speedMps: [1, 2], pauseMs: 0, share: 0.5 },
  faults: [
    { do: 'crash', atMs: 5_000, nodes: [4] },
    { do: 'crash', atMs: 9_000, nodes: [7] },
    { do: 'skew', atMs: 12_000, nodes: [1], aheadMs: 5 },
  ],
  traffic: [
    {
      ...{ send: 'broadcast', everyMs: 500, fromMs: 0, from: 'any', to: 'any' },
      ...{ bytes: 40, priority: Priority.Medium, ack: false },
    },
  ],
  expect: { findings: 0 },
};

const run = (finding: string | undefined): ScenarioRun =>
  ({
    ...{ scenario: '', seed: 1, ok: finding === undefined, shortfalls: [], trace: '' },
    findings: { total: finding === undefined ? 0 : 1, list: finding === undefined ? [] : [finding] },
  }) as unknown as ScenarioRun;

test('what a finding needs stays, and all else goes: nodes, events, time, loss and steps', async (t) => {
  let smaller = 0;
  // Wrong whenever some node with neighbours crashes after five seconds while somebody has spoken before.
  const faulty = async (tried: Scenario): Promise<ScenarioRun> => {
    const crash = tried.faults.find(({ do: what, atMs }) => what === 'crash' && atMs > 5_500);
    const spoke = tried.traffic.some(({ atMs }) => (atMs?.[0] ?? Number.POSITIVE_INFINITY) < (crash?.atMs ?? 0));
    return run(crash && spoke && tried.nodes.count >= 3 ? '[limits] at 9.0 s: too much' : undefined);
  };
  const shrunk = await new Shrinker(scenario, 1, { found: () => smaller++ }, faulty).run();
  t.is(shrunk?.symptom, 'check limits');
  t.is(shrunk?.nodes, 3);
  t.is(shrunk?.events, 2);
  t.is(smaller > 5, true);
  const small = shrunk?.scenario as Scenario;
  t.deepEqual(
    small.faults.map(({ do: what }) => what),
    ['crash'],
  );
  t.is(small.traffic.length, 1);
  t.true(small.durationMs <= 16_000 && small.restMs <= 2_000);
  t.is(small.radios[0]?.loss, undefined);
  t.is(small.mobility, undefined);
});

test('another fault than the first is no reason to stay small', async (t) => {
  const faulty = async (tried: Scenario): Promise<ScenarioRun> =>
    run(tried.nodes.count === 12 ? '[limits] at 9.0 s: too much' : '[loops] at 9.0 s: twice');
  const shrunk = await new Shrinker(scenario, 1, { found: () => {} }, faulty).run();
  t.is(shrunk?.nodes, 12);
  t.is(shrunk?.symptom, 'check limits');
});

test('a run with which nothing is wrong is left alone, and one that throws is a symptom', async (t) => {
  t.is(await new Shrinker(scenario, 1, { found: () => {} }, async () => run(undefined)).run(), undefined);
  const thrown = await new Shrinker(scenario, 1, { found: () => {} }, async () => {
    throw new RangeError('beyond');
  }).run();
  t.is(thrown?.symptom, 'thrown beyond');
  t.is(thrown?.events, 0);
});

test('a symptom is the check, else the expectation, told apart from one without anything to measure', (t) => {
  const missed = (...shortfalls: readonly Shortfall[]): ScenarioRun => ({ ...run(undefined), shortfalls });
  t.deepEqual(symptomOf(run('[views] at 1 s: x')), { text: 'check views', expect: { findings: 0 } });
  t.deepEqual(symptomOf(missed({ name: 'p95Ms', expected: 1, found: 2 }, { name: 'segments', expected: 1 })), {
    text: 'expectation p95',
    expect: { p95Ms: 1 },
  });
  const nothing = symptomOf(missed({ name: 'p95Ms', expected: 1 }));
  t.like(nothing, { text: 'expectation p95, nothing to measure', unmeasured: 'p95' });
  const both = missed({ name: 'alertP95Ms', expected: 1 }, { name: 'p95Ms', expected: 1, found: 2 });
  t.is(symptomOf(both)?.text, 'expectation p95', 'what was measured goes first');
  t.is(symptomOf(run(undefined)), undefined);
});

for (const name of ['medianMs', 'p95Ms', 'p99Ms', 'alertP95Ms', 'delivered', 'acknowledged'] as const)
  test(`a run whose ${name} was measured and missed does not shrink to one that has nothing to measure`, async (t) => {
    const asked: Scenario = { ...scenario, expect: { bytesPerNodeMinute: 1e9, [name]: 0.5, findings: 0 } };
    // Bad with traffic at the end of three seconds or later, and, without any, as bad by the count of shortfalls.
    const faulty = async ({ traffic, expect }: Scenario): Promise<ScenarioRun> => {
      const late = traffic.some(({ atMs }) => (atMs?.[0] ?? 0) >= 3_000);
      const missed: Shortfall = { name, expected: expect[name] as number };
      const shortfalls = traffic.length === 0 ? [missed] : late ? [{ ...missed, found: 0.4 }] : [];
      return { ...run(undefined), shortfalls };
    };
    const tried: number[] = [];
    const shrunk = await new Shrinker(asked, 1, { found: () => {}, tried: (runs) => tried.push(runs) }, faulty).run();
    t.is(shrunk?.scenario.traffic.length, 1);
    t.is(shrunk?.events, 1);
    t.deepEqual(shrunk?.scenario.expect, { [name]: 0.5 });
    t.deepEqual(
      tried,
      Array.from({ length: (shrunk?.runs ?? 0) - 1 }, (_, i) => i + 2),
    );
  });

test('a run of which nothing was measured is refused: nothing is made small', async (t) => {
  const silent = async (): Promise<ScenarioRun> => ({
    ...run(undefined),
    shortfalls: [{ name: 'acknowledged', expected: 0.9 }],
  });
  const shrinker = new Shrinker(scenario, 1, { found: () => t.fail('it was taken for smaller') }, silent);
  const message = /^Nothing was measured of what big, seed 1 expects \(acknowledged\): .*nobody was in reach/;
  await t.throwsAsync(shrinker.run(), { instanceOf: EdgeError, code: 'scenario.unmeasured', message });
});
