import test from 'ava';
import { seededRandom } from '../../system/seeded-random.js';
import { ServiceMesh, type ServiceNode, vectorOf } from '../../testing/service-mesh.js';
import { hashNamed } from '../../testing/weave-net.js';
import type { CandidateSource } from '../candidate-source.js';
import { cosine } from '../vectors.js';
import { LocalSearch } from './local-search.js';

const DIMENSION = 64;

async function filled(count: number): Promise<[ServiceNode, Float32Array]> {
  const mesh = new ServiceMesh(1, [{ name: 'model', dimension: DIMENSION }]);
  const node = mesh.add();
  const random = seededRandom(4);
  const items = Array.from({ length: count }, (_, i) => ({
    hash: Buffer.from(hashNamed(i)).toString('hex'),
    type: 'a',
    space: 'model',
    embedding: vectorOf(random, DIMENSION),
    metadata: { rare: i % 12 === 0 },
  }));
  const { accepted } = await mesh.settle(node.detections.push(items));
  if (accepted !== count) throw new Error('not all taken');
  return [node, vectorOf(random, DIMENSION)];
}

test('a score that the index has from the exact vector is told as exact and not worked out again', async (t) => {
  const [node, vector] = await filled(20);
  const { keeper, records, clock, spaces } = node;
  const exactly: CandidateSource = {
    size: (space) => keeper.size(space),
    search: async (space, query, options) => {
      const { keys, scores } = await keeper.search(space, query, options);
      return { keys, scores: scores.map((score) => score / 2), exact: Uint8Array.from(keys, (_, i) => i % 2) };
    },
  };
  const query = { space: spaces.get('model'), vector };
  const plain = await new LocalSearch(records.view, keeper, clock).candidates(query, {}, 20, { rescore: true });
  const halved = await new LocalSearch(records.view, exactly, clock).candidates(query, {}, 20, { rescore: true });
  t.is(halved.length, 20);
  for (const found of halved) {
    const score = plain.find(({ key }) => key === found.key)?.score as number;
    t.is(found.scoredFrom, 'exact', 'all were pushed here');
    t.true([score, score / 2].some((expected) => Math.abs((found.score as number) - expected) < 1e-3));
  }
  t.is(halved.filter(({ key, score }) => plain.some((one) => one.key === key && one.score === score)).length, 10);
});

test('what a wider pool finds in front of what a smaller one gave is found, and nothing twice', async (t) => {
  const [node, vector] = await filled(300);
  const { keeper, records, clock, spaces } = node;
  let searches = 0;
  const narrow: CandidateSource = {
    size: (space) => keeper.size(space),
    // As many hits as are asked for, but a small pool misses the seven best.
    search: async (space, query, options) => {
      searches++;
      const missed = options.k < 290 ? 7 : 0;
      const { keys, scores, exact } = await keeper.search(space, query, { ...options, k: options.k + missed });
      return { keys: keys.slice(missed), scores: scores.slice(missed), exact: exact.slice(missed) };
    },
  };
  const query = { space: spaces.get('model'), vector };
  const filter = { metadata: { rare: true } };
  const truth = await new LocalSearch(records.view, keeper, clock).candidates(query, filter, 20, { rescore: true });
  const found = await new LocalSearch(records.view, narrow, clock).candidates(query, filter, 20, { rescore: true });
  t.is(searches, 2);
  t.true(truth.length >= 20);
  t.deepEqual(
    found.map(({ key }) => key),
    truth.map(({ key }) => key),
  );
});

test('a crowd of near ties widens the pool, so that the exact best are found among them', async (t) => {
  const mesh = new ServiceMesh(3, [{ name: 'model', dimension: DIMENSION }]);
  const node = mesh.add();
  const random = seededRandom(9);
  const vector = vectorOf(random, DIMENSION);
  // So close together that their int8 scores say nothing of their order.
  const crowd = Array.from({ length: 200 }, () =>
    vectorOf(random, DIMENSION).map((x, i) => 0.004 * x + (vector[i] as number)),
  );
  const items = crowd.map((embedding, i) => ({
    hash: Buffer.from(hashNamed(i)).toString('hex'),
    type: 'a',
    space: 'model',
    embedding,
  }));
  t.is((await mesh.settle(node.detections.push(items))).accepted, crowd.length);
  const query = { space: node.spaces.get('model'), vector };
  const local = new LocalSearch(node.records.view, node.keeper, node.clock);
  const found = await local.candidates(query, {}, 5, { rescore: true, most: 5 });
  const truth = crowd.map((one) => cosine(vector, one)).sort((a, b) => b - a);
  t.deepEqual(
    found.map(({ score }) => score),
    truth.slice(0, 5),
  );
  t.is((await local.candidates(query, {}, 5)).length, crowd.length, 'others may know better who is best');
});

test('of two bodies, one gone between index and store, the other is told', async (t) => {
  const [node, vector] = await filled(30);
  const { keeper, records, clock, spaces } = node;
  const query = { space: spaces.get('model'), vector };
  const all = await new LocalSearch(records.view, keeper, clock).candidates(query, {}, 30, { rescore: true });
  const gone = all[1]?.key;
  const view = new Proxy(records.view, {
    get: (target, name) => {
      if (name === 'content') return (key: bigint) => (key === gone ? undefined : target.content(key));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const found = await new LocalSearch(view, keeper, clock).candidates(query, {}, 3, { rescore: true, most: 3 });
  t.deepEqual(
    found.map(({ key }) => key),
    [all[0], all[2], all[3]].map((one) => one?.key),
  );
});
