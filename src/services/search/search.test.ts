import test from 'ava';
import fc from 'fast-check';
import { toHex } from '../../core/bytes.js';
import type { MessageId, NodeId } from '../../core/ids.js';
import { seededRandom } from '../../system/seeded-random.js';
import { ServiceMesh, type ServiceNode, vectorOf } from '../../testing/service-mesh.js';
import { EPOCH, hashNamed } from '../../testing/weave-net.js';
import { FrameType, Priority } from '../../wire/frame-types.js';
import { cosine } from '../vectors.js';
import { MAX_SEARCHES } from './search.js';

const DIMENSION = 64;
const SPACES = [{ name: 'model', dimension: DIMENSION }];
const hash = (name: string | number): string => toHex(hashNamed(name));

interface Pushed {
  readonly hash: string;
  readonly node: NodeId;
  readonly type: string;
  readonly vector: Float32Array;
  readonly metadata: { readonly floor: number };
}

/** Nodes with clustered vectors of their own, not linked: each holds only what was pushed to it. */
async function apart(seed: number, nodes: number, each: number): Promise<[ServiceMesh, Pushed[]]> {
  const mesh = new ServiceMesh(seed, SPACES);
  const random = seededRandom(seed);
  const centres = Array.from({ length: 5 }, () => vectorOf(random, DIMENSION));
  const pushed: Pushed[] = [];
  for (let n = 0; n < nodes; n++) {
    const node = mesh.add();
    const own = Array.from({ length: each }, (_, i): Pushed => {
      const centre = centres[random.below(5)] as Float32Array;
      return {
        hash: hash(`${n}/${i}`),
        node: node.net.id,
        type: i % 3 === 0 ? 'car' : 'person',
        vector: vectorOf(random, DIMENSION).map((x, j) => 0.4 * x + (centre[j] as number)),
        metadata: { floor: i % 4 },
      };
    });
    pushed.push(...own);
    const items = own.map((one, i) => ({
      hash: one.hash,
      type: one.type,
      space: 'model',
      embedding: one.vector,
      metadata: one.metadata,
      observedAt: EPOCH - i,
    }));
    const result = await mesh.settle(node.detections.push(items));
    if (result.accepted !== each) throw new Error('not all taken');
  }
  return [mesh, pushed];
}

const best = (pushed: readonly Pushed[], query: Float32Array, k: number): (readonly [string, number])[] =>
  pushed
    .map((one) => [one.hash, cosine(query, one.vector)] as const)
    .sort((a, b) => b[1] - a[1])
    .slice(0, k);

const at = (mesh: ServiceMesh, i: number): ServiceNode => mesh.nodes[i] as ServiceNode;

for (const linked of [false, true])
  test(`a mesh search equals an exact search over all nodes' vectors, ${linked ? 'replicated' : 'each with its own'}`, async (t) => {
    const [mesh, pushed] = await apart(linked ? 1 : 2, 4, 150);
    if (linked) {
      for (let i = 1; i < 4; i++) mesh.net.link(at(mesh, i - 1).net, at(mesh, i).net);
      t.true(await mesh.net.converge(60_000));
    }
    const random = seededRandom(99);
    for (const k of [1, 5, 10, 40]) {
      const near = pushed[random.below(pushed.length)] as Pushed;
      const query = vectorOf(random, DIMENSION).map((x, i) => 0.5 * x + (near.vector[i] as number));
      const answer = await mesh.settle(
        at(mesh, 0).search.search({ embedding: query, space: 'model', k, scope: 'mesh' }),
      );
      t.deepEqual([answer.asked, answer.answered, answer.nodes.length], [4, 4, 4]);
      const expected = best(pushed, query, k);
      t.deepEqual(
        answer.results.map((result) => result.hash),
        expected.map(([name]) => name),
      );
      for (const [i, result] of answer.results.entries()) {
        t.is(result.scoredFrom, 'exact');
        t.true(Math.abs((result.score ?? 0) - (expected[i]?.[1] ?? 9)) < 1e-6);
      }
    }
  });

test('a local search is exact over what was pushed here, filters included', async (t) => {
  const [mesh, pushed] = await apart(3, 1, 400);
  const { search } = at(mesh, 0);
  const query = vectorOf(seededRandom(5), DIMENSION);
  const names = async (request: object) =>
    (await mesh.settle(search.search({ embedding: query, space: 'model', k: 7, ...request }))).results.map(
      (r) => r.hash,
    );
  const expected = (passes: (one: Pushed, i: number) => boolean) =>
    best(pushed.filter(passes), query, 7).map(([name]) => name);
  t.deepEqual(
    await names({}),
    expected(() => true),
  );
  t.deepEqual(
    await names({ type: 'car' }),
    expected((one) => one.type === 'car'),
  );
  t.deepEqual(
    await names({ metadata: { floor: 3 } }),
    expected((one) => one.metadata.floor === 3),
  );
  t.deepEqual(
    await names({ sinceAt: EPOCH - 9 }),
    expected((_, i) => i <= 9),
  );
  t.deepEqual(
    await names({ untilAt: EPOCH - 395 }),
    expected((_, i) => i >= 395),
  );
  t.deepEqual(await names({ metadata: { floor: 'three' } }), []);
  t.deepEqual(await names({ type: 'unheard of' }), []);
  t.deepEqual(
    await names({ node: pushed[0]?.node }),
    expected(() => true),
  );
  t.deepEqual(await names({ node: '0000000000000000' }), []);
});

test('a search like a known detection finds that one first, on its origin and where only int8 is held', async (t) => {
  const [mesh, pushed] = await apart(4, 2, 60);
  mesh.net.link(at(mesh, 0).net, at(mesh, 1).net);
  t.true(await mesh.net.converge(20_000));
  const one = pushed[3] as Pushed;
  for (const node of mesh.nodes) {
    const answer = await mesh.settle(node.search.search({ like: one.hash, k: 3, scope: 'mesh' }));
    t.is(answer.results[0]?.hash, one.hash);
    t.true((answer.results[0]?.score ?? 0) > 0.999);
    t.deepEqual(answer.results[0]?.metadata, one.metadata);
  }
  const local = await mesh.settle(at(mesh, 1).search.search({ like: one.hash, k: 1 }));
  t.is(local.results[0]?.scoredFrom, 'int8');
});

test('without a vector the newest of all nodes come first', async (t) => {
  const [mesh] = await apart(5, 3, 20);
  const answer = await mesh.settle(
    at(mesh, 1).search.search({ scope: 'mesh', k: 7, metadata: { floor: 1 }, type: 'person' }),
  );
  t.deepEqual(
    answer.results.map((result) => EPOCH - result.observedAt),
    [1, 1, 1, 5, 5, 5, 13],
  );
  t.is(answer.results[0]?.score, undefined);
  t.is(answer.answered, 3);
});

test('at the deadline the answer says who was asked and who answered', async (t) => {
  const [mesh, pushed] = await apart(6, 3, 30);
  at(mesh, 2).hears = false;
  const query = vectorOf(seededRandom(6), DIMENSION);
  const before = mesh.net.now;
  const answer = await mesh.settle(
    at(mesh, 0).search.search({ embedding: query, space: 'model', k: 5, scope: 'mesh', timeoutMs: 800 }),
  );
  t.true(mesh.net.now - before <= 810);
  t.deepEqual([answer.asked, answer.answered], [3, 2]);
  t.deepEqual(
    answer.nodes.filter(({ answered }) => !answered).map(({ nodeId }) => nodeId),
    [at(mesh, 2).net.id],
  );
  const reachable = pushed.filter(({ node }) => node !== at(mesh, 2).net.id);
  t.deepEqual(
    answer.results.map((result) => result.hash),
    best(reachable, query, 5).map(([name]) => name),
  );
});

test('an erased detection is not found again through a node that has not heard of the erase', async (t) => {
  const [mesh, pushed] = await apart(7, 2, 10);
  mesh.net.link(at(mesh, 0).net, at(mesh, 1).net);
  t.true(await mesh.net.converge(10_000));
  mesh.net.unlink(at(mesh, 0).net, at(mesh, 1).net);
  const one = pushed[15] as Pushed;
  await mesh.settle(at(mesh, 0).detections.erase(one.hash));
  const answer = await mesh.settle(
    at(mesh, 0).search.search({ embedding: one.vector, space: 'model', k: 20, scope: 'mesh' }),
  );
  t.is(answer.results.length, 19);
  t.false(answer.results.some((result) => result.hash === one.hash));
});

const REFUSED: readonly (readonly [string, object])[] = [
  ['search.embedding.dimension', { embedding: [1] }],
  ['search.embedding.nan', { embedding: Array.from({ length: 512 }, () => Number.NaN) }],
  ['search.embedding.zero', { embedding: new Float32Array(512) }],
  ['search.embedding.type', { embedding: 'x' }],
  ['detection.space', { embedding: [1], space: 'other' }],
  ['search.like', { like: hash('nobody') }],
  ['search.like', { like: 'xyz' }],
  ['search.like', { like: hash('plain') }],
  ['search.k', { k: 0 }],
  ['search.k', { k: 1_001 }],
  ['search.type', { type: '' }],
  ['search.node', { node: 'ABC' }],
  ['search.sinceAt', { sinceAt: -1 }],
  ['search.untilAt', { untilAt: Number.NaN }],
  ['search.metadata', { metadata: [] }],
  ['search.scope', { scope: 'all' }],
  ['search.timeoutMs', { timeoutMs: 60_001 }],
  ['search.field', { limit: 5 }],
];

test('each request that cannot be answered is refused by code', async (t) => {
  const mesh = new ServiceMesh(8, SPACES);
  const node = mesh.add();
  await mesh.settle(node.detections.push([{ hash: hash('plain'), type: 'a' }]));
  for (const [code, request] of REFUSED) {
    const error = await t.throwsAsync(node.search.search(request as never));
    t.is((error as unknown as { code: string }).code, code, JSON.stringify(request));
  }
});

test('searches under way are bounded, and the next one is served when one ends', async (t) => {
  const [mesh] = await apart(9, 2, 5);
  at(mesh, 1).hears = false;
  const { search } = at(mesh, 0);
  const running = Array.from({ length: MAX_SEARCHES }, () => search.search({ scope: 'mesh', timeoutMs: 100 }));
  const error = await t.throwsAsync(search.search({}));
  t.is((error as unknown as { code: string }).code, 'search.busy');
  await mesh.settle(Promise.all(running));
  t.is((await mesh.settle(search.search({ k: 3 }))).results.length, 3);
  t.deepEqual(search.counts(), { local: 1, mesh: MAX_SEARCHES });
});

test('malformed bodies from strangers are counted and never throw', async (t) => {
  const [mesh] = await apart(10, 1, 5);
  const node = at(mesh, 0);
  const types = [FrameType.SearchQuery, FrameType.SearchAnswer, FrameType.ScoreRequest, FrameType.ScoreAnswer];
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 200 }), (type, body) => {
      const id = '00'.repeat(14) as MessageId;
      const source = '1111111111111111' as NodeId;
      node.deliver(type, { id, source, body, hops: 1, priority: Priority.Medium, directed: true });
    }),
    { numRuns: 2_000 },
  );
  await mesh.net.run(10);
  t.true((node.counts.get('search.malformed') ?? 0) > 100);
  t.is((await mesh.settle(node.search.search({}))).results.length, 5);
});
