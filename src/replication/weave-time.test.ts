import test from 'ava';
import { outcomes } from '../testing/weave-looks.js';
import { draftNamed, EPOCH, hashNamed, WeaveNet } from '../testing/weave-net.js';
import { FrameType } from '../wire/frame-types.js';

const DAY_MS = 86_400_000;

test('a record expires everywhere, and one whose clock is behind does not make others fetch it again', async (t) => {
  const net = new WeaveNet({ seed: 7 });
  const a = net.add();
  const slow = net.add({ skewMs: -60_000 });
  net.link(a, slow);
  net.put(a, [draftNamed('x', { expiresAt: EPOCH + 5_000 }), draftNamed('y')]);
  await net.run(2_000);
  t.is(slow.weave.view.count, 2);
  await net.run(3_500);
  t.is(a.weave.view.count, 1);
  t.is(a.changes.at(-1)?.change, 'expired');
  t.is(a.store.count('weave.body'), 1);
  a.sent.clear();
  await net.run(20_000);
  t.is(slow.weave.view.count, 2);
  t.is(a.sent.get(FrameType.Want), undefined);
  await net.run(60_000);
  t.true(net.agreed());
  t.is(slow.weave.view.count, 1);
});

test('an expiry beyond the longest retention is cut to it', async (t) => {
  const net = new WeaveNet({ seed: 8, limits: { maxRetentionMs: DAY_MS } });
  const a = net.add();
  const draft = draftNamed('x', { expiresAt: EPOCH + 5 * DAY_MS });
  net.put(a, [draft]);
  await net.run(10);
  t.is(a.weave.view.ofHash(hashNamed('x'), EPOCH)[0]?.expiresAt, EPOCH + DAY_MS);
  const again = net.put(a, [draft]);
  await net.run(10);
  t.deepEqual(outcomes(a, again), ['duplicate']);
});

test('a stamp from the future is held back until its time has come', async (t) => {
  const net = new WeaveNet({ seed: 9 });
  const a = net.add();
  const fast = net.add({ skewMs: 150_000 });
  net.link(a, fast);
  net.put(fast, [draftNamed('x')]);
  await net.run(5_000);
  t.is(a.weave.view.count, 0);
  t.is(a.counts.get('weave.held'), 1);
  await net.run(30_000);
  t.is(a.weave.view.count, 1);
});
