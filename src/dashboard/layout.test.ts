import test from 'ava';
import { type GraphNode, placeNodes, RING_MAX } from './layout.js';

const neighbour = (id: string): GraphNode => ({ id, hops: 1, via: id });
const behind = (id: string, via: string, hops: number): GraphNode => ({ id, hops, via });

/** The smallest distance between any two nodes, this one at 0, 0 included. */
function closest(nodes: readonly GraphNode[]): number {
  const places = [{ x: 0, y: 0 }, ...placeNodes(nodes).values()];
  let least = Number.POSITIVE_INFINITY;
  for (const [i, a] of places.entries()) {
    for (const b of places.slice(i + 1)) least = Math.min(least, Math.hypot(a.x - b.x, a.y - b.y));
  }
  return least;
}

test('a line of nodes is drawn as a line to the right', (t) => {
  const places = placeNodes([neighbour('a'), behind('b', 'a', 2), behind('c', 'b', 3)]);
  for (const [index, id] of ['a', 'b', 'c'].entries()) {
    t.true(Math.abs((places.get(id)?.x ?? 0) - index - 1) < 1e-9);
    t.true(Math.abs(places.get(id)?.y ?? 1) < 1e-9);
  }
});

test('every node has a place of its own, up to a large mesh', (t) => {
  for (const count of [1, 2, 5, 12, 20]) {
    const ring = Array.from({ length: count }, (_, i) => neighbour(`n${i}`));
    const second = Array.from({ length: count * 2 }, (_, i) => behind(`m${i}`, `n${i % count}`, 2));
    t.is(placeNodes([...ring, ...second]).size, count * 3);
    t.true(closest([...ring, ...second]) > 0.15, `${count} neighbours`);
  }
});

test('many nodes behind one neighbour spread out and do not run into each other', (t) => {
  const many = Array.from({ length: 9 }, (_, i) => behind(`m${i}`, 'a', 2));
  t.true(closest([neighbour('a'), neighbour('b'), ...many]) > 0.5);
});

test('far nodes, nodes without a path and nodes behind unknown ones are placed too', (t) => {
  const places = placeNodes([
    neighbour('a'),
    behind('far', 'a', 40),
    { id: 'lost', hops: 0, via: undefined },
    behind('odd', 'who', 2),
  ]);
  t.is(places.size, 4);
  const reach = [...places.values()].map(({ x, y }) => Math.hypot(x, y));
  t.true(reach.every((distance) => distance <= RING_MAX + 1e-9));
});

test('the same mesh is always drawn the same way', (t) => {
  const nodes = [neighbour('b'), neighbour('a'), behind('c', 'b', 2)];
  t.deepEqual(placeNodes(nodes), placeNodes(nodes));
  t.deepEqual(placeNodes([...nodes].reverse()).get('c'), placeNodes(nodes).get('c'));
});
