import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { agree, around, fieldOf, Moves, segmentsOf } from './segment-lab.js';
import type { SimNode } from './sim-node.js';
import { grid, type Pair } from './topologies.js';
import { World } from './world.js';

const AIR = { loss: 0.01, delayMinMs: 1, delayMaxMs: 5 };

/** Heads and how many follow them, for a failed assertion. */
const told = (world: World): string =>
  [...segmentsOf(world)]
    .map(([head, nodes]) => `${head ? world.indexOf(head) : 'none'}: ${nodes.length}${agree(nodes) ? '' : ' differ'}`)
    .join(', ');

test.serial('a mesh below the limit is whole, and says nothing of segments', async (t) => {
  const world = new World({ seed: 1, nodes: 16, segmentNodes: 16, carriers: [{ pairs: grid(4, 4), air: AIR }] });
  world.start();
  await world.run(30_000);
  for (const { mesh } of world.nodes) {
    t.false(mesh.segments.isSplit);
    t.is(mesh.segments.view(), undefined);
    t.is(mesh.peers.size, 15);
  }
  t.true(agree(world.running()));
});

for (const [seed, nodes, most] of [
  [3, 44, 12],
  [7, 60, 16],
  [12, 90, 24],
] as const) {
  test.serial(
    `${nodes} nodes strewn about are each in one segment, none too large, and all of a segment agree (${seed})`,
    async (t) => {
      const { world } = fieldOf(seed, nodes, most);
      world.start();
      await world.run(120_000);
      const segments = segmentsOf(world);
      t.false(segments.has(undefined), told(world));
      t.true(segments.size >= nodes / most && segments.size <= (3.5 * nodes) / most, told(world));
      for (const [head, members] of segments) {
        t.true(members.length <= 1.2 * most, told(world));
        t.true(
          members.some(({ id }) => id === head),
          'a head is in its own segment',
        );
        t.true(agree(members), told(world));
        for (const { mesh } of members) {
          for (const { id } of members) if (id !== mesh.context.self.id) t.true(mesh.peers.isAlive(id));
          t.true(mesh.states.size <= 2 * most, 'and not all the others');
          t.like(mesh.segments.view(), { segments: segments.size, nodes });
        }
      }
      const moves = new Moves(world);
      for (let i = 0; i < 12; i++) {
        await world.run(10_000);
        moves.look();
      }
      t.is(moves.count, 0, 'where nothing changes nobody moves');
    },
  );
}

test.serial('messages reach every node of every segment, and one node of another', async (t) => {
  const nodes = 44;
  const { world } = fieldOf(3, nodes, 12);
  const got = new Map<string, Set<number>>();
  const outcomes = new Map<string, string>();
  world.watch({
    delivered: (node, { id }) => void got.set(id, (got.get(id) ?? new Set()).add(node.index)),
    outcome: (_node, id, outcome) => void outcomes.set(id, outcome),
  });
  world.start();
  await world.run(90_000);
  const broadcast = world.broadcast(0);
  const sent = [7, 19, 33, 40].map((to) => [world.send((to + 20) % nodes, to), to] as const);
  await world.run(15_000);
  t.is(got.get(broadcast)?.size, nodes - 1);
  for (const [id, to] of sent) {
    t.is(outcomes.get(id), 'delivered');
    t.deepEqual([...(got.get(id) ?? [])], [to]);
  }
});

test.serial('a segment whose head died has another before long', async (t) => {
  const nodes = 25;
  const world = new World({ seed: 5, nodes, segmentNodes: 8, carriers: [{ pairs: grid(5, 5), air: AIR }] });
  world.start();
  await world.run(60_000);
  const [head] = [...segmentsOf(world)].sort((a, b) => b[1].length - a[1].length)[0] as [NodeId, unknown];
  world.crash(world.indexOf(head));
  await world.run(150_000);
  const after = segmentsOf(world);
  t.false(after.has(head));
  t.false(after.has(undefined), 'nobody is left without');
  for (const members of after.values()) t.true(agree(members), told(world));
});

test.serial('a mesh that has become small is whole again, and one of segments when the others come back', async (t) => {
  const nodes = 40;
  const { world, pairs } = fieldOf(9, nodes, 16);
  world.start();
  await world.run(60_000);
  t.true(segmentsOf(world).size > 2, told(world));
  const stay = around(pairs, 0, 9);
  for (let node = 0; node < nodes; node++) if (!stay.has(node)) world.crash(node);
  await world.run(240_000);
  for (const { mesh } of world.running()) {
    t.false(mesh.segments.isSplit, told(world));
    t.is([...mesh.peers.all()].filter((peer) => mesh.peers.isAlive(peer)).length, 8);
  }
  t.true(agree(world.running()));
  await world.run(120_000);
  for (const { mesh } of world.running()) t.false(mesh.segments.isSplit, 'it stays so');
  world.start();
  await world.run(120_000);
  const segments = segmentsOf(world);
  t.false(segments.has(undefined), told(world));
  for (const members of segments.values()) t.true(agree(members) && members.length <= 19, told(world));
});

test.serial('two halves that part are each in order, and together again', async (t) => {
  const { world, pairs } = fieldOf(11, 48, 16);
  world.start();
  await world.run(60_000);
  const half = around(pairs, 0, 24);
  world.partition([[...half], world.nodes.map(({ index }) => index).filter((index) => !half.has(index))]);
  await world.run(180_000);
  world.heal();
  await world.run(180_000);
  const segments = segmentsOf(world);
  t.false(segments.has(undefined), told(world));
  for (const members of segments.values()) t.true(agree(members), told(world));
});

test.serial('who has just come to a far segment gets a message before anybody there names it', async (t) => {
  for (const seed of [41, 42, 44]) {
    const { world, pairs } = fieldOf(seed, 60, 14);
    const outcomes = new Map<string, string>();
    world.watch({ outcome: (_node, id, outcome) => void outcomes.set(id, outcome) });
    world.start();
    await world.run(90_000);
    const headOf = (node: number): NodeId => world.node(node).mesh.segments.head as NodeId;
    const isLoose = (node: number): boolean =>
      around(
        pairs.filter((pair) => !pair.includes(node)),
        node === 0 ? 1 : 0,
        60,
      ).size === 59;
    const all = world.nodes.map(({ index }) => index);
    const walker = all.find((node) => headOf(node) !== world.node(node).id && isLoose(node)) as number;
    const distances = world.node(0).mesh.segments.map.distancesTo(headOf(walker));
    const distance = (node: number): number => distances.get(headOf(node)) ?? 0;
    const [far] = all.filter((node) => node !== walker).sort((a, b) => distance(b) - distance(a)) as [number];
    t.true(distance(far) > 2);
    for (const pair of pairs) if (pair.includes(walker)) world.cut(...pair);
    world.join(walker, far);
    await world.run(4_000);
    const from = all.find((node) => ![headOf(walker), headOf(far)].includes(headOf(node))) as number;
    const id = world.send(from, walker, { lifeMs: 8_000 });
    await world.run(10_000);
    t.is(outcomes.get(id), 'delivered', `seed ${seed}`);
  }
});

/** Two of this segment's border nodes and a node of another: what passes between the segments passes them. */
function abroad(world: World): { from: number; to: number } {
  const segments = [...segmentsOf(world)].sort((a, b) => b[1].length - a[1].length);
  const head = (at: number): number => world.indexOf(segments[at]?.[0] as NodeId);
  return { from: head(0), to: head(1) };
}

test.serial('a message to another segment arrives although the nodes at the border die on its way', async (t) => {
  const { world } = fieldOf(31, 48, 14);
  const outcomes = new Map<string, string>();
  world.watch({ outcome: (_node, id, outcome) => void outcomes.set(id, outcome) });
  world.start();
  await world.run(90_000);
  const { from, to } = abroad(world);
  const ways = world.node(from).mesh.segments.ways;
  t.true((ways.distanceTo(world.node(to).id) ?? 0) > 0, 'a way is known');
  const first = world.send(from, to);
  await world.run(5_000);
  t.is(outcomes.get(first), 'delivered');
  const { head } = world.node(from).mesh.segments;
  // Of those at the border every other one, but for what would cut the mesh.
  const border = world
    .running()
    .filter(
      ({ mesh }) => mesh.segments.head === head && (mesh.states.get(mesh.context.self.id)?.beyond ?? []).length > 0,
    )
    .map(({ index }) => index)
    .filter((index) => index !== from && index !== to);
  const sent = Array.from({ length: 5 }, () => world.send(from, to));
  for (const index of border.slice(0, Math.ceil(border.length / 3))) {
    world.crash(index);
    if (world.ground.latest.component[from] !== world.ground.latest.component[to]) world.start(index);
  }
  await world.run(30_000);
  for (const id of sent) t.is(outcomes.get(id), 'delivered', `${border}`);
});

test.serial('a message that is kept for a node of another segment is there when it is back', async (t) => {
  const { world } = fieldOf(33, 40, 14);
  const outcomes = new Map<string, string>();
  const got: string[] = [];
  world.watch({
    outcome: (_node, id, outcome) => void outcomes.set(id, outcome),
    delivered: (_node, { id }) => void got.push(id),
  });
  world.start();
  await world.run(90_000);
  const { from, to } = abroad(world);
  world.crash(to);
  await world.run(60_000);
  const id = world.send(from, to, { keep: true, lifeMs: 3_600_000 });
  await world.run(120_000);
  t.false(got.includes(id));
  world.start(to);
  await world.run(120_000);
  t.deepEqual(
    got.filter((each) => each === id),
    [id],
    'once',
  );
  t.is(outcomes.get(id), 'delivered');
});

test.serial('messages kept for nodes of a segment that was cut off are there soon after it is back', async (t) => {
  const world = new World({ seed: 1, nodes: 36, segmentNodes: 12, carriers: [{ pairs: grid(9, 4), air: AIR }] });
  const got: string[] = [];
  world.watch({ delivered: (_node, { id }) => void got.push(id) });
  world.start();
  await world.run(70_000);
  const [[, members]] = [...segmentsOf(world)].sort((a, b) => b[1].length - a[1].length) as [[NodeId, SimNode[]]];
  const inside = members.map(({ index }) => index);
  const outside = world.nodes.map(({ index }) => index).filter((index) => !inside.includes(index));
  world.partition([inside, outside]);
  await world.run(25_000);
  // The summaries of both sides go on naming the same members.
  const keep = { keep: true, lifeMs: 3_600_000 };
  const sent = outside.map((from) => world.send(from, inside[from % inside.length] as number, keep));
  sent.push(...inside.map((from) => world.send(from, outside[from % outside.length] as number, keep)));
  await world.run(40_000);
  t.deepEqual(got, []);
  world.heal();
  await world.run(30_000);
  t.deepEqual([...got].sort(), [...sent].sort(), 'each once');
});

test.serial('who walks about changes its segment, and nobody else does', async (t) => {
  const { world, pairs } = fieldOf(41, 44, 14);
  world.start();
  await world.run(120_000);
  const moves = new Moves(world);
  const { random } = world;
  const heads = new Set([...segmentsOf(world).keys()].map((head) => world.indexOf(head as NodeId)));
  // Nobody hangs by them.
  const isLoose = (node: number): boolean => {
    const rest = pairs.filter((pair) => !pair.includes(node));
    return around(rest, node === 0 ? 1 : 0, 44).size === 43;
  };
  const walker = world.nodes.map(({ index }) => index).find((index) => !heads.has(index) && isLoose(index)) as number;
  const others = pairs.filter((pair) => !pair.includes(walker));
  const walks = 6;
  let near = pairs.filter((pair) => pair.includes(walker));
  for (let i = 0; i < walks; i++) {
    for (const [a, b] of near) world.cut(a, b);
    const [a, b] = others[random.below(others.length)] as Pair;
    near = [
      [walker, a],
      [walker, b],
    ];
    world.join(walker, a);
    world.join(walker, b);
    await world.run(40_000);
    moves.look();
  }
  t.true(moves.count <= walks + 2, `${moves.count} moves`);
  await world.run(60_000);
  t.false(segmentsOf(world).has(undefined), told(world));
  for (const members of segmentsOf(world).values()) t.true(agree(members), told(world));
});
