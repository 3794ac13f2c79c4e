import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { strewn } from './experiments/sim-speed.js';
import { grid } from './topologies.js';
import { World } from './world.js';

const AIR = { loss: 0.01, delayMinMs: 1, delayMaxMs: 5 };

/** By head: the numbers of its nodes. */
function segmentsOf(world: World): Map<NodeId | undefined, number[]> {
  const segments = new Map<NodeId | undefined, number[]>();
  for (const { index, mesh } of world.running()) {
    const { head } = mesh.segments;
    segments.set(head, [...(segments.get(head) ?? []), index]);
  }
  return segments;
}

test('a mesh below the limit is whole, and says nothing of segments', async (t) => {
  const world = new World({ seed: 1, nodes: 16, segmentNodes: 16, carriers: [{ pairs: grid(4, 4), air: AIR }] });
  world.start();
  await world.run(30_000);
  for (const { mesh } of world.nodes) {
    t.false(mesh.segments.isSplit);
    t.is(mesh.segments.view(), undefined);
    t.is(mesh.peers.size, 15);
  }
  t.is(new Set(world.nodes.map(({ mesh }) => mesh.digest())).size, 1);
});

test('a mesh above the limit splits; within a segment all agree, and messages reach every node of every segment', async (t) => {
  const nodes = 44;
  const world = new World({ seed: 3, nodes, segmentNodes: 12, carriers: [{ pairs: strewn(3, nodes), air: AIR }] });
  const got = new Map<string, Set<number>>();
  const outcomes = new Map<string, string>();
  world.watch({
    delivered: (node, { id }) => void got.set(id, (got.get(id) ?? new Set()).add(node.index)),
    outcome: (_node, id, outcome) => void outcomes.set(id, outcome),
  });
  world.start();
  await world.run(90_000);
  const segments = segmentsOf(world);
  t.false(segments.has(undefined), 'every node is in one');
  t.true(segments.size >= 3 && segments.size <= 15, `${segments.size} segments`);
  for (const [head, members] of segments) {
    t.true(members.length <= 18, `${members.length} nodes in one`);
    t.true(members.includes(world.indexOf(head as NodeId)), 'a head is in its own segment');
    t.is(
      new Set(members.map((index) => world.node(index).mesh.digest())).size,
      1,
      `${members.length} of ${head} agree`,
    );
    for (const index of members) {
      const { mesh } = world.node(index);
      for (const other of members)
        if (other !== index) t.true(mesh.peers.isAlive(world.node(other).id), `${index} knows ${other} of its segment`);
      t.true([...mesh.states.all()].length <= 24, 'and not all the others');
      t.like(mesh.segments.view(), { segments: segments.size, nodes });
    }
  }
  const broadcast = world.broadcast(0);
  const sent = [7, 19, 33, 40].map((to) => [world.send((to + 20) % nodes, to), to] as const);
  await world.run(15_000);
  t.is(got.get(broadcast)?.size, nodes - 1);
  for (const [id, to] of sent) {
    t.is(outcomes.get(id), 'delivered');
    t.deepEqual([...(got.get(id) ?? [])], [to]);
  }
});

test('a segment whose head died has another before long', async (t) => {
  const nodes = 25;
  const world = new World({ seed: 5, nodes, segmentNodes: 8, carriers: [{ pairs: grid(5, 5), air: AIR }] });
  world.start();
  await world.run(60_000);
  const before = segmentsOf(world);
  const [head] = [...before].sort((a, b) => b[1].length - a[1].length)[0] as [NodeId, number[]];
  world.crash(world.indexOf(head));
  await world.run(150_000);
  const after = segmentsOf(world);
  t.false(after.has(head));
  t.false(after.has(undefined), 'nobody is left without');
  for (const [, members] of after)
    t.is(new Set(members.map((index) => world.node(index).mesh.digest())).size, 1, 'they agree');
});
