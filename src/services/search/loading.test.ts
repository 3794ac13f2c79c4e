import test from 'ava';
import { toHex } from '../../core/bytes.js';
import { nodeCrypto } from '../../system/node-crypto.js';
import { seededRandom } from '../../system/seeded-random.js';
import { ServiceMesh, type ServiceNode, vectorOf } from '../../testing/service-mesh.js';
import { hashNamed } from '../../testing/weave-net.js';
import type { FillingSource } from '../candidate-source.js';
import { loadedWithin } from './loaded-within.js';
import { LOAD_WAIT_MS, Search } from './search.js';

const DIMENSION = 16;
const COUNT = 1_100;

/** A node that has just been started again on what it holds; its index is still empty. */
async function restarted(): Promise<[ServiceMesh, ServiceNode, Float32Array]> {
  const mesh = new ServiceMesh(5, [{ name: 'model', dimension: DIMENSION }]);
  const node = mesh.add();
  const random = seededRandom(5);
  const items = Array.from({ length: COUNT }, (_, i) => ({
    hash: toHex(hashNamed(i)),
    type: 'a',
    space: 'model',
    embedding: vectorOf(random, DIMENSION),
  }));
  await mesh.settle(node.detections.push(items));
  mesh.net.crash(node.net);
  mesh.nodes.splice(0, 1);
  return [mesh, mesh.serve(node.net), vectorOf(random, DIMENSION)];
}

const request = (vector: Float32Array) => ({ space: 'model', embedding: vector, k: 3 });

test('a search during a start waits for the index, and then says nothing of it', async (t) => {
  const [mesh, node, vector] = await restarted();
  t.is(node.keeper.loaded, 0);
  const asked = node.search.search(request(vector));
  await mesh.settle(node.keeper.load());
  t.is(node.keeper.loaded, 1);
  const answer = await mesh.settle(asked);
  t.is(answer.results.length, 3);
  t.false('loaded' in answer);
  t.true(answer.tookMs < LOAD_WAIT_MS);
});

test('an index that takes longer than a search may wait: the answer says what share was compared', async (t) => {
  const [mesh, node, vector] = await restarted();
  const before = mesh.net.now;
  const none = await mesh.settle(node.search.search(request(vector)));
  t.is(none.loaded, 0);
  t.deepEqual(none.results, []);
  t.true(mesh.net.now - before >= LOAD_WAIT_MS);
  const hasty = await mesh.settle(node.search.search({ ...request(vector), timeoutMs: 40 }));
  t.true(hasty.tookMs < 100, 'at most half of its own time');
  const loading = node.keeper.load();
  t.true(node.keeper.loaded > 0.4 && node.keeper.loaded < 0.6, `${node.keeper.loaded} after the first page`);
  await mesh.settle(loading);
  t.false('loaded' in (await mesh.settle(node.search.search(request(vector)))));
});

test('in the mesh, too, the answer says what share of the own part was compared', async (t) => {
  const [mesh, node, vector] = await restarted();
  await mesh.settle(node.keeper.load());
  const { keeper, records, spaces, clock } = node;
  const source: FillingSource = {
    loaded: 0.25,
    whenLoaded: () => new Promise(() => undefined),
    size: (space) => keeper.size(space),
    search: (space, query, options) => keeper.search(space, query, options),
  };
  const counted = () => undefined;
  const search = new Search({ mesh: node.mesh, records, spaces, source, clock, crypto: nodeCrypto(), counted });
  const answer = await mesh.settle(search.search({ ...request(vector), scope: 'mesh' }));
  t.is(answer.loaded, 0.25);
  t.is(answer.results.length, 3);
  search.close();
});

test('newest first needs no index, and an empty node nothing to load', async (t) => {
  const [mesh, node] = await restarted();
  const answer = await mesh.settle(node.search.search({ k: 3 }));
  t.is(answer.results.length, 3);
  t.false('loaded' in answer);
  t.is(mesh.add().keeper.loaded, 1);
});

test('a node that loads is silent to others rather than answering a part for the whole', async (t) => {
  const [mesh, node, vector] = await restarted();
  const other = mesh.add();
  const early = await mesh.settle(other.search.search({ ...request(vector), scope: 'mesh', timeoutMs: 300 }));
  t.deepEqual([early.asked, early.answered], [2, 1]);
  await mesh.net.run(500);
  t.is(node.counts.get('search.loading'), 1);
  const asked = other.search.search({ ...request(vector), scope: 'mesh' });
  await mesh.net.run(50);
  await mesh.settle(node.keeper.load());
  const late = await mesh.settle(asked);
  t.deepEqual([late.asked, late.answered, late.results.length], [2, 2, 3]);
});

test('the share is never rounded up to all', async (t) => {
  const [mesh, node] = await restarted();
  const source = { loaded: 0.9999, whenLoaded: () => Promise.resolve() };
  t.is(await mesh.settle(loadedWithin(source, node.clock, 10)), 0.999);
});
