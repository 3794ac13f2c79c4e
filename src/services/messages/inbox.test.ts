import test from 'ava';
import type { MessageId } from '../../core/ids.js';
import { createMemoryStore } from '../../storage/memory.js';
import { turns } from '../../testing/fake-mesh.js';
import { Inbox } from './inbox.js';

const id = (n: number): MessageId => n.toString(16).padStart(28, '0') as MessageId;
const MIB = 1 << 20;

test('payloads lie there over a restart, and the oldest make room', async (t) => {
  const store = createMemoryStore();
  const inbox = new Inbox(store, () => t.fail());
  for (let i = 0; i < 9; i++) inbox.put(id(i), new Uint8Array(8 * MIB).fill(i));
  await turns();
  t.is(inbox.get(id(0)), undefined);
  const again = new Inbox(store, () => t.fail());
  t.is(again.get(id(1))?.[5], 1);
  again.put(id(9), new Uint8Array(8 * MIB).fill(9));
  await turns();
  t.is(again.get(id(1)), undefined);
  t.is(again.get(id(9))?.[5], 9);
  t.is(store.count('inbox'), 8);
  t.is(store.count('inbox-index'), 8);
});

test('what the disk does not take is there while the agent runs', async (t) => {
  let failed = 0;
  const inbox = new Inbox(createMemoryStore({ maxBytes: 100 }), () => void failed++);
  inbox.put(id(1), new Uint8Array(1_000).fill(3));
  await turns();
  t.is(failed, 1);
  t.is(inbox.get(id(1))?.length, 1_000);
});
