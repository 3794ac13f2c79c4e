import type { ExecutionContext, TestFn } from 'ava';
import fc from 'fast-check';
import { type HotPath, Verdict } from '../../ports/hot-path.js';
import { Flag, type Header } from '../../wire/header.js';
import { buildFrame, nodeId, retag, toBatch } from '../hot-path-frames.js';
import { ingestArraysContract } from './hot-path-ingest-arrays.js';
import { openIngest, runAll, SELF, TAG_KEY } from './ingest-subject.js';

export function ingestContract(test: TestFn, name: string, create: () => HotPath): void {
  const verdictOf = (t: ExecutionContext, frame: Uint8Array, expected: Verdict, bytes?: readonly [number, number]) => {
    const { dedup, ingest } = openIngest(create());
    const [header, payload] = bytes ?? [0, 0];
    t.deepEqual(runAll(ingest, [frame]), [[expected, header, payload, -1]]);
    if (expected !== Verdict.Accept) t.is(dedup.size, 0, 'a frame that fails touches nothing');
  };
  const mutate = (frame: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array => {
    change(frame);
    return retag(frame, TAG_KEY);
  };
  test(`${name}: trusted frames need no key and no good tag, and are judged as ever otherwise`, (t) => {
    const hotPath = create();
    const dedup = hotPath.dedup({ capacity: 1_000, ttlMs: 10_000 });
    const routes = hotPath.routes({ capacity: 100, ttlMs: 10_000 });
    const ingest = hotPath.ingest({ dedup, routes, self: SELF, maxFrameBytes: 1_500, trusted: true });
    const good = buildFrame(TAG_KEY, { sequence: 1 }, new Uint8Array(5));
    const bad = buildFrame(TAG_KEY, { sequence: 2 }, new Uint8Array(5));
    bad[bad.length - 1] = (bad[bad.length - 1] as number) ^ 1;
    const otherEpoch = buildFrame(TAG_KEY, { sequence: 3, epoch: 9 }, new Uint8Array(5));
    const own = buildFrame(TAG_KEY, { sequence: 4, source: nodeId(SELF) }, new Uint8Array(5));
    const frames = [good, bad, otherEpoch, own, good.subarray(0, 10), good];
    t.deepEqual(
      runAll(ingest, frames).map(([verdict]) => verdict),
      [Verdict.Accept, Verdict.Accept, Verdict.Accept, Verdict.Own, Verdict.Truncated, Verdict.Duplicate],
    );
  });
  layout(test, name, verdictOf);
  order(test, name, create, verdictOf, mutate);
  state(test, name, create);
  hostility(test, name, create);
  ingestArraysContract(test, name, create);
}

type VerdictOf = (t: ExecutionContext, frame: Uint8Array, expected: Verdict, bytes?: readonly [number, number]) => void;
type Mutate = (frame: Uint8Array, change: (bytes: Uint8Array) => void) => Uint8Array;

function layout(test: TestFn, name: string, verdictOf: VerdictOf): void {
  test(`${name}: header and payload are measured for every combination of parts`, (t) => {
    for (let parts = 0; parts < 16; parts++) {
      const fields: Partial<Header> = {
        flags: parts & 1 ? Flag.Signed : 0,
        ...(parts & 2 ? { destination: nodeId(5n) } : {}),
        ...(parts & 4 ? { transmitter: nodeId(6n) } : {}),
        ...(parts & 8 ? { fragment: { offset: 10, total: 15 } } : {}),
      };
      const header = 20 + (parts & 2 ? 8 : 0) + (parts & 4 ? 8 : 0) + (parts & 8 ? 4 : 0);
      verdictOf(t, buildFrame(TAG_KEY, fields, new Uint8Array(5)), Verdict.Accept, [header, 5]);
    }
  });

  test(`${name}: an empty payload is good, but not in a fragment`, (t) => {
    verdictOf(t, buildFrame(TAG_KEY, {}, new Uint8Array(0)), Verdict.Accept, [20, 0]);
    const fragment = { offset: 0, total: 5 };
    verdictOf(t, buildFrame(TAG_KEY, { fragment }, new Uint8Array(0)), Verdict.Malformed);
  });

  test(`${name}: a fragment lies within its message`, (t) => {
    const cases: [number, number, number, boolean][] = [
      [0, 1, 1, true],
      [65_534, 65_535, 1, true],
      [10, 20, 10, true],
      [11, 20, 10, false],
      [0, 0, 1, false],
      [65_535, 65_535, 1, false],
      [65_535, 0, 1, false],
    ];
    for (const [offset, total, bytes, good] of cases) {
      const frame = buildFrame(TAG_KEY, { fragment: { offset, total } }, new Uint8Array(bytes));
      if (good) verdictOf(t, frame, Verdict.Accept, [24, bytes]);
      else verdictOf(t, frame, Verdict.Malformed);
    }
  });

  test(`${name}: a frame too short for the parts its flags name is malformed`, (t) => {
    const parts: [number, number][] = [
      [Flag.Directed, 8],
      [Flag.Transmitter, 8],
      [Flag.Signed, 64],
      [Flag.Directed | Flag.Transmitter | Flag.Signed, 80],
      [Flag.Fragment, 4],
    ];
    for (const [flags, bytes] of parts) {
      for (const present of [0, bytes - 1]) {
        const frame = new Uint8Array(28 + present);
        frame[0] = 0x10;
        frame[2] = flags;
        verdictOf(t, retag(frame, TAG_KEY), Verdict.Malformed);
      }
    }
  });
}

function order(test: TestFn, name: string, create: () => HotPath, verdictOf: VerdictOf, mutate: Mutate): void {
  const frame = (fields: Partial<Header> = {}) => buildFrame(TAG_KEY, fields);

  test(`${name}: length is judged before version, and version before shape`, (t) => {
    for (const bytes of [0, 1, 27]) verdictOf(t, new Uint8Array(bytes), Verdict.Truncated);
    verdictOf(t, buildFrame(TAG_KEY, { version: 7 }, new Uint8Array(1_500)), Verdict.Oversized);
    verdictOf(t, buildFrame(TAG_KEY, {}, new Uint8Array(1_472)), Verdict.Accept, [20, 1_472]);
    verdictOf(t, buildFrame(TAG_KEY, {}, new Uint8Array(1_473)), Verdict.Oversized);
    verdictOf(t, frame({ version: 3, fragment: { offset: 9, total: 1 } }), Verdict.Version);
  });

  test(`${name}: the next version is read by this layout, all others are refused`, (t) => {
    for (const version of [0, 3, 4, 15]) verdictOf(t, frame({ version }), Verdict.Version);
    for (const version of [1, 2]) verdictOf(t, frame({ version }), Verdict.Accept, [20, 3]);
    verdictOf(
      t,
      mutate(frame(), (bytes) => bytes.fill(0x1f, 0, 1)),
      Verdict.Accept,
      [20, 3],
    );
  });

  test(`${name}: shape is judged before key epoch, epoch before tag, and tag before own frames`, (t) => {
    verdictOf(t, frame({ epoch: 9, fragment: { offset: 9, total: 1 } }), Verdict.Malformed);
    const foreign = frame({ epoch: 9 });
    foreign[25] = (foreign[25] as number) ^ 1;
    verdictOf(t, foreign, Verdict.Epoch, [20, 3]);
    const forged = frame({ source: nodeId(SELF) });
    forged[30] = (forged[30] as number) ^ 0x80;
    verdictOf(t, forged, Verdict.Tag, [20, 3]);
    verdictOf(t, frame({ source: nodeId(SELF) }), Verdict.Own, [20, 3]);
  });

  test(`${name}: every single bit of a frame is under the tag`, (t) => {
    const { ingest } = openIngest(create());
    for (let bit = 0; bit < frame().length * 8; bit++) {
      const changed = frame({ version: 1 });
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      t.not(runAll(ingest, [changed])[0]?.[0], Verdict.Accept, `bit ${bit}`);
    }
  });
}

function state(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: the same message is accepted once, by its id and fragment alone`, (t) => {
    const { dedup, ingest } = openIngest(create());
    const frame = buildFrame(TAG_KEY);
    const relayed = buildFrame(TAG_KEY, { ttl: 4, hops: 1 });
    const verdicts = (frames: Uint8Array[], nowMs = 0) => runAll(ingest, frames, nowMs).map(([verdict]) => verdict);
    t.deepEqual(verdicts([frame, frame, relayed]), [Verdict.Accept, Verdict.Duplicate, Verdict.Duplicate]);
    t.deepEqual(runAll(ingest, [relayed]), [[Verdict.Duplicate, 20, 3, -1]]);
    const others: Partial<Header>[] = [
      { sequence: 2 },
      { saltHint: 0xabce },
      { source: nodeId(1n) },
      { fragment: { offset: 3, total: 700 } },
      { fragment: { offset: 0x103, total: 700 } },
    ];
    t.true(verdicts(others.map((fields) => buildFrame(TAG_KEY, fields))).every((v) => v === Verdict.Accept));
    t.is(verdicts([buildFrame(TAG_KEY, { fragment: { offset: 0, total: 700 } })])[0], Verdict.Duplicate);
    t.is(dedup.size, 6);
    t.deepEqual(verdicts([frame], 10_000), [Verdict.Accept], 'its time has passed');
  });

  test(`${name}: a directed frame gets the link of its route, others none`, (t) => {
    const { routes, ingest } = openIngest(create());
    routes.offer(0xffff_ffff_0000_0001n, 3n, 42, 1, 0);
    routes.offer(SELF, 3n, 43, 1, 0);
    routes.pin(8n, 3n, 2_147_483_647);
    let sequence = 0;
    const linkTo = (destination: bigint | undefined, nowMs = 0) => {
      const fields = destination === undefined ? {} : { destination: nodeId(destination) };
      return runAll(ingest, [buildFrame(TAG_KEY, { ...fields, sequence: sequence++ })], nowMs)[0]?.[3];
    };
    t.is(linkTo(0xffff_ffff_0000_0001n), 42);
    t.is(linkTo(8n), 2_147_483_647);
    t.is(linkTo(9n), -1);
    t.is(linkTo(SELF), -1, 'it has arrived');
    t.is(linkTo(undefined), -1);
    t.is(linkTo(0xffff_ffff_0000_0001n, 10_000), -1, 'the route has expired');
  });

  test(`${name}: each key epoch has its own key, which can be replaced and forgotten`, (t) => {
    const { ingest } = openIngest(create());
    const other = Uint8Array.from(TAG_KEY, (byte) => byte ^ 0xff);
    ingest.setKey(255, other);
    other.fill(0);
    let sequence = 0;
    const verdict = (epoch: number, key: Uint8Array) =>
      runAll(ingest, [buildFrame(key, { epoch, sequence: sequence++ })])[0]?.[0];
    const kept = Uint8Array.from(TAG_KEY, (byte) => byte ^ 0xff);
    t.is(verdict(0, TAG_KEY), Verdict.Accept);
    t.is(verdict(255, kept), Verdict.Accept, 'the key was copied');
    t.is(verdict(255, TAG_KEY), Verdict.Tag);
    t.is(verdict(1, TAG_KEY), Verdict.Epoch);
    ingest.setKey(255, undefined);
    t.is(verdict(255, kept), Verdict.Epoch);
    ingest.setKey(0, kept);
    t.is(verdict(0, TAG_KEY), Verdict.Tag);
    t.is(verdict(0, kept), Verdict.Accept);
  });

  test(`${name}: good frames are accepted among bad ones, in batches of any size`, (t) => {
    const { ingest } = openIngest(create());
    const frames = Array.from({ length: 333 }, (_, i) => {
      const frame = buildFrame(TAG_KEY, { sequence: i }, new Uint8Array(i % 50));
      if (i % 3 === 1) frame[frame.length - 1] = (frame[frame.length - 1] as number) ^ 1;
      return i % 3 === 2 ? frame.subarray(0, 20) : frame;
    });
    const expected = [Verdict.Accept, Verdict.Tag, Verdict.Truncated];
    t.deepEqual(
      runAll(ingest, frames).map(([verdict]) => verdict),
      frames.map((_, i) => expected[i % 3]),
    );
    t.deepEqual(runAll(ingest, []), []);
  });
}

function hostility(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: no bytes at all make an ingest fail, and none without the key get in`, (t) => {
    const { dedup, ingest } = openIngest(create());
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 40 }), (frames) => {
        for (const frame of frames) if (frame.length > 0) frame[0] = 0x10 | (frame[0] as number & 0xf);
        return runAll(ingest, frames).every(([verdict]) => verdict !== Verdict.Accept);
      }),
    );
    t.is(dedup.size, 0);
  });

  test(`${name}: an ingest refuses batches that do not add up, and handles that are not its own`, (t) => {
    const hotPath = create();
    const { dedup, routes, ingest } = openIngest(hotPath);
    const argument = { code: 'hotpath.argument', name: 'EdgeError' };
    const { slab, offsets } = toBatch([buildFrame(TAG_KEY)]);
    const out = new Int32Array(4);
    t.throws(() => ingest.run(slab, offsets, 2, 0, new Int32Array(8)), argument);
    t.throws(() => ingest.run(slab, offsets, 1, 0, new Int32Array(3)), argument);
    t.throws(() => ingest.run(slab, Uint32Array.of(0, slab.length + 1), 1, 0, out), argument);
    t.throws(() => ingest.run(slab, Uint32Array.of(5, 4), 1, 0, out), argument);
    t.throws(() => ingest.run(slab, offsets, -1, 0, out), argument);
    t.throws(() => ingest.run(slab, offsets, 2 ** 32 - 1, 0, out), argument);
    t.throws(() => ingest.run(slab, offsets, 1, Number.NaN, out), argument);
    t.throws(() => ingest.run(slab, offsets, 1, 0, new Uint32Array(4) as never), argument);
    t.throws(() => ingest.setKey(256, TAG_KEY), argument);
    t.throws(() => ingest.setKey(0, new Uint8Array(15)), argument);
    t.throws(() => hotPath.ingest({ dedup, routes, self: -1n, maxFrameBytes: 100 }), argument);
    t.throws(() => hotPath.ingest({ dedup, routes, self: 1n, maxFrameBytes: 65_536 }), argument);
    t.is(dedup.size, 0);
    const handle = { code: 'hotpath.handle', name: 'EdgeError' };
    const options = { self: 1n, maxFrameBytes: 100 };
    for (const wrong of [{}, null, undefined, 5, routes, Object.create(dedup) as unknown]) {
      t.throws(() => hotPath.ingest({ ...options, dedup: wrong as never, routes }), handle);
    }
    t.throws(() => hotPath.ingest({ ...options, dedup, routes: dedup as never }), handle);
    t.is(runAll(ingest, [buildFrame(TAG_KEY)])[0]?.[0], Verdict.Accept, 'all is well still');
  });
}
