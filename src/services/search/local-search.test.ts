import test from 'ava';
import { seededRandom } from '../../system/seeded-random.js';
import { ServiceMesh, type ServiceNode, vectorOf } from '../../testing/service-mesh.js';
import { hashNamed } from '../../testing/weave-net.js';
import type { CandidateSource } from '../candidate-source.js';
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
