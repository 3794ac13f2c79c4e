import test from 'ava';
import { toHex } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import { seededRandom } from '../../system/seeded-random.js';
import { ServiceMesh, type ServiceNode, vectorOf } from '../../testing/service-mesh.js';
import { EPOCH, hashNamed } from '../../testing/weave-net.js';
import type { Detection } from './detections.js';

const SPACES = [{ name: 'tiny', dimension: 8 }];
const hash = (name: string | number): string => toHex(hashNamed(name));
const eight = (...first: number[]): number[] => [...first, ...Array.from({ length: 8 - first.length }, () => 0)];

function one(seed: number): [ServiceMesh, ServiceNode] {
  const mesh = new ServiceMesh(seed, SPACES);
  return [mesh, mesh.add()];
}

const codeOf = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    return error instanceof EdgeError ? error.code : String(error);
  }
  return 'none';
};

const deep = (levels: number): unknown => (levels === 0 ? 1 : { inner: deep(levels - 1) });
const vector512 = Array.from({ length: 512 }, (_, i) => i - 100);

const FAULTS: readonly (readonly [string, unknown, RegExp])[] = [
  ['detection.item', 7, /object/],
  ['detection.item', [], /object/],
  ['detection.item', new Map(), /object/],
  ['detection.hash', { type: 'a' }, /hash: .*16 to 128/],
  ['detection.hash', { hash: 'abcd', type: 'a' }, /hash/],
  ['detection.hash', { hash: 'zz'.repeat(8), type: 'a' }, /hash/],
  ['detection.hash', { hash: 'ab'.repeat(65), type: 'a' }, /hash/],
  ['detection.type', { hash: hash(1) }, /type: .*64/],
  ['detection.type', { hash: hash(1), type: '' }, /type/],
  ['detection.type', { hash: hash(1), type: 'x'.repeat(65) }, /type/],
  ['detection.type', { hash: hash(1), type: 'a\u0000b' }, /control/],
  ['detection.type', { hash: hash(1), type: '\ud800' }, /type/],
  ['detection.field', { hash: hash(1), type: 'a', embeding: [] }, /embeding: .*embedding/],
  ['detection.purpose', { hash: hash(1), type: 'a', purpose: 'x'.repeat(65) }, /purpose: .*64/],
  ['detection.metadata', { hash: hash(1), type: 'a', metadata: [] }, /object/],
  ['detection.metadata', { hash: hash(1), type: 'a', metadata: { a: 'x'.repeat(4_096) } }, /4096/],
  ['detection.metadata', { hash: hash(1), type: 'a', metadata: deep(9) }, /deeper than 8/],
  ['detection.metadata', { hash: hash(1), type: 'a', metadata: { a: Number.NaN } }, /NaN/],
  ['detection.metadata', { hash: hash(1), type: 'a', metadata: { a: 1n } }, /no JSON/],
  ['detection.metadata', { hash: hash(1), type: 'a', metadata: { a: new Date(0) } }, /no JSON/],
  ['detection.observedAt', { hash: hash(1), type: 'a', observedAt: EPOCH + 2 * 86_400_000 }, /observedAt/],
  ['detection.observedAt', { hash: hash(1), type: 'a', observedAt: -1 }, /observedAt/],
  ['detection.observedAt', { hash: hash(1), type: 'a', observedAt: 'now' }, /observedAt/],
  ['detection.expiresAt', { hash: hash(1), type: 'a', expiresAt: EPOCH - 1 }, /future/],
  ['detection.expiresAt', { hash: hash(1), type: 'a', expiresAt: Number.POSITIVE_INFINITY }, /expiresAt/],
  ['detection.space', { hash: hash(1), type: 'a', space: 'other' }, /default, tiny/],
  ['detection.space', { hash: hash(1), type: 'a', space: 5 }, /known/],
  ['detection.embedding.dimension', { hash: hash(1), type: 'a', embedding: [1, 2] }, /has 2 .*512/],
  ['detection.embedding.dimension', { hash: hash(1), type: 'a', space: 'tiny', embedding: vector512 }, /has 512 .*8/],
  ['detection.embedding.type', { hash: hash(1), type: 'a', embedding: 'x' }, /array/],
  ['detection.embedding.type', { hash: hash(1), type: 'a', space: 'tiny', embedding: eight(1, '2' as never) }, /\[1\]/],
  ['detection.embedding.nan', { hash: hash(1), type: 'a', space: 'tiny', embedding: eight(Number.NaN) }, /\[0\].*NaN/],
  ['detection.embedding.nan', { hash: hash(1), type: 'a', space: 'tiny', embedding: eight(0, 1e39) }, /1e\+39/],
  ['detection.embedding.zero', { hash: hash(1), type: 'a', space: 'tiny', embedding: eight() }, /zero/],
];

test('each fault is named by item, code and limit, and what is sound beside it is taken', async (t) => {
  const [mesh, { detections }] = one(1);
  const items = FAULTS.flatMap(([, item], i) => [item, { hash: hash(`good${i}`), type: 'ok' }]);
  const result = await mesh.settle(detections.push(items));
  t.is(result.accepted, FAULTS.length);
  t.is(result.rejected.length, FAULTS.length);
  for (const [i, [code, , detail]] of FAULTS.entries()) {
    const fault = result.rejected[i];
    t.is(fault?.index, i * 2);
    t.is(fault?.code, code);
    t.regex(fault?.detail ?? '', detail);
  }
});

test('a detection comes back as it was pushed, here and on the other node', async (t) => {
  const mesh = new ServiceMesh(2, SPACES);
  const [a, b] = [mesh.add(), mesh.add()];
  mesh.net.link(a.net, b.net);
  const item = {
    hash: hash('x').toUpperCase(),
    type: 'person',
    space: 'tiny',
    embedding: Float32Array.from(eight(1, 2, -3)),
    metadata: { b: [1, { c: null }], a: 'ö' },
    observedAt: EPOCH - 1_000.5,
    purpose: 'gate',
    expiresAt: EPOCH + 100_000,
  };
  t.deepEqual(await mesh.settle(a.detections.push([item])), { accepted: 1, duplicates: 0, rejected: [] });
  await mesh.net.run(300);
  const expected: Detection = {
    hash: hash('x'),
    type: 'person',
    node: a.net.id,
    space: 'tiny',
    metadata: { a: 'ö', b: [1, { c: null }] },
    observedAt: EPOCH - 1_001,
    purpose: 'gate',
    expiresAt: EPOCH + 100_000,
    version: 1,
    vector: 'exact',
  };
  t.deepEqual(a.detections.get(hash('x')), [expected]);
  t.deepEqual(b.detections.get(hash('x')), [{ ...expected, vector: 'int8' }]);
  t.deepEqual(b.detections.list(), { detections: [{ ...expected, vector: 'int8' }] });
});

test('the same content again is a duplicate whatever the order of its fields, other content a version', async (t) => {
  const [mesh, { detections }] = one(3);
  const item = { hash: hash('x'), type: 'a', space: 'tiny', embedding: eight(1), metadata: { a: 1, b: 2 } };
  const again = { ...item, metadata: { b: 2, a: 1 }, embedding: Float32Array.from(eight(1)) };
  t.deepEqual(await mesh.settle(detections.push([item, again])), { accepted: 1, duplicates: 1, rejected: [] });
  await mesh.net.run(1_000);
  t.deepEqual(await mesh.settle(detections.push([again])), { accepted: 0, duplicates: 1, rejected: [] });
  for (const change of [
    { type: 'b' },
    { metadata: {} },
    { embedding: eight(2, 1) },
    { observedAt: 5 },
    { purpose: 'p' },
  ])
    t.is((await mesh.settle(detections.push([{ ...item, ...change }]))).accepted, 1, JSON.stringify(change));
  t.is(detections.get(hash('x'))[0]?.version, 6);
  t.is(detections.count, 1);
});

test('pages follow one another without gap or repetition while others come in', async (t) => {
  const [mesh, { detections }] = one(4);
  const random = seededRandom(4);
  const items = Array.from({ length: 257 }, (_, i) => ({
    hash: hash(i),
    type: i % 2 ? 'odd' : 'even',
    observedAt: EPOCH - random.below(50),
  }));
  t.is((await mesh.settle(detections.push(items))).accepted, 257);
  const seen: Detection[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = detections.list({ limit: 20, type: 'odd', ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.detections);
    if (page.nextCursor === undefined) break;
    cursor = page.nextCursor;
    await mesh.settle(detections.push([{ hash: hash(`new${seen.length}`), type: 'odd', observedAt: EPOCH + 1 }]));
  }
  t.is(seen.length, 128);
  t.is(new Set(seen.map((found) => found.hash)).size, 128);
  for (const [i, found] of seen.entries()) if (i > 0) t.true(found.observedAt <= (seen[i - 1]?.observedAt ?? 0));
});

test('a list is filtered by type, node, hash and time', async (t) => {
  const mesh = new ServiceMesh(5, SPACES);
  const [a, b] = [mesh.add(), mesh.add()];
  mesh.net.link(a.net, b.net);
  await mesh.settle(a.detections.push([{ hash: hash(1), type: 'x', observedAt: 100 }]));
  await mesh.settle(b.detections.push([{ hash: hash(1), type: 'y', observedAt: 200 }]));
  await mesh.settle(b.detections.push([{ hash: hash(2), type: 'y', observedAt: 300 }]));
  await mesh.net.run(500);
  const found = (query: object): number[] => a.detections.list(query).detections.map((d) => d.observedAt);
  t.deepEqual(found({}), [300, 200, 100]);
  t.deepEqual(found({ type: 'y' }), [300, 200]);
  t.deepEqual(found({ node: a.net.id }), [100]);
  t.deepEqual(found({ hash: hash(1) }), [200, 100]);
  t.deepEqual(found({ hash: hash(1), node: b.net.id }), [200]);
  t.deepEqual(found({ sinceAt: 200, untilAt: 200 }), [200]);
  t.deepEqual(found({ type: 'unheard of' }), []);
  const first = a.detections.list({ hash: hash(1), limit: 1 });
  t.deepEqual(
    a.detections.list({ hash: hash(1), cursor: first.nextCursor ?? '' }).detections.map((d) => d.observedAt),
    [100],
  );
});

test('what is not there, erased or not sensible is refused by code', async (t) => {
  const [mesh, { detections }] = one(6);
  t.is(
    codeOf(() => detections.get(hash('x'))),
    'detection.unknown',
  );
  t.is(
    codeOf(() => detections.get('xyz')),
    'detection.hash',
  );
  t.is(
    codeOf(() => detections.list({ limit: 0 })),
    'detections.limit.range',
  );
  t.is(
    codeOf(() => detections.list({ limit: 1_001 })),
    'detections.limit.range',
  );
  t.is(
    codeOf(() => detections.list({ cursor: 'abc' })),
    'detections.cursor',
  );
  await t.throwsAsync(detections.erase(hash('x')), { message: /not held/ });
  t.throws(() => detections.list({ lmit: 3 } as object), { message: /^lmit: no such field; known: .*limit/ });
  await t.throwsAsync(detections.push(Array.from({ length: 10_001 }, () => ({}))), { message: /at most 10000/ });
  await mesh.settle(detections.push([{ hash: hash('x'), type: 'a' }]));
  t.deepEqual(await mesh.settle(detections.erase(hash('x'))), { erased: 1 });
  t.is(
    codeOf(() => detections.get(hash('x'))),
    'detection.erased',
  );
  await t.throwsAsync(detections.erase(hash('x')), { message: /was erased/ });
  const again = await mesh.settle(detections.push([{ hash: hash('x'), type: 'a' }]));
  t.deepEqual(
    again.rejected.map(({ index, code }) => [index, code]),
    [[0, 'detection.erased']],
  );
});

test('the vector index follows what is pushed, changed, erased and expired, and is rebuilt at a start', async (t) => {
  const [mesh, node] = one(7);
  const { detections, keeper, spaces } = node;
  const tiny = spaces.get('tiny');
  const random = seededRandom(7);
  const push = (name: string, more: object = {}) =>
    mesh.settle(
      detections.push([{ hash: hash(name), type: 'a', space: 'tiny', embedding: vectorOf(random, 8), ...more }]),
    );
  await push('a');
  await push('b', { expiresAt: EPOCH + 5_000 });
  await push('c');
  await push('d');
  t.is(keeper.size(tiny), 4);
  await push('c', { space: 'default', embedding: vector512 });
  t.is(keeper.size(tiny), 3);
  t.is(keeper.size(spaces.get()), 1);
  await mesh.settle(detections.erase(hash('a')));
  t.is(keeper.size(tiny), 2);
  await mesh.net.run(6_000);
  t.is(keeper.size(tiny), 1);
  mesh.net.crash(node.net);
  const again = mesh.serve(node.net);
  await mesh.settle(again.keeper.load());
  t.is(again.keeper.size(tiny), 1);
  t.is(again.keeper.size(spaces.get()), 1);
  t.true(again.keeper.bytes > 0);
});
