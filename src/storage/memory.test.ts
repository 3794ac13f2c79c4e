import test from 'ava';
import type { StoreOp } from '../ports/store.js';
import { storeContract } from '../testing/contracts/store.js';
import { createMemoryStore } from './memory.js';

storeContract('memory', async ({ maxBytes }) => {
  const store = createMemoryStore({ maxBytes });
  return {
    store,
    reopen: async () => {
      await store.close();
      const again = createMemoryStore({ maxBytes });
      again.restore(store.snapshot());
      return again;
    },
    dispose: () => store.close(),
  };
});

const put = (key: string, value: number): StoreOp => ({ op: 'put', space: 'a', key, value: Uint8Array.of(value) });

test('a crash loses the batches that had not resolved and keeps the rest', async (t) => {
  const due: (() => void)[] = [];
  const store = createMemoryStore({ settle: (write) => due.push(write) });
  const first = store.batch([put('kept', 1)]);
  due.shift()?.();
  await first;
  let settled = false;
  const second = store.batch([put('kept', 2), put('lost', 2)]);
  void second.finally(() => {
    settled = true;
  });
  t.is(store.get('a', 'lost')?.[0], 2);
  store.crash();
  due.shift()?.();
  await Promise.resolve();
  t.false(settled);
  t.is(store.get('a', 'kept')?.[0], 1);
  t.is(store.get('a', 'lost'), undefined);
  t.is(store.count('a'), 1);
});

test('a snapshot is a copy that later writes do not reach', async (t) => {
  const store = createMemoryStore();
  await store.batch([put('k', 1)]);
  const before = store.snapshot();
  await store.batch([put('k', 2), put('j', 2)]);
  store.restore(before);
  t.is(store.get('a', 'k')?.[0], 1);
  t.is(store.count('a'), 1);
  t.is(store.bytes, before.bytes);
});
