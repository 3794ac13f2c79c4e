import type { TestFn } from 'ava';
import fc from 'fast-check';
import type { DedupCache, HotPath } from '../../ports/hot-path.js';

/** One 16-byte id for each number. */
export function idsOf(...numbers: number[]): Uint8Array {
  const ids = new Uint8Array(numbers.length * 16);
  const view = new DataView(ids.buffer);
  for (const [i, n] of numbers.entries()) {
    view.setUint32(i * 16, n);
    view.setUint32(i * 16 + 12, n ^ 0x5a5a5a5a);
  }
  return ids;
}

/** Which of the numbers had been seen. */
export function seen(cache: DedupCache, nowMs: number, ...numbers: number[]): number[] {
  const out = new Uint8Array(numbers.length);
  const fresh = cache.seenMany(idsOf(...numbers), nowMs, out);
  if (fresh !== out.filter((flag) => flag === 0).length) throw new Error('the count and the flags disagree');
  return [...out];
}

export function dedupContract(test: TestFn, name: string, create: () => HotPath): void {
  behaviour(test, name, create);
  refusals(test, name, create);

  test(`${name}: a dedup cache does what a map in order of arrival does`, (t) => {
    const step = fc.record({
      advance: fc.nat({ max: 60 }),
      ids: fc.array(fc.nat({ max: 24 }), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 40 }), (capacity, steps) => {
        const cache = create().dedup({ capacity, ttlMs: 100 });
        const model = new Map<number, number>();
        let now = 1_000;
        for (const { advance, ids } of steps) {
          now += advance;
          for (const [id, at] of model) if (now - at >= 100) model.delete(id);
          const expected = ids.map((id) => {
            if (model.has(id)) return 1;
            if (model.size === capacity) model.delete(model.keys().next().value as number);
            model.set(id, now);
            return 0;
          });
          t.deepEqual(seen(cache, now, ...ids), expected);
          t.is(cache.size, model.size);
        }
      }),
    );
  });
}

function behaviour(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: an id is new once, also within one batch`, (t) => {
    const cache = create().dedup({ capacity: 100, ttlMs: 1_000 });
    t.deepEqual(seen(cache, 0, 1, 2, 1), [0, 0, 1]);
    t.deepEqual(seen(cache, 5, 2, 3, 1), [1, 0, 1]);
    t.is(cache.size, 3);
    t.deepEqual(seen(cache, 5), []);
  });

  test(`${name}: ids that differ in one bit only are different`, (t) => {
    const cache = create().dedup({ capacity: 200, ttlMs: 1_000 });
    const ids = new Uint8Array(129 * 16);
    for (let bit = 0; bit < 128; bit++) ids[(bit + 1) * 16 + (bit >> 3)] = 1 << (bit & 7);
    t.is(cache.seenMany(ids, 0, new Uint8Array(129)), 129);
    t.is(cache.seenMany(ids, 0, new Uint8Array(129)), 0);
  });

  test(`${name}: at capacity the oldest id goes first, and being seen again keeps none longer`, (t) => {
    const cache = create().dedup({ capacity: 3, ttlMs: 1_000 });
    t.deepEqual(seen(cache, 0, 1, 2, 3, 1), [0, 0, 0, 1]);
    t.deepEqual(seen(cache, 0, 4), [0]);
    t.is(cache.size, 3);
    t.deepEqual(seen(cache, 0, 2, 3, 4), [1, 1, 1]);
    t.deepEqual(seen(cache, 0, 1), [0]);
  });

  test(`${name}: an id is forgotten when its time has passed, and not before`, (t) => {
    const cache = create().dedup({ capacity: 10, ttlMs: 100 });
    seen(cache, 1_000, 1);
    seen(cache, 1_050, 2);
    t.deepEqual(seen(cache, 1_099, 1, 2), [1, 1]);
    t.deepEqual(seen(cache, 1_100, 2, 1), [1, 0]);
    t.deepEqual(seen(cache, 1_000_000, 1, 2), [0, 0]);
    t.is(cache.size, 2);
  });

  test(`${name}: time that goes backwards stands still`, (t) => {
    const cache = create().dedup({ capacity: 10, ttlMs: 100 });
    seen(cache, 1_000, 1);
    t.deepEqual(seen(cache, 10, 1, 2), [1, 0]);
    t.deepEqual(seen(cache, 1_099, 1, 2), [1, 1]);
    t.deepEqual(seen(cache, 1_100, 1, 2), [0, 0]);
  });

  test(`${name}: ages are right over the end of 32 bits of milliseconds`, (t) => {
    const cache = create().dedup({ capacity: 10, ttlMs: 100 });
    const end = 2 ** 32;
    seen(cache, end - 50, 1);
    t.deepEqual(seen(cache, end + 49, 1), [1]);
    t.deepEqual(seen(cache, end + 50, 1), [0]);
  });

  test(`${name}: clear forgets everything`, (t) => {
    const cache = create().dedup({ capacity: 4, ttlMs: 100 });
    seen(cache, 0, 1, 2, 3, 4, 5);
    cache.clear();
    t.is(cache.size, 0);
    t.deepEqual(seen(cache, 0, 1, 2, 3, 4, 5), [0, 0, 0, 0, 0]);
    t.is(cache.size, 4);
  });

  test(`${name}: ten thousand ids take at most 36 bytes each, and all are found`, (t) => {
    const cache = create().dedup({ capacity: 10_000, ttlMs: 1_000_000 });
    const numbers = Array.from({ length: 20_000 }, (_, i) => i);
    t.true(seen(cache, 0, ...numbers).every((flag) => flag === 0));
    t.true(seen(cache, 0, ...numbers.slice(10_000)).every((flag) => flag === 1));
    t.is(cache.size, 10_000);
    t.true(cache.bytes / 10_000 <= 36 && cache.bytes / 10_000 >= 24, `${cache.bytes}`);
  });
}

function refusals(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: a dedup cache refuses what it cannot work with, and says what`, (t) => {
    const cache = create().dedup({ capacity: 4, ttlMs: 100 });
    const argument = { code: 'hotpath.argument', name: 'EdgeError' };
    t.throws(() => cache.seenMany(new Uint8Array(15), 0, new Uint8Array(1)), argument);
    t.throws(() => cache.seenMany(new Uint8Array(32), 0, new Uint8Array(1)), argument);
    t.throws(() => cache.seenMany(new Uint16Array(16) as never, 0, new Uint8Array(1)), argument);
    t.throws(() => cache.seenMany(null as never, 0, new Uint8Array(1)), argument);
    t.throws(() => cache.seenMany(new Uint8Array(16), Number.NaN, new Uint8Array(1)), argument);
    t.throws(() => cache.seenMany(new Uint8Array(16), -1, new Uint8Array(1)), argument);
    t.throws(() => cache.seenMany(new Uint8Array(16), 0n as never, new Uint8Array(1)), argument);
    t.is(cache.size, 0, 'nothing was taken');
    for (const capacity of [0, -1, 1.5, Number.NaN, 2 ** 24 + 1, '10' as never, undefined as never]) {
      t.throws(() => create().dedup({ capacity, ttlMs: 100 }), argument, `${capacity}`);
    }
    for (const ttlMs of [0, 2 ** 31, 0.5, Number.POSITIVE_INFINITY]) {
      t.throws(() => create().dedup({ capacity: 1, ttlMs }), argument, `${ttlMs}`);
    }
    t.throws(() => create().dedup(undefined as never), argument);
  });

  test(`${name}: an array whose memory was transferred away is refused`, (t) => {
    const cache = create().dedup({ capacity: 4, ttlMs: 100 });
    const ids = idsOf(1, 2);
    structuredClone(ids, { transfer: [ids.buffer as ArrayBuffer] });
    t.throws(() => cache.seenMany(ids, 0, new Uint8Array(2)), { code: 'hotpath.detached' });
    const out = new Uint8Array(1);
    structuredClone(out, { transfer: [out.buffer] });
    t.throws(() => cache.seenMany(idsOf(1), 0, out), { code: 'hotpath.detached' });
    t.is(cache.size, 0);
  });
}
