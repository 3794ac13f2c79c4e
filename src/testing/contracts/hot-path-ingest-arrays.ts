import type { TestFn } from 'ava';
import { type HotPath, Verdict } from '../../ports/hot-path.js';
import { buildFrame, toBatch } from '../hot-path-frames.js';
import { openIngest, runAll, TAG_KEY } from './ingest-subject.js';

/** The arrays of the run before may be gone, smaller, or others by the next. */
export function ingestArraysContract(test: TestFn, name: string, create: () => HotPath): void {
  const argument = { code: 'hotpath.argument', name: 'EdgeError' };
  const detached = { code: 'hotpath.detached', name: 'EdgeError' };
  const setUp = (bytes?: ArrayBuffer) => {
    const subject = openIngest(create());
    const batch = toBatch([buildFrame(TAG_KEY)]);
    const slab = bytes === undefined ? batch.slab : new Uint8Array(bytes, 0, batch.slab.length);
    slab.set(batch.slab);
    const out = new Int32Array(8);
    const run = (from = slab, into = out, count = 1) => subject.ingest.run(from, batch.offsets, count, 0, into);
    return { ...subject, ...batch, slab, out, run };
  };

  test(`${name}: arrays that served one run and were transferred away are refused by the next`, (t) => {
    for (const which of ['slab', 'out'] as const) {
      const subject = setUp();
      t.is(subject.run(), 1);
      t.is(subject.run(), 0);
      structuredClone(subject[which], { transfer: [subject[which].buffer as ArrayBuffer] });
      for (let i = 0; i < 2; i++) t.throws(() => subject.run(), detached);
      t.is(subject.run(subject.slab.length > 0 ? subject.slab : buildFrame(TAG_KEY), new Int32Array(4)), 0);
    }
  });

  test(`${name}: a slab that says it is as long as ever when its memory is gone is not believed`, (t) => {
    class Stubborn extends Uint8Array {
      override get length(): number {
        return 1_000;
      }
    }
    const { ingest, slab, offsets } = setUp();
    const stubborn = new Stubborn(new ArrayBuffer(slab.byteLength));
    stubborn.set(slab);
    const out = new Int32Array(4);
    t.is(ingest.run(stubborn, offsets, 1, 0, out), 1);
    structuredClone(stubborn.buffer, { transfer: [stubborn.buffer as ArrayBuffer] });
    // The twin reads nothing where nothing is, and the addon finds that the memory is gone.
    try {
      t.is(ingest.run(stubborn, offsets, 1, 0, out), 0);
    } catch (error) {
      t.is((error as { code: string }).code, 'hotpath.detached');
    }
  });

  test(`${name}: a slab is as long as its buffer is at that run`, (t) => {
    const Resizable = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer;
    const bytes = new Resizable(4_096, { maxByteLength: 8_192 }) as ArrayBuffer & { resize(to: number): void };
    const { run, slab, ingest, offsets, out } = setUp(bytes);
    const all = new Uint8Array(bytes);
    t.is(run(), 1);
    t.is(ingest.run(all, offsets, 1, 0, out), 0);
    bytes.resize(8_192);
    t.is(ingest.run(all, Uint32Array.of(8_000, 8_192), 1, 0, out), 0);
    t.is(out[0], Verdict.Version);
    bytes.resize(16);
    t.throws(() => ingest.run(all, Uint32Array.of(8_000, 8_192), 1, 0, out), argument);
    t.throws(() => run(), { instanceOf: Error });
    t.is(slab.length, 0);
    bytes.resize(4_096);
    t.is(run(), 0);
    t.is(out[0], Verdict.Tag, 'what was cut off came back as zeros');
  });

  test(`${name}: runs may take other arrays each time, of any size, beside ones of the same buffer`, (t) => {
    const { ingest, slab, offsets } = setUp();
    const shared = new Uint8Array(slab.length * 3);
    for (let i = 0; i < 3; i++) shared.set(slab, i * slab.length);
    for (let i = 0; i < 6; i++) {
      const at = (i % 3) * slab.length;
      const out = new Int32Array(4 * (i + 1)).fill(-7);
      t.is(ingest.run(shared.subarray(at, at + slab.length), offsets, 1, 0, out), i === 0 ? 1 : 0);
      t.is(out[0], i === 0 ? Verdict.Accept : Verdict.Duplicate);
      t.true(out.subarray(4).every((word) => word === -7));
    }
    t.is(ingest.run(new Uint8Array(0), Uint32Array.of(0, 0), 1, 0, new Int32Array(4)), 0);
    t.is(ingest.run(new Uint8Array(0), Uint32Array.of(0), 0, 0, new Int32Array(0)), 0);
  });

  test(`${name}: a batch of hundreds is judged as its frames are one by one, and its mistakes are told`, (t) => {
    const { ingest, run, slab } = setUp();
    const frames = Array.from({ length: 600 }, (_, i) =>
      buildFrame(TAG_KEY, { sequence: i + 2 }, new Uint8Array(i % 9)),
    );
    for (const count of [1, 255, 256, 257, 600]) {
      const records = runAll(ingest, frames.slice(0, count), 20_000 * count);
      t.deepEqual(
        records.map(([verdict, header, payload]) => [verdict, header, payload]),
        frames.slice(0, count).map((_, i) => [Verdict.Accept, 20, i % 9]),
      );
    }
    const out = new Int32Array(8);
    t.is(ingest.run(slab, Uint32Array.of(0, slab.length), 1, 0, out), 1);
    for (const offsets of [Uint32Array.of(0, slab.length + 1), Uint32Array.of(1, 0), Uint32Array.of(0)]) {
      t.throws(() => ingest.run(slab, offsets, 1, 0, out), argument);
    }
    t.throws(() => run(slab, out, 3), argument);
    for (const now of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never]) {
      t.throws(() => ingest.run(slab, Uint32Array.of(0, slab.length), 1, now, out), argument);
    }
    for (const count of [0.5, -1, '1' as never, 2 ** 32]) {
      t.throws(() => ingest.run(slab, Uint32Array.of(0, slab.length), count, 0, out), argument);
    }
    const likeness = { 0: 0, 1: slab.length, length: 2 } as never;
    t.throws(() => ingest.run(slab, likeness, 1, 0, out), argument);
  });
}
