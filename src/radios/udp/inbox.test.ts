import test from 'ava';
import type { HeardFrame } from '../../ports/radio.js';
import { Inbox } from './inbox.js';
import { MAX_BATCH } from './limits.js';

const frame: HeardFrame = { from: '127.0.0.1:1', bytes: new Uint8Array(1) };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('frames of one turn come in batches of at most the limit', async (t) => {
  const sizes: number[] = [];
  const inbox = new Inbox((frames) => void sizes.push(frames.length));
  for (let i = 0; i < 2 * MAX_BATCH + 3; i++) inbox.put(frame);
  await turn();
  t.deepEqual(sizes, [MAX_BATCH, MAX_BATCH, 3]);
  await turn();
  t.is(sizes.length, 3);
});

test('after close nothing is delivered', async (t) => {
  const inbox = new Inbox(() => t.fail());
  inbox.put(frame);
  inbox.close();
  await turn();
  t.pass();
});
