import test from 'ava';
import { line, outcomes } from '../testing/weave-looks.js';
import { draftNamed, hashNamed, type NetNode, vectorDraft, WeaveNet } from '../testing/weave-net.js';

test('what was settled survives a crash, and what was lost was not settled', async (t) => {
  const net = new WeaveNet({ seed: 10 });
  const a = net.add();
  const tickets = Array.from({ length: 40 }, (_, i) => {
    const ticket = net.put(a, [vectorDraft(`v${i}`, i)]);
    return { ticket, name: `v${i}` };
  });
  await net.run(3);
  for (let i = 40; i < 60; i++) tickets.push({ ticket: net.put(a, [draftNamed(`v${i}`)]), name: `v${i}` });
  net.crash(a);
  const settled = tickets.filter(({ ticket }) => a.settled.has(ticket));
  t.is(settled.length, 40);
  for (const { name } of settled) t.is(a.weave.view.ofHash(hashNamed(name), net.wall(a)).length, 1);
  t.is(a.weave.view.count, 40);
  const digest = a.weave.digest();
  net.crash(a);
  t.is(a.weave.digest(), digest);
});

test('a full store refuses the put, keeps nothing of it, and serves again later', async (t) => {
  const net = new WeaveNet({ seed: 11 });
  const [a, b] = line(net, 2) as [NetNode, NetNode];
  const { batch } = a.store;
  a.store.batch = () => Promise.reject(new Error('full'));
  const refused = net.put(a, [draftNamed('x')]);
  net.put(b, [draftNamed('y')]);
  await net.run(1_000);
  t.deepEqual(outcomes(a, refused), ['store.full']);
  t.is(a.weave.view.count, 0);
  a.store.batch = batch;
  net.put(a, [draftNamed('x')]);
  t.true(await net.converge(15_000));
  t.is(a.weave.view.count, 2);
});

test('beyond the limit local puts are refused, remote records are not wanted, and erases still arrive', async (t) => {
  const net = new WeaveNet({ seed: 12 });
  const small = net.add({ limits: { detections: 3 } });
  const b = net.add();
  const ticket = net.put(small, [draftNamed(1), draftNamed(2), draftNamed(3), draftNamed(4)]);
  await net.run(20);
  t.deepEqual(outcomes(small, ticket), ['accepted', 'accepted', 'accepted', 'detections.limit']);
  net.link(small, b);
  net.put(b, [draftNamed(5), draftNamed(6)]);
  await net.run(3_000);
  t.is(small.weave.view.count, 3);
  t.is(b.weave.view.count, 5);
  t.true((small.counts.get('weave.limit') ?? 0) > 0);
  net.erase(b, hashNamed(1));
  await net.run(500);
  t.true(small.weave.view.isErased(hashNamed(1), net.wall(small)));
});

test('orphaned batches are swept, and each batch is stored once', async (t) => {
  const net = new WeaveNet({ seed: 16 });
  const a = net.add();
  net.put(
    a,
    Array.from({ length: 64 }, (_, i) => draftNamed(i)),
  );
  await net.run(20);
  t.is(a.store.count('weave.batch'), 2);
  for (let i = 0; i < 64; i++) net.erase(a, hashNamed(i));
  await net.run(50);
  net.put(a, [draftNamed('later')]);
  await net.run(50);
  t.is(a.weave.view.count, 1);
  t.is(a.store.count('weave.batch'), 1);
});

test('ten thousand records are back within a moment of a start', async (t) => {
  const net = new WeaveNet({ seed: 17 });
  const a = net.add();
  for (let i = 0; i < 10; i++)
    net.put(
      a,
      Array.from({ length: 1_000 }, (_, j) => draftNamed(i * 1_000 + j)),
    );
  await net.run(100);
  t.is(a.weave.view.count, 10_000);
  const digest = a.weave.digest();
  net.crash(a);
  const before = process.hrtime.bigint();
  net.crash(a);
  const tookMs = Number(process.hrtime.bigint() - before) / 1e6;
  t.log(`${tookMs.toFixed(0)} ms`);
  t.is(a.weave.digest(), digest);
  t.true(tookMs < 2_000);
});
