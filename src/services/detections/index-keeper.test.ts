import test from 'ava';
import { createHotPath } from '../../native/hot-path.js';
import { type HotPath, HotPathKind, type IndexOptions } from '../../ports/hot-path.js';
import { seededRandom } from '../../system/seeded-random.js';
import { ServiceMesh, vectorOf } from '../../testing/service-mesh.js';
import { hashNamed } from '../../testing/weave-net.js';
import { IndexKeeper } from './index-keeper.js';

const MEAN = Array.from({ length: 128 }, (_, i) => i / 10_000);
const SPACES = [
  { name: 'plain', dimension: 128, rotationSeed: 5 },
  { name: 'about', dimension: 128, mean: MEAN },
];

/** The twin, called another kind if wanted, that tells which searches it was asked for; `size` may be made up. */
function watched(kind: HotPathKind, size?: number) {
  const options: IndexOptions[] = [];
  const searches: string[] = [];
  const twin = createHotPath({ kind: 'js' });
  const hotPath: Pick<HotPath, 'index' | 'kind'> = {
    kind,
    index: (asked) => {
      options.push(asked);
      const index = twin.index(asked);
      return new Proxy(index, {
        get: (target, name) => {
          if (name === 'size' && size !== undefined) return size;
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          if (name === 'search' || name === 'searchAsync') searches.push(name);
          return value.bind(target);
        },
      });
    },
  };
  return { hotPath, options, searches };
}

async function keeperOn(kind: HotPathKind, size?: number) {
  const mesh = new ServiceMesh(3, SPACES);
  const { records, spaces, clock, detections } = mesh.add();
  const { hotPath, options, searches } = watched(kind, size);
  const keeper = new IndexKeeper({ hotPath, spaces, records, clock, capacity: 100_000 });
  const random = seededRandom(1);
  const item = (space: string) => ({
    hash: Buffer.from(hashNamed(space)).toString('hex'),
    type: 'a',
    space,
    embedding: vectorOf(random, 128),
  });
  await mesh.settle(detections.push([item('plain'), item('about')]));
  const search = () => keeper.search(spaces.get('plain'), vectorOf(random, 128), { k: 3 });
  keeper.size(spaces.get());
  return { keeper, options, searches, search };
}

test('an index has the rotation of its space, and its mean where it has one', async (t) => {
  const { options } = await keeperOn(HotPathKind.Js);
  const plain = options.find(({ rotationSeed }) => rotationSeed === 5);
  const about = options.find(({ rotationSeed }) => rotationSeed === 0);
  t.is(options.length, 2);
  t.is(plain?.dimension, 128);
  t.is(plain?.mean, undefined);
  t.deepEqual(about?.mean, Float32Array.from(MEAN));
});

test('small indexes are searched at once, others beside other work, and the twin sooner than the addon', async (t) => {
  const expected: [HotPathKind, number | undefined, string][] = [
    [HotPathKind.Js, undefined, 'search'],
    [HotPathKind.Js, 8_192, 'search'],
    [HotPathKind.Js, 8_193, 'searchAsync'],
    [HotPathKind.Native, 8_193, 'search'],
    [HotPathKind.Native, 32_768, 'search'],
    [HotPathKind.Native, 32_769, 'searchAsync'],
  ];
  for (const [kind, size, which] of expected) {
    const { searches, search } = await keeperOn(kind, size);
    t.is((await search()).keys.length, 1);
    t.deepEqual(searches, [which], `${kind} ${size}`);
  }
});
