import test from 'ava';
import fc from 'fast-check';
import { utf8 } from '../core/bytes.js';
import { draftNamed, hashNamed, type NetNode, vectorDraft, WeaveNet } from '../testing/weave-net.js';
import { FrameType } from '../wire/frame-types.js';

test('hostile bodies are counted and never throw', async (t) => {
  const net = new WeaveNet({ seed: 18 });
  const [a, b] = [net.add(), net.add()] as [NetNode, NetNode];
  net.link(a, b);
  net.put(a, [vectorDraft('x', 1), draftNamed('y')]);
  t.true(await net.converge(3_000));
  const types = fc.constantFrom(FrameType.Have, FrameType.Want, FrameType.Records, FrameType.Fingerprints);
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 300 }), (type, body) => {
      net.input(a, { kind: 'received', peer: b.id, type, body });
    }),
    { numRuns: 2_000 },
  );
  t.true((a.counts.get('weave.malformed') ?? 0) > 0);
  t.is(a.weave.view.count, 2);
});

test('a record that was changed on its way is refused, and the rest of its message is taken', async (t) => {
  const net = new WeaveNet({ seed: 19 });
  const [a, b] = [net.add(), net.add()] as [NetNode, NetNode];
  net.input(b, { kind: 'neighbour-up', peer: a.id, bytesPerSecond: 1e7 });
  net.put(a, [vectorDraft('x', 1), vectorDraft('y', 2), vectorDraft('z', 3)]);
  await net.run(50);
  const body = await recordsOf(net, a, b);
  for (let flip = 0; flip < body.length; flip += 1) {
    const damaged = body.slice();
    damaged[flip] = (damaged[flip] as number) ^ 0x10;
    net.now += 60; // within the rate of signature checks
    net.input(b, { kind: 'received', peer: a.id, type: FrameType.Records, body: damaged });
  }
  await net.run(50);
  for (const record of b.weave.view.newest({ limit: 10 }, net.wall(b))) {
    const original = a.weave.view.read(record.key);
    const copy = b.weave.view.read(record.key);
    t.deepEqual(copy?.core, original?.core);
    t.deepEqual(copy?.int8, original?.int8);
  }
  t.true((b.counts.get('weave.invalid.vector') ?? 0) > 0);
  t.true((b.counts.get('weave.invalid.path') ?? 0) > 0);
  t.is(b.weave.view.count, 3);
});

/** Which of two contents under one stamp the mesh keeps, when all but one node had `first` first. */
async function keptOf(first: string, second: string): Promise<{ kept: string[]; evidence: NetNode['evidence'] }> {
  const net = new WeaveNet({ seed: 20 });
  const [a, twin, c] = [net.add(), net.add(), net.add()] as [NetNode, NetNode, NetNode];
  const clone = net.cloneOf(a);
  net.put(a, [draftNamed('x', { type: first })]);
  net.put(clone, [draftNamed('x', { type: second })]);
  await net.run(20);
  const forged = await recordsOf(net, clone, twin);
  net.nodes.pop();
  net.link(a, twin);
  net.link(twin, c);
  await net.run(1_000);
  net.input(c, { kind: 'received', peer: twin.id, type: FrameType.Records, body: forged });
  if (!(await net.converge(10_000))) throw new Error('no agreement');
  const kept = net.nodes.map((node) => node.weave.view.ofHash(hashNamed('x'), net.wall(node))[0]?.type ?? '');
  return { kept: [...new Set(kept)], evidence: [...twin.evidence, ...c.evidence] };
}

test('two contents under one stamp are proven, and the order of arrival does not decide which one stays', async (t) => {
  const one = await keptOf('car', 'dog');
  const other = await keptOf('dog', 'car');
  t.is(one.kept.length, 1);
  t.deepEqual(other.kept, one.kept);
  for (const { evidence } of [one, other]) {
    t.true(evidence.length > 0);
    t.notDeepEqual(evidence[0]?.statements[0].core, evidence[0]?.statements[1].core);
  }
});

test('strangers cannot make a node check signatures without end', async (t) => {
  const net = new WeaveNet({ seed: 21 });
  const [a, b] = [net.add(), net.add()] as [NetNode, NetNode];
  net.link(a, b);
  const authors = Array.from({ length: 60 }, () => net.add());
  const bodies: Uint8Array[] = [];
  for (const author of authors) {
    net.put(author, [draftNamed(author.id, { metadata: utf8('{}') })]);
    await net.run(10);
    bodies.push(await recordsOf(net, author, b));
  }
  await net.run(2_000);
  for (const body of bodies) net.input(a, { kind: 'received', peer: b.id, type: FrameType.Records, body });
  t.is(a.counts.get('weave.invalid.rate'), 40);
});

/** The Records body that `from` answers when all it has is wanted. */
async function recordsOf(net: WeaveNet, from: NetNode, to: NetNode): Promise<Uint8Array> {
  const keys = from.weave.view.newest({ limit: 16 }, net.wall(from)).map(({ key }) => key);
  const want = new Uint8Array(2 + keys.length * 8);
  want.set([0x0a, keys.length * 8]);
  for (const [i, key] of keys.entries()) new DataView(want.buffer).setBigUint64(2 + i * 8, key);
  const now = { mono: net.now, wall: net.wall(from) };
  from.weave.step({ kind: 'neighbour-up', peer: to.id, bytesPerSecond: 1e7 }, now);
  for (const effect of from.weave.step({ kind: 'received', peer: to.id, type: FrameType.Want, body: want }, now))
    if (effect.kind === 'send' && effect.type === FrameType.Records) return effect.body;
  throw new Error('no answer');
}
