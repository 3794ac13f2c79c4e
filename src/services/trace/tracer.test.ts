import test from 'ava';
import { EdgeError } from '../../core/errors.js';
import type { NodeId } from '../../core/ids.js';
import { TraceEnd, type TraceReport } from '../../mesh/trace-steps.js';
import { nodeNamed, testCrypto } from '../../testing/builders.js';
import { turns } from '../../testing/fake-mesh.js';
import { SteppedClock } from '../../testing/stepped-clock.js';
import type { TraceRequest, TraceResult } from './path.js';
import { Tracer } from './tracer.js';

const [SELF, A, B, C, OTHER] = [1, 2, 3, 4, 5].map(nodeNamed) as [NodeId, NodeId, NodeId, NodeId, NodeId];
const step = (node: NodeId) => ({ node, radio: 'udp', cost: 12, quality: 1 });

function setup() {
  const clock = new SteppedClock();
  const probes: { token: string; to: NodeId; via: NodeId | undefined }[] = [];
  let listener: ((token: string, report: TraceReport) => void) | undefined;
  const tracer = new Tracer(
    {
      self: SELF,
      knows: (node) => node !== OTHER,
      lastSeenAt: () => 5,
      nameOf: (node) => `n${Number.parseInt(node, 16)}`,
      waysTo: () => [A, B],
      probe: (token, to, via) => void probes.push({ token, to, via }),
      onTrace: (heard) => {
        listener = heard;
        return () => {
          listener = undefined;
        };
      },
    },
    clock,
    testCrypto,
  );
  /** Of the newest probe. */
  const says = (report: TraceReport, probe = probes.length - 1): void =>
    listener?.(probes[probe]?.token as string, report);
  const start = (request: Parameters<Tracer['trace']>[0]) => {
    const outcome: { result?: TraceResult; error?: unknown } = {};
    tracer.trace(request).then(
      (result) => {
        outcome.result = result;
      },
      (error: unknown) => {
        outcome.error = error;
      },
    );
    return outcome;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await turns();
      clock.advance(ms / 20);
    }
    await turns();
  };
  return { clock, tracer, probes, says, start, pass };
}

const self = { hop: 0, node: SELF, next: step(A), end: TraceEnd.GoesOn };
const viaA = { hop: 1, node: A, came: step(SELF), next: step(C), end: TraceEnd.GoesOn };
const arrived = { hop: 2, node: C, came: step(A), end: TraceEnd.Arrived };

test('answers are put in order whatever order they come in, and then it is done at once', async (t) => {
  const { says, start, pass, probes } = setup();
  const outcome = start({ to: C });
  says(arrived);
  says(self);
  await pass(1);
  t.is(outcome.result, undefined, 'one is missing');
  says(viaA);
  await pass(1);
  t.like(outcome.result, { reached: true, probes: 1, cost: 24 });
  t.deepEqual(
    outcome.result?.hops.map(({ name, answered }) => [name, answered]),
    [
      ['n2', true],
      ['n4', true],
    ],
  );
  t.is(probes.length, 1);
});

test('who does not answer on the way is named by its neighbours, and not waited for long', async (t) => {
  const { says, start, pass, probes } = setup();
  const outcome = start({ to: C });
  says(self);
  says(arrived);
  await pass(600);
  t.is(probes.length, 2, 'asked for itself once more');
  await pass(1_200);
  t.deepEqual(
    outcome.result?.hops.map(({ nodeId, answered }) => [nodeId, answered]),
    [
      [A, false],
      [C, true],
    ],
  );
  t.is(outcome.result?.back, undefined, 'so far as is known it is the same way');
});

test('without an answer it is tried three times, and says how far it came', async (t) => {
  const { says, start, pass, probes } = setup();
  const outcome = start({ to: C, timeoutMs: 3_000 });
  says(self);
  says(viaA);
  await pass(1_100);
  t.is(probes.length, 2);
  says(self);
  await pass(1_100);
  t.is(probes.length, 3);
  await pass(1_200);
  t.like(outcome.result, { reached: false, probes: 3, stop: { code: 'trace.silent', name: 'n2', lastSeenAt: 5 } });
  t.is(outcome.result?.stop?.next?.nodeId, C);
  t.regex(outcome.result?.stop?.detail ?? '', /no answer beyond n2, which sends on to n4 over udp/);
});

test('each end has its code, its words and what to try', async (t) => {
  for (const [report, code] of [
    [{ ...self, end: TraceEnd.NoWay }, 'trace.no-way'],
    [{ ...self, end: TraceEnd.NotTaken }, 'trace.not-taken'],
    [{ ...self, end: TraceEnd.HopLimit }, 'trace.hop-limit'],
    [{ ...self, next: step(SELF) }, 'trace.loop'],
  ] as const) {
    const { says, start, pass } = setup();
    const outcome = start({ to: C });
    says(report);
    await pass(1);
    t.is(outcome.result?.stop?.code, code);
    t.true((outcome.result?.stop?.detail.length ?? 0) > 10 && (outcome.result?.stop?.fix.length ?? 0) > 10);
  }
});

test('answers that come back another way are followed, node by node', async (t) => {
  const { says, start, pass, probes } = setup();
  const outcome = start({ to: C });
  says(self);
  says(viaA);
  says({ ...arrived, back: step(B) });
  await pass(1);
  t.deepEqual(
    probes.map(({ to }) => to),
    [C, B],
    'B is asked where it sends what is for here',
  );
  says({ hop: 0, node: SELF, next: step(B), end: TraceEnd.GoesOn });
  says({ hop: 1, node: B, came: step(SELF), end: TraceEnd.Arrived });
  await pass(1);
  t.deepEqual(
    outcome.result?.back?.map(({ nodeId }) => nodeId),
    [B, SELF],
  );
});

test('what cannot be traced is refused by code, and so is one trace too many', async (t) => {
  const { start, tracer, pass } = setup();
  for (const [to, code] of [
    ['x', 'trace.to'],
    [SELF, 'trace.self'],
    [OTHER, 'peer.unknown'],
  ] as const)
    t.is((await t.throwsAsync(tracer.trace({ to }), { instanceOf: EdgeError })).code, code);
  const slip = { to: C, timeoutMS: 5 } as TraceRequest;
  t.is((await t.throwsAsync(tracer.trace(slip), { instanceOf: EdgeError })).code, 'trace.field');
  t.is((await t.throwsAsync(tracer.trace({ to: C, timeoutMs: 0 }), { instanceOf: EdgeError })).code, 'trace.timeout');
  const many = Array.from({ length: 17 }, () => start({ to: C }));
  await pass(1);
  t.is((many.at(-1)?.error as EdgeError | undefined)?.code, 'trace.busy');
  tracer.close();
  await pass(1);
  t.true(
    many.slice(0, 16).every(({ result }) => result?.reached === false),
    'closing ends those under way',
  );
});
