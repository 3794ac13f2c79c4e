import test from 'ava';
import fc from 'fast-check';
import { EdgeError } from '../../core/errors.js';
import { MAX_STORE_KEY_BYTES, type Store, type StoreOp } from '../../ports/store.js';

export interface StoreSubject {
  readonly store: Store;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

export type OpenStore = (options: { readonly maxBytes: number }) => Promise<StoreSubject>;

const ROOMY_BYTES = 64 * 1024 * 1024;
const SMALL_BYTES = 1024 * 1024;

const put = (key: string, value: string | Uint8Array, space = 'a'): StoreOp => ({
  op: 'put',
  space,
  key,
  value: typeof value === 'string' ? Buffer.from(value) : value,
});
const del = (key: string, space = 'a'): StoreOp => ({ op: 'delete', space, key });
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();
const rows = (store: Store, options?: Parameters<Store['range']>[1], space = 'a'): string[] =>
  store.range(space, options).map(({ key, value }) => `${key}=${text(value)}`);
const codeOf = (error: unknown): string => (error instanceof EdgeError ? error.code : `not an EdgeError: ${error}`);

/** What every implementation of the `Store` port must do. */
export function storeContract(name: string, open: OpenStore): void {
  const check = (
    title: string,
    body: (t: import('ava').ExecutionContext, subject: StoreSubject) => Promise<void>,
    maxBytes = ROOMY_BYTES,
  ) =>
    test(`${name}: ${title}`, async (t) => {
      const subject = await open({ maxBytes });
      try {
        await body(t, subject);
      } finally {
        await subject.dispose();
      }
    });
  basics(check);
  visibility(check);
  limits(check);
  modelled(name, open);
}

type Check = (
  title: string,
  body: (t: import('ava').ExecutionContext, subject: StoreSubject) => Promise<void>,
  maxBytes?: number,
) => void;

function basics(check: Check): void {
  check('an empty store answers with nothing', async (t, { store }) => {
    t.is(store.get('a', 'k'), undefined);
    t.deepEqual(store.range('a'), []);
    t.is(store.count('a'), 0);
  });

  check('what was put is there after reopening, spaces apart', async (t, subject) => {
    await subject.store.batch([put('k', 'one'), put('k', 'two', 'b'), put('empty', '')]);
    const store = await subject.reopen();
    t.is(text(store.get('a', 'k')), 'one');
    t.is(text(store.get('b', 'k')), 'two');
    t.is(store.get('a', 'empty')?.length, 0);
    t.is(store.count('a'), 2);
    t.deepEqual(rows(store, {}, 'b'), ['k=two']);
  });

  check('a range is half open, ordered by code point, reversible and limited', async (t, { store }) => {
    const keys = ['a', 'b', 'ba', 'c', '\uffee', '\u{1f600}'];
    await store.batch([...keys].reverse().map((key) => put(key, '1')));
    const found = (options?: Parameters<Store['range']>[1]) => store.range('a', options).map((entry) => entry.key);
    t.deepEqual(found(), keys);
    t.deepEqual(found({ from: 'b', to: 'c' }), ['b', 'ba']);
    t.deepEqual(found({ from: 'b', to: 'c', reverse: true }), ['ba', 'b']);
    t.deepEqual(found({ reverse: true, limit: 2 }), ['\u{1f600}', '\uffee']);
    t.deepEqual(found({ from: 'aa', limit: 1 }), ['b']);
    t.deepEqual(found({ to: 'b' }), ['a']);
    t.deepEqual(found({ limit: 0 }), []);
    t.deepEqual(found({ from: 'c', to: 'b' }), []);
  });

  check('a range gives at most 1,000 entries unless told otherwise', async (t, { store }) => {
    await store.batch(Array.from({ length: 1_200 }, (_, i) => put(String(i).padStart(5, '0'), 'x')));
    t.is(store.range('a').length, 1_000);
    t.is(store.range('a', { limit: 1_100 }).length, 1_100);
  });

  check('within a batch the last word on a key counts', async (t, { store }) => {
    await store.batch([put('k', 'old'), del('k'), put('k', 'new'), put('gone', 'x'), del('gone')]);
    t.deepEqual(rows(store), ['k=new']);
    t.is(store.count('a'), 1);
  });

  check('deleting what is not there changes nothing', async (t, { store }) => {
    await store.batch([del('k'), del('k', 'never-made')]);
    t.is(store.count('a'), 0);
    t.is(store.count('never-made'), 0);
  });

  check('values belong to whoever holds them', async (t, { store }) => {
    const value = Buffer.from('mine');
    const written = store.batch([put('k', value)]);
    value.fill(0);
    store.get('a', 'k')?.fill(1);
    store.range('a')[0]?.value.fill(1);
    t.is(text(store.get('a', 'k')), 'mine', 'while pending');
    await written;
    store.get('a', 'k')?.fill(1);
    const kept = store.range('a')[0]?.value;
    kept?.fill(1);
    await store.batch([put('k', 'other')]);
    t.is(text(store.get('a', 'k')), 'other', 'on disk');
    t.deepEqual([...(kept ?? [])], [1, 1, 1, 1]);
  });

  check('a look sees what a read does, pending and on disk, of any size', async (t, { store }) => {
    const sizes = [0, 1, 2_048, 40_000, 1_500_000];
    const written = store.batch(sizes.map((size) => put(`k${size}`, new Uint8Array(size).fill(size % 251))));
    const look = (key: string) => store.look('a', key, (value) => Buffer.from(value));
    for (const when of ['pending', 'on disk']) {
      // Large ones between small ones: a buffer that is lent again must not keep the length it had.
      for (const size of [...sizes, ...sizes.toReversed()])
        t.deepEqual(look(`k${size}`), Buffer.alloc(size, size % 251), `${size} bytes ${when}`);
      t.is(look('none'), undefined);
      t.is(look(''), undefined);
      await written;
    }
    const deleted = store.batch([del('k1')]);
    t.is(look('k1'), undefined, 'about to be deleted');
    await deleted;
    t.is(look('k1'), undefined);
    t.is(codeOf(t.throws(() => store.look('no space', 'k', () => 1))), 'store.space');
  });
}

function visibility(check: Check): void {
  check('a submitted batch is visible before it resolves', async (t, { store }) => {
    await store.batch([put('a', '1'), put('b', '2'), put('c', '3')]);
    const written = store.batch([put('b', 'B'), del('c'), put('bb', '4'), put('z', '5')]);
    t.is(text(store.get('a', 'b')), 'B');
    t.is(store.get('a', 'c'), undefined);
    t.deepEqual(rows(store), ['a=1', 'b=B', 'bb=4', 'z=5']);
    t.deepEqual(rows(store, { reverse: true, limit: 2 }), ['z=5', 'bb=4']);
    t.is(store.count('a'), 4);
    await written;
    t.deepEqual(rows(store), ['a=1', 'b=B', 'bb=4', 'z=5']);
    t.is(store.count('a'), 4);
  });

  check('batches take effect in the order of their submission', async (t, { store }) => {
    const all = Array.from({ length: 50 }, (_, i) => store.batch([put('k', String(i)), put(`own-${i}`, 'x')]));
    t.is(text(store.get('a', 'k')), '49');
    await Promise.all(all);
    t.is(text(store.get('a', 'k')), '49');
    t.is(store.count('a'), 51);
  });

  check('closing waits for pending batches, and later use is refused', async (t, subject) => {
    const { store } = subject;
    const written = store.batch([put('k', 'kept')]);
    await store.close();
    await written;
    await store.close();
    t.is(codeOf(await t.throwsAsync(store.batch([put('k', 'late')]))), 'store.closed');
    t.is(codeOf(t.throws(() => store.get('a', 'k'))), 'store.closed');
    t.is(text((await subject.reopen()).get('a', 'k')), 'kept');
  });
}

function limits(check: Check): void {
  check('a bad key or space is refused and the batch with it', async (t, { store }) => {
    const longest = 'é'.repeat(MAX_STORE_KEY_BYTES / 2);
    await store.batch([put(longest, 'fits')]);
    t.is(text(store.get('a', longest)), 'fits');
    for (const key of ['', `${longest}x`, '\ud800', 'x\udc00y'])
      t.is(
        codeOf(await t.throwsAsync(store.batch([put('good', 'x'), put(key, 'x')]))),
        'store.key',
        JSON.stringify(key),
      );
    for (const space of ['', '../up', 'x'.repeat(65)])
      t.is(codeOf(await t.throwsAsync(store.batch([put('good', 'x'), put('k', 'x', space)]))), 'store.space');
    t.is(store.get('a', 'good'), undefined);
    t.is(store.get('a', ''), undefined);
  });

  check('a 33rd space is refused, and the others go on', async (t, { store }) => {
    for (let i = 0; i < 32; i++) await store.batch([put('k', 'x', `s${i}`)]);
    t.is(codeOf(await t.throwsAsync(store.batch([put('j', 'x', 's0'), put('k', 'x', 'one-more')]))), 'store.spaces');
    t.is(store.get('s0', 'j'), undefined);
    await store.batch([put('j', 'x', 's31')]);
    t.is(store.count('s31'), 2);
  });

  check(
    'a full store refuses a batch whole, keeps serving, and deletes make room again',
    async (t, subject) => {
      const value = new Uint8Array(3_000).fill(7);
      const batchOf = (i: number) => Array.from({ length: 50 }, (_, j) => put(`${i}-${j}`, value));
      let stored = 0;
      let refusal: unknown;
      while (refusal === undefined && stored < 100)
        await subject.store.batch(batchOf(stored)).then(
          () => (stored += 1),
          (error: unknown) => (refusal = error),
        );
      t.is(codeOf(refusal), 'store.full');
      t.is((refusal as EdgeError).status, 507);
      t.true(stored >= 2, `only ${stored} batches of 150 kB fitted into 1 MiB`);
      t.is(subject.store.count('a'), stored * 50);
      t.is(subject.store.get('a', `${stored}-0`), undefined);
      t.is(subject.store.get('a', '0-0')?.length, 3_000);
      for (let i = 0; i < stored; i++) await subject.store.batch(batchOf(i).map((op) => del(op.key)));
      t.is(subject.store.count('a'), 0);
      await subject.store.batch(batchOf(stored));
      t.is((await subject.reopen()).count('a'), 50);
    },
    SMALL_BYTES,
  );

  check(
    'of batches submitted together only those that do not fit fail',
    async (t, { store }) => {
      const huge = put('huge', new Uint8Array(2 * SMALL_BYTES));
      const results = await Promise.allSettled([
        store.batch([put('x', '1')]),
        store.batch([put('x', '2'), huge]),
        store.batch([put('y', '3')]),
      ]);
      t.deepEqual(
        results.map((result) => result.status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      t.deepEqual(rows(store), ['x=1', 'y=3']);
    },
    SMALL_BYTES,
  );
}

const KEYS = ['a', 'ab', 'b', 'c', 'd\u{10000}', 'd\uffff', 'e'];
const opArbitrary = fc.record({
  op: fc.constantFrom('put' as const, 'delete' as const),
  space: fc.constantFrom('a', 'b'),
  key: fc.constantFrom(...KEYS),
  value: fc.uint8Array({ maxLength: 8 }),
});
const rangeArbitrary = fc.record(
  {
    from: fc.constantFrom(...KEYS),
    to: fc.constantFrom(...KEYS),
    limit: fc.integer({ min: 0, max: 5 }),
    reverse: fc.boolean(),
  },
  { requiredKeys: [] },
);

function modelled(name: string, open: OpenStore): void {
  test(`${name}: any mix of batches and reads agrees with a plain map`, async (t) => {
    const subject = await open({ maxBytes: ROOMY_BYTES });
    let round = 0;
    try {
      const steps = fc.array(fc.tuple(fc.array(opArbitrary, { maxLength: 6 }), rangeArbitrary, fc.boolean()), {
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          // The store is shared by the runs, so each starts from an erased one.
          const wipe = ['a', 'b'].flatMap((space) => KEYS.map((key) => del(key, space)));
          await subject.store.batch(wipe);
          const model = new Map<string, Uint8Array>();
          const waiting: Promise<void>[] = [];
          for (const [ops, range, settle] of all) {
            waiting.push(subject.store.batch(ops));
            for (const op of ops) {
              if (op.op === 'put') model.set(`${op.space}/${op.key}`, op.value);
              else model.delete(`${op.space}/${op.key}`);
            }
            if (settle) await Promise.all(waiting);
            if (!agrees(subject.store, model, range)) return false;
          }
          await Promise.all(waiting);
          round += 1;
          return agrees(subject.store, model, {});
        }),
        { numRuns: 60 },
      );
      t.is(round, 60);
    } finally {
      await subject.dispose();
    }
  });
}

type Range = NonNullable<Parameters<Store['range']>[1]>;

function agrees(store: Store, model: ReadonlyMap<string, Uint8Array>, range: Range): boolean {
  const hex = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('hex');
  return ['a', 'b'].every((space) => {
    const all = [...model]
      .filter(([key]) => key.startsWith(`${space}/`))
      .map(([key, value]) => ({ key: key.slice(2), value: hex(value) }))
      .sort((x, y) => Buffer.compare(Buffer.from(x.key), Buffer.from(y.key)));
    const within = all.filter(({ key }) => {
      const bytes = Buffer.from(key);
      return !(
        (range.from !== undefined && Buffer.compare(bytes, Buffer.from(range.from)) < 0) ||
        (range.to !== undefined && Buffer.compare(bytes, Buffer.from(range.to)) >= 0)
      );
    });
    const expected = (range.reverse ? within.reverse() : within).slice(0, range.limit ?? 1_000);
    const found = store.range(space, range).map(({ key, value }) => ({ key, value: hex(value) }));
    return (
      JSON.stringify(found) === JSON.stringify(expected) &&
      store.count(space) === all.length &&
      KEYS.every((key) => hex(store.get(space, key)) === hex(model.get(`${space}/${key}`)))
    );
  });
}
