import test from 'ava';
import fc from 'fast-check';
import { draftNamed, EPOCH, hashNamed, type NetNode, vectorDraft, WeaveNet } from '../testing/weave-net.js';
import { FrameType } from '../wire/frame-types.js';

const DAY_MS = 86_400_000;

const outcomes = (node: NetNode, ticket: number): string[] =>
  (node.settled.get(ticket)?.results ?? []).map((result) =>
    result.outcome === 'refused' ? result.code : result.outcome,
  );

const held = (net: WeaveNet, node: NetNode): string[] =>
  node.weave.view.newest({ limit: 10_000 }, net.wall(node)).map(({ key }) => key.toString(16));

function line(net: WeaveNet, count: number): NetNode[] {
  const nodes = Array.from({ length: count }, () => net.add());
  for (let i = 1; i < count; i++) net.link(nodes[i - 1] as NetNode, nodes[i] as NetNode);
  return nodes;
}

test('a record travels from neighbour to neighbour along a line', async (t) => {
  const net = new WeaveNet({ seed: 1 });
  const nodes = line(net, 4);
  const [first, , , last] = nodes as [NetNode, NetNode, NetNode, NetNode];
  const ticket = net.put(first, [vectorDraft('a', 1), draftNamed('b')]);
  await net.run(400);
  t.deepEqual(outcomes(first, ticket), ['accepted', 'accepted']);
  t.true(net.agreed());
  t.is(last.weave.view.count, 2);
  const [record] = last.weave.view.ofHash(hashNamed('a'), net.wall(last));
  t.is(record?.vector, 'int8');
  t.is(record?.node, first.id);
  t.is(last.weave.view.read(record?.key ?? 0n)?.int8.length, 8);
  t.deepEqual(
    last.changes.map(({ change }) => change),
    ['added', 'added'],
  );
});

test('nothing is announced, held or settled before it is durable', (t) => {
  const net = new WeaveNet({ seed: 2 });
  const [a] = line(net, 2) as [NetNode, NetNode];
  const ticket = net.put(a, [draftNamed('x')]);
  t.is(a.settled.get(ticket), undefined);
  t.is(a.weave.view.count, 0);
  t.is(a.weave.digest(), 0);
  t.false(a.sent.has(FrameType.Have));
});

test('a record that all neighbours announce is fetched once', async (t) => {
  const net = new WeaveNet({ seed: 3 });
  const nodes = Array.from({ length: 5 }, () => net.add());
  for (const a of nodes) for (const b of nodes) net.link(a, b);
  await net.run(1_000);
  for (const node of nodes) node.sent.clear();
  net.put(nodes[0] as NetNode, [draftNamed('x')]);
  await net.run(2_000);
  t.true(net.agreed());
  let wants = 0;
  for (const node of nodes) wants += node.sent.get(FrameType.Want)?.frames ?? 0;
  t.is(wants, 4);
});

test('the same content is a duplicate, other content a new version that replaces the old one everywhere', async (t) => {
  const net = new WeaveNet({ seed: 4 });
  const [a, b] = line(net, 2) as [NetNode, NetNode];
  const first = net.put(a, [draftNamed('x'), draftNamed('x'), draftNamed('x', { type: 'car' })]);
  const early = net.put(a, [draftNamed('x', { type: 'car' })]);
  await net.run(100);
  const late = net.put(a, [draftNamed('x', { type: 'car' }), draftNamed('x', { type: 'dog' })]);
  await net.run(300);
  t.deepEqual(outcomes(a, first), ['accepted', 'duplicate', 'accepted']);
  t.deepEqual(outcomes(a, early), ['duplicate']);
  t.deepEqual(outcomes(a, late), ['duplicate', 'accepted']);
  const [record, ...others] = b.weave.view.ofHash(hashNamed('x'), net.wall(b));
  t.is(others.length, 0);
  t.is(record?.type, 'dog');
  t.is(record?.contentVersion, 3);
  t.is(b.changes.at(-1)?.change, 'updated');
});

test('an erase reaches every copy, refuses later pushes, and no copy that was away brings it back', async (t) => {
  const net = new WeaveNet({ seed: 5 });
  const [a, b, c] = line(net, 3) as [NetNode, NetNode, NetNode];
  net.put(a, [draftNamed('x'), draftNamed('y')]);
  net.put(b, [draftNamed('x')]);
  t.true(await net.converge(3_000));
  t.is(c.weave.view.ofHash(hashNamed('x'), net.wall(c)).length, 2);
  net.unlink(b, c);
  const ticket = net.erase(b, hashNamed('x'));
  await net.run(500);
  t.deepEqual(b.settled.get(ticket)?.results, [{ outcome: 'erased', count: 2 }]);
  t.deepEqual(
    a.changes.filter(({ change }) => change === 'erased').map(({ hash }) => hash),
    [hashNamed('x'), hashNamed('x')],
  );
  net.put(c, [draftNamed('x', { type: 'car' })]);
  await net.run(100);
  net.link(b, c);
  t.true(await net.converge(5_000));
  for (const node of net.nodes) {
    t.is(node.weave.view.ofHash(hashNamed('x'), net.wall(node)).length, 0);
    t.true(node.weave.view.isErased(hashNamed('x'), net.wall(node)));
    t.is(node.weave.view.count, 1);
  }
  const again = net.put(c, [draftNamed('x')]);
  await net.run(50);
  t.deepEqual(outcomes(c, again), ['detection.erased']);
  net.crash(c);
  t.true(c.weave.view.isErased(hashNamed('x'), net.wall(c)));
});

test('erases of one hash by several nodes merge to the one that lives longest', async (t) => {
  const net = new WeaveNet({ seed: 6 });
  const [a, b] = [net.add(), net.add()] as [NetNode, NetNode];
  net.erase(a, hashNamed('x'));
  await net.run(500);
  net.erase(b, hashNamed('x'));
  await net.run(50);
  net.link(a, b);
  t.true(await net.converge(4_000));
  t.is(a.weave.view.tombstones, 1);
});

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

test('a node that does not share vectors sends records without them', async (t) => {
  const net = new WeaveNet({ seed: 13 });
  const shy = net.add({ shareVectors: false });
  const b = net.add();
  net.link(shy, b);
  net.put(shy, [vectorDraft('x', 1)]);
  t.true(await net.converge(3_000));
  t.is(shy.weave.view.ofHash(hashNamed('x'), EPOCH)[0]?.vector, 'exact');
  const [copy] = b.weave.view.ofHash(hashNamed('x'), EPOCH);
  t.is(copy?.vector, 'none');
  t.is(b.weave.view.read(copy?.key ?? 0n)?.int8.length, 0);
});

test('two full nodes with thousands of differences reconcile in bounded messages', async (t) => {
  const net = new WeaveNet({ seed: 14 });
  const [a, b] = [net.add(), net.add()] as [NetNode, NetNode];
  for (let i = 0; i < 3_000; i += 500) {
    net.put(
      a,
      Array.from({ length: 500 }, (_, j) => draftNamed(`a${i + j}`)),
    );
    net.put(
      b,
      Array.from({ length: 500 }, (_, j) => draftNamed(`b${i + j}`)),
    );
  }
  await net.run(50);
  net.link(a, b);
  t.true(await net.converge(60_000));
  t.is(a.weave.view.count, 6_000);
  t.true((a.sent.get(FrameType.Fingerprints)?.longest ?? 0) <= 1_100);
  t.true((a.sent.get(FrameType.Have)?.longest ?? 0) <= 1_100);
  t.true((a.sent.get(FrameType.Records)?.longest ?? 0) <= 25_000);
});

for (const bytesPerSecond of [960, 11_520]) {
  test(`an empty node gets many records over a way of ${bytesPerSecond} bytes a second, too`, async (t) => {
    const net = new WeaveNet({ seed: 16 });
    const [full, empty] = [net.add(), net.add()] as [NetNode, NetNode];
    for (const first of [0, 750])
      net.put(
        full,
        Array.from({ length: 750 }, (_, i) => draftNamed(first + i)),
      );
    await net.run(200);
    net.link(full, empty, bytesPerSecond);
    t.true(await net.converge(3_600_000));
    t.is(empty.weave.view.count, 1_500);
    t.true((full.counts.get('weave.deferred') ?? 0) > 0);
  });
}

test('a single difference among thousands is found in a few small frames', async (t) => {
  const net = new WeaveNet({ seed: 15 });
  const [a, b] = line(net, 2) as [NetNode, NetNode];
  for (let i = 0; i < 4; i++)
    net.put(
      a,
      Array.from({ length: 1_000 }, (_, j) => draftNamed(i * 1_000 + j)),
    );
  t.true(await net.converge(60_000));
  net.unlink(a, b);
  net.put(a, [draftNamed('one more')]);
  await net.run(100);
  a.sent.clear();
  b.sent.clear();
  net.link(a, b);
  await net.run(300);
  t.true(net.agreed());
  const compared = [a, b].map((node) => node.sent.get(FrameType.Fingerprints));
  t.true(compared.reduce((sum, stats) => sum + (stats?.frames ?? 0), 0) <= 5);
  t.true(compared.reduce((sum, stats) => sum + (stats?.bytes ?? 0), 0) <= 1_500);
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

const NODES = 4;
const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      node: fc.nat(NODES - 1),
      name: fc.nat(9),
      type: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('erase' as const), node: fc.nat(NODES - 1), name: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('link' as const), a: fc.nat(NODES - 1), b: fc.nat(NODES - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('unlink' as const), a: fc.nat(NODES - 1), b: fc.nat(NODES - 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), node: fc.nat(NODES - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 800 }) }) },
);

test('any history of puts, erases, partitions, crashes and loss ends in one agreed set, and the erased stays erased', async (t) => {
  t.timeout(110_000);
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), fc.nat(1_000), async (actions, seed) => {
      const net = new WeaveNet({ seed, loss: 0.25 });
      const nodes = Array.from({ length: NODES }, () => net.add());
      const at = (i: number): NetNode => nodes[i] as NetNode;
      const erases: { node: NetNode; ticket: number; name: number }[] = [];
      const puts: { node: NetNode; ticket: number; name: number }[] = [];
      for (const act of actions) {
        if (act.kind === 'put') {
          const ticket = net.put(at(act.node), [draftNamed(act.name, { type: `t${act.type}` })]);
          puts.push({ node: at(act.node), ticket, name: act.name });
        } else if (act.kind === 'erase')
          erases.push({ node: at(act.node), ticket: net.erase(at(act.node), hashNamed(act.name)), name: act.name });
        else if (act.kind === 'link') net.link(at(act.a), at(act.b));
        else if (act.kind === 'unlink') net.unlink(at(act.a), at(act.b));
        else if (act.kind === 'crash') net.crash(at(act.node));
        else await net.run(act.ms);
      }
      for (let i = 1; i < NODES; i++) net.link(at(i - 1), at(i));
      if (!(await net.converge(60_000))) throw new Error('no agreement');
      const [first, ...others] = nodes.map((node) => held(net, node).join());
      if (others.some((other) => other !== first)) throw new Error('different sets');
      const erased = new Set(erases.map(({ name }) => name));
      for (const { node, ticket, name } of puts) {
        if (erased.has(name) || outcomes(node, ticket)[0] !== 'accepted') continue;
        for (const other of nodes)
          if (!other.weave.view.find(other.weave.view.keyOf(node.id, hashNamed(name)), net.wall(other)))
            throw new Error(`${name} was settled and lost`);
      }
      for (const { node, ticket, name } of erases) {
        if (!node.settled.has(ticket)) continue;
        for (const other of nodes)
          if (other.weave.view.ofHash(hashNamed(name), net.wall(other)).length > 0)
            throw new Error(`${name} came back`);
      }
    }),
    { numRuns: 40 },
  );
  t.pass();
});

test('an erase also takes what is still on its way to the disk, in whatever order the disk answers', async (t) => {
  const net = new WeaveNet({ seed: 22 });
  const a = net.add();
  net.put(a, [vectorDraft('x', 1), draftNamed('y')]);
  net.erase(a, hashNamed('x'));
  await net.run(50);
  t.is(a.weave.view.count, 1);
  t.is(a.store.count('weave.body'), 2);
  t.is(a.store.count('weave.exact'), 0);
  net.crash(a);
  t.is(a.weave.view.ofHash(hashNamed('x'), net.wall(a)).length, 0);

  const { batch } = a.store;
  const late: (() => void)[] = [];
  a.store.batch = (ops) => batch.call(a.store, ops).then(() => new Promise<void>((done) => late.push(done)));
  net.put(a, [draftNamed('z')]);
  net.erase(a, hashNamed('z'));
  await net.run(20);
  for (const done of late.reverse()) {
    done();
    await net.run(5);
  }
  t.true(late.length >= 2);
  t.is(a.weave.view.ofHash(hashNamed('z'), net.wall(a)).length, 0);
  t.is(a.weave.view.count, 1);
});
