import test from 'ava';
import { line, outcomes } from '../testing/weave-looks.js';
import { draftNamed, EPOCH, hashNamed, type NetNode, vectorDraft, WeaveNet } from '../testing/weave-net.js';
import { FrameType } from '../wire/frame-types.js';

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
