import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { INGEST_STRIDE, Verdict } from '../ports/hot-path.js';
import { openIngest, TAG_KEY } from '../testing/contracts/ingest-subject.js';
import { buildFrame, nodeId, retag, toBatch } from '../testing/hot-path-frames.js';
import { createHotPath } from './hot-path.js';
import { loadAddon } from './load.js';

// The addon and its twin must be told apart by nothing but speed.
function both(title: string, run: (t: ExecutionContext) => void): void {
  if (loadAddon().addon !== undefined) test(title, run);
  else test.skip(`${title} (skipped: no addon is built here)`, () => undefined);
}
const native = () => createHotPath({ kind: 'native' });
const twin = () => createHotPath({ kind: 'js' });

both('dedup caches answer alike', (t) => {
  const step = fc.record({
    advance: fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(-5, 0.25, 99.75, 1e6, 2 ** 32)),
    ids: fc.uint8Array({ maxLength: 3 }),
    count: fc.nat({ max: 50 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 60 }), (capacity, steps) => {
      const options = { capacity, ttlMs: 100 };
      const caches = [native().dedup(options), twin().dedup(options)] as const;
      let now = 10_000;
      for (const { advance, ids, count } of steps) {
        now += advance;
        const batch = Uint8Array.from({ length: count * 16 }, (_, i) => ((ids[i % 3] ?? 7) + (i >> 4)) % 32);
        const outs = caches.map((cache) => {
          const out = new Uint8Array(count);
          return { fresh: cache.seenMany(batch, now, out), out, size: cache.size };
        });
        t.deepEqual(outs[0], outs[1]);
      }
    }),
  );
});

both('routing tables answer alike', (t) => {
  const id = fc.constantFrom(0n, 1n, 2n, 3n, 1n << 32n, (1n << 32n) + 1n, 2n ** 64n - 1n, 2n ** 63n);
  const link = fc.nat({ max: 3 });
  const cost = fc.constantFrom(0, 0.5, 1, 1, 2, 7, Number.POSITIVE_INFINITY);
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant('offer' as const), id, id, link, cost) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('pin' as const), id, id, link, cost) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('unpin' as const), id, id, link, cost) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('dropLink' as const), id, id, link, cost) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('expire' as const), id, id, link, cost) },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.tuple(step, fc.nat({ max: 40 })), { maxLength: 80 }),
      (capacity, steps) => {
        const tables = [native(), twin()].map((hotPath) => hotPath.routes({ capacity, ttlMs: 100 }));
        let now = 0;
        for (const [[what, destination, nextHop, over, price], advance] of steps) {
          now += advance;
          const answers = tables.map((table) => {
            try {
              if (what === 'offer') return table.offer(destination, nextHop, over, price, now);
              if (what === 'pin') return table.pin(destination, nextHop, over);
              if (what === 'unpin') return table.unpin(destination);
              return what === 'dropLink' ? table.dropLink(over) : table.expire(now);
            } catch (error) {
              return (error as { code: string }).code;
            }
          });
          t.deepEqual(answers[0], answers[1], what);
          t.deepEqual(tables[0]?.snapshot(now), tables[1]?.snapshot(now));
          t.is(tables[0]?.size, tables[1]?.size);
        }
      },
    ),
  );
});

/** Mostly good frames, some with bytes changed (and some of those tagged anew), cut or lengthened. */
const frameArbitrary = fc
  .record({
    version: fc.constantFrom(1, 1, 1, 2, 3),
    flags: fc.constantFrom(0, 0, 4, 8, 16),
    epoch: fc.constantFrom(0, 0, 0, 1),
    source: fc.constantFrom(1n, 2n, 0xa1a2a3a4a5a6a7a8n),
    sequence: fc.nat({ max: 6 }),
    fragment: fc.option(fc.record({ offset: fc.nat({ max: 40 }), total: fc.nat({ max: 60 }) })),
    destination: fc.option(fc.constantFrom(1n, 5n, 2n ** 64n - 1n, 0xa1a2a3a4a5a6a7a8n)),
    transmitter: fc.boolean(),
    payload: fc.uint8Array({ maxLength: 40 }),
    changes: fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 2 }),
    retag: fc.boolean(),
    cut: fc.constantFrom(0, 0, 0, 0, 1, 20, 60),
  })
  .map((given) => {
    const fields = {
      version: given.version,
      flags: given.flags,
      epoch: given.epoch,
      source: nodeId(given.source),
      sequence: given.sequence,
      ...(given.fragment === null ? {} : { fragment: given.fragment }),
      ...(given.destination === null ? {} : { destination: nodeId(given.destination) }),
      ...(given.transmitter ? { transmitter: nodeId(77n) } : {}),
    };
    const frame = buildFrame(TAG_KEY, fields, given.payload);
    for (const [at, value] of given.changes) if (at < frame.length) frame[at] = value;
    if (given.retag) retag(frame, TAG_KEY);
    return frame.subarray(0, Math.max(0, frame.length - given.cut));
  });

/** A frame for each verdict there is, made to get it; none has the id of one before. */
function onPurpose(sequence: number): readonly (readonly [Verdict, Uint8Array])[] {
  const build = (fields: Parameters<typeof buildFrame>[1], bytes = 3) =>
    buildFrame(TAG_KEY, { source: nodeId(99n), sequence, destination: nodeId(5n), ...fields }, new Uint8Array(bytes));
  const good = build({});
  const forged = good.slice();
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 0x10;
  return [
    [Verdict.Tag, forged],
    [Verdict.Accept, good],
    [Verdict.Duplicate, good],
    [Verdict.Truncated, good.subarray(0, 27)],
    [Verdict.Oversized, build({}, 120)],
    [Verdict.Version, build({ version: 3 })],
    [Verdict.Malformed, build({ fragment: { offset: 9, total: 1 } })],
    [Verdict.Epoch, build({ epoch: 9 })],
    [Verdict.Own, build({ source: nodeId(0xa1a2a3a4a5a6a7a8n) })],
  ];
}

both('ingests judge alike, frame by frame', (t) => {
  const subjects = [native(), twin()].map((hotPath) => {
    const subject = openIngest(hotPath, 120);
    subject.routes.offer(5n, 9n, 3, 1, 0);
    subject.routes.pin(2n ** 64n - 1n, 9n, 4);
    return subject;
  });
  const verdicts = new Set<number>();
  let now = 0;
  let sequence = 1_000_000;
  const gap = fc.nat({ max: 70 });
  fc.assert(
    fc.property(fc.array(frameArbitrary, { maxLength: 70 }), gap, fc.nat({ max: 3_000 }), (random, at, advance) => {
      now += advance;
      const known = onPurpose(sequence++);
      const first = Math.min(at, random.length);
      const frames = [...random.slice(0, first), ...known.map(([, frame]) => frame), ...random.slice(first)];
      const { slab, offsets, count } = toBatch(frames);
      const answers = subjects.map(({ ingest, dedup }) => {
        const out = new Int32Array(count * INGEST_STRIDE);
        return { accepted: ingest.run(slab, offsets, count, now, out), out, size: dedup.size };
      });
      t.deepEqual(answers[0], answers[1]);
      const judged = frames.map((_, i) => answers[0]?.out[i * INGEST_STRIDE] as number);
      for (const verdict of judged) verdicts.add(verdict);
      t.deepEqual(
        judged.slice(first, first + known.length),
        known.map(([verdict]) => verdict),
      );
    }),
    { numRuns: 300 },
  );
  t.deepEqual(
    [...verdicts].sort((a, b) => a - b),
    Object.values(Verdict).sort((a, b) => a - b),
    'every verdict was met',
  );
});
