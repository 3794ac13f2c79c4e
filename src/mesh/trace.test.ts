import test from 'ava';
import fc from 'fast-check';
import { createHotPath } from '../native/hot-path.js';
import { at, headerWith, nodeNamed, snapshotOf, testContext, upLink } from '../testing/builders.js';
import { Body, encode } from '../wire/bodies.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import type { Flooding } from './flooding.js';
import { Links } from './links.js';
import { Routing } from './routing.js';
import type { Sending } from './sending.js';
import { Trace } from './trace.js';
import { encodeReply, readReply, TraceEnd, type TraceReport } from './trace-steps.js';

const [ASKER, NEXT, FAR, OTHER] = [0xa1, 0xb2, 0xc3, 0xd4].map(nodeNamed) as [never, never, never, never];
const TOKEN = '0102030405060708';
const token = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function machine() {
  const context = testContext();
  const links = new Links();
  const routing = new Routing(
    context.self.id,
    links,
    createHotPath({ kind: 'js' }).routes({ capacity: 16, ttlMs: 60_000 }),
  );
  const [from, next] = [upLink(links, ASKER), upLink(links, NEXT)];
  const { id } = context.self;
  const edge = (node: typeof FAR) => ({ node, cost: 10, radio: 'r' });
  routing.stateChanged(snapshotOf(NEXT, { neighbours: [edge(id as never), edge(FAR)] }));
  routing.stateChanged(snapshotOf(FAR, { neighbours: [edge(NEXT)] }));
  routing.linksChanged();
  const answers: { to: string; report: TraceReport }[] = [];
  const forwarded: unknown[] = [];
  const over: unknown[] = [];
  const sending = {
    direct: (to: never, type: number, body: Uint8Array) => {
      const read = readReply(id, body);
      if (type === FrameType.TraceReply && read) answers.push({ to, report: read.report });
    },
    over: (...what: unknown[]) => over.push(what) > 0,
    again: (...what: unknown[]) => over.push(what) > 0,
  } as unknown as Sending;
  const flooding = { forward: (...what: unknown[]) => void forwarded.push(what) } as unknown as Flooding;
  const trace = new Trace({ context, links, routing, sending, flooding });
  return { context, links, routing, trace, from, next, answers, forwarded, over };
}

const probe = (fields: object = {}, body = encode(Body.TraceProbeSchema, { token })) => {
  const header = headerWith({ type: FrameType.TraceProbe, source: ASKER, destination: FAR, ...fields });
  return { header, frame: buildFrame(header, body, new Uint8Array(16)), body };
};

test('a probe is passed on, and who asks is told over what', (t) => {
  const { trace, from, answers, forwarded } = machine();
  const { header, frame } = probe({ hops: 2 });
  trace.pass(from, header, frame, at(0));
  t.is(forwarded.length, 1);
  t.like(answers[0], {
    to: ASKER,
    report: { hop: 3, end: TraceEnd.GoesOn, came: { node: ASKER }, next: { node: NEXT } },
  });
  t.is(answers[0]?.report.back, undefined, 'it goes back the way it came');
});

test('a probe ends where no way leads on, or the hop limit is used up, and is never flooded', (t) => {
  const { trace, from, answers, forwarded } = machine();
  const lost = probe({ destination: OTHER });
  trace.pass(from, lost.header, lost.frame, at(0));
  const old = probe({ ttl: 0 });
  trace.pass(from, old.header, old.frame, at(0));
  t.deepEqual(
    answers.map(({ report }) => report.end),
    [TraceEnd.NoWay, TraceEnd.HopLimit],
  );
  t.is(forwarded.length, 0);
});

test('a probe that the next hop does not take ends here, or goes on over another link', (t) => {
  const { trace, links, next, answers, over, context } = machine();
  const { frame } = probe({ hops: 3 });
  trace.undelivered(next, frame, at(0));
  t.like(answers[0], { to: ASKER, report: { hop: 3, end: TraceEnd.NotTaken, next: { node: NEXT } } });
  const second = upLink(links, NEXT, { ...next.carrier, index: 1, name: 'second' });
  trace.undelivered(next, frame, at(0));
  t.like(answers[1]?.report, { end: TraceEnd.GoesOn, next: { node: NEXT, radio: 'second' } });
  t.is((over[0] as unknown[])[0], second);
  const own = probe({ source: context.self.id });
  trace.undelivered(second, own.frame, at(0));
  t.like(
    context.effects.find(({ kind }) => kind === 'trace'),
    { token: TOKEN, report: { hop: 0 } },
  );
});

test('probes that are malformed or for everybody are counted, and go nowhere', (t) => {
  const { trace, from, answers, forwarded, context } = machine();
  const cases = [
    probe({ destination: undefined }),
    probe({ fragment: { offset: 0, total: 40 } }),
    probe({}, encode(Body.TraceProbeSchema, { token: token.subarray(1) })),
    probe({}, Uint8Array.of(255, 255, 255)),
  ];
  for (const { header, frame } of cases) trace.pass(from, header, frame, at(0));
  const { header, body } = probe();
  trace.arrived(from, header, body, at(0));
  t.is(context.refused('trace.malformed'), 5);
  t.is(answers.length + forwarded.length, 0);
});

test('answers are taken of those who saw the probe alone, one node for each hop', (t) => {
  const { trace, context } = machine();
  trace.begin({ token: TOKEN, to: FAR }, at(0));
  const says = (source: typeof FAR, report: Partial<TraceReport>, mark = token, destination = context.self.id) => {
    const header = headerWith({ type: FrameType.TraceReply, source, destination });
    trace.replied(header, encodeReply(mark, { hop: 1, node: source, end: TraceEnd.GoesOn, ...report }), at(1));
  };
  const told = () => context.effects.filter(({ kind }) => kind === 'trace').length;
  t.is(told(), 1, 'of itself');
  says(NEXT, { hop: 1 });
  t.is(told(), 2);
  says(OTHER, { hop: 1 });
  says(OTHER, { hop: 2 }, Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9));
  says(OTHER, { hop: 2 }, token, FAR as never);
  t.is(told(), 2, 'another at the same hop, another token, not for us');
  for (let i = 0; i < 10; i++) says(NEXT, { hop: 1, end: TraceEnd.NotTaken });
  t.is(told(), 5, 'and no node goes on for ever');
  t.true(context.refused('trace.unknown') >= 8);
  const late = headerWith({ type: FrameType.TraceReply, source: FAR, destination: context.self.id });
  trace.replied(late, encodeReply(token, { hop: 2, node: FAR, end: TraceEnd.Arrived }), at(200_000));
  t.is(told(), 5);
});

test('a report comes through the wire as it went, and hostile bytes are none', (t) => {
  const step = fc.record({
    node: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0') as typeof FAR),
    radio: fc.string({ maxLength: 12, unit: 'grapheme-ascii' }),
    rttMs: fc.integer({ min: 1, max: 4_000_000 }),
    cost: fc.integer({ min: 0, max: 65_535 }),
    quality: fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 49 }), fc.integer({ min: 0, max: 4 }), step, step, (hop, end, came, next) => {
      const report = { hop, node: FAR, came, next, end: end as TraceEnd };
      t.deepEqual(readReply(FAR, encodeReply(token, report)), { token: TOKEN, report });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = readReply(FAR, bytes);
      t.true(read === undefined || read.report.hop >= 1);
    }),
  );
  for (const wrong of [{ hop: 0 }, { hop: 50 }, { end: 9 as TraceEnd }])
    t.is(readReply(FAR, encodeReply(token, { hop: 1, node: FAR, end: 0, ...wrong })), undefined);
  const long = { node: FAR, radio: 'ü'.repeat(40), cost: 1, quality: 1 };
  const read = readReply(FAR, encodeReply(token, { hop: 1, node: FAR, end: 0, next: long }));
  t.is(read?.report.next?.radio, 'ü'.repeat(12));
});
