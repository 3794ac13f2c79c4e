import test from 'ava';
import { line } from '../topologies.js';
import { World } from '../world.js';
import { segmentFigures } from './segment-figures.js';

test('a mesh that is whole is one segment, two parts are two, and who holds what the others lack does not agree', async (t) => {
  const world = new World({ seed: 1, nodes: 6, carriers: [{ pairs: line(6) }] });
  world.start();
  await world.run(5_000);
  t.deepEqual(segmentFigures(world), { count: 1, largest: 6, agreement: 1 });
  world.patch(0, { fields: { fps: 3 } });
  await world.run(1);
  t.is(segmentFigures(world).agreement, 5 / 6, 'the others have not heard of it yet');
  world.partition([
    [0, 1],
    [2, 3, 4, 5],
  ]);
  await world.run(30_000);
  t.deepEqual(segmentFigures(world), { count: 2, largest: 4, agreement: 1 });
});
