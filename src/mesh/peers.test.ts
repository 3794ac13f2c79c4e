import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { at, nodeNamed, testContext } from '../testing/builders.js';
import { Peers } from './peers.js';
import type { Routing } from './routing.js';

const [A, B, C] = [1, 2, 3].map(nodeNamed) as [NodeId, NodeId, NodeId];

function setup(limit = 100) {
  const context = testContext({ timing: { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 100_000 } });
  const reachable = new Map<NodeId, unknown>();
  const forgotten: [NodeId, boolean][] = [];
  const routing = { reachable: () => new Map(reachable) } as unknown as Routing;
  const peers = new Peers(context, routing, limit, (node, aged) => void forgotten.push([node, aged]));
  const changes = (): string[] =>
    context.effects.splice(0).map((effect) => (effect.kind === 'peer' ? `${effect.change} ${effect.node}` : ''));
  return { context, peers, reachable, forgotten, changes };
}

test('a node joins when it is heard of, and is alive while it can be reached', (t) => {
  const { peers, reachable, changes } = setup();
  peers.heardOf(A, at(0));
  peers.heardOf(A, at(1));
  t.deepEqual(changes(), [`joined ${A}`]);
  t.false(peers.isAlive(A));
  reachable.set(A, { hops: 1 });
  peers.refresh(at(2));
  peers.refresh(at(3));
  t.deepEqual(changes(), [`alive ${A}`]);
  reachable.clear();
  peers.refresh(at(4));
  t.deepEqual(changes(), [`offline ${A}`]);
  t.deepEqual(peers.lastSeen(A), at(1), 'a neighbour is seen when it is heard');
});

test('a node beyond the neighbours is seen as long as others name it', (t) => {
  const { peers, reachable } = setup();
  peers.heardOf(A, at(1));
  reachable.set(A, { hops: 2 });
  peers.refresh(at(3));
  reachable.clear();
  peers.refresh(at(4));
  t.deepEqual(peers.lastSeen(A), at(3));
});

test('who can be reached was heard of', (t) => {
  const { peers, reachable, changes } = setup();
  reachable.set(B, {});
  peers.refresh(at(0));
  t.deepEqual(changes(), [`joined ${B}`, `alive ${B}`]);
});

test('a node does not know itself', (t) => {
  const { context, peers, changes } = setup();
  peers.heardOf(context.self.id, at(0));
  t.deepEqual(changes(), []);
});

test('who was offline for long is forgotten, who is alive never', (t) => {
  const { peers, reachable, forgotten, changes } = setup();
  reachable.set(A, {});
  peers.heardOf(B, at(0));
  for (let now = 0; now <= 200_000; now += 1_000) peers.refresh(at(now));
  t.deepEqual(forgotten, [[B, true]]);
  t.true(changes().includes(`forgotten ${B}`));
  t.true(peers.isAlive(A));
});

test('beyond the limit a new node takes the place of the longest offline, and none when all are alive', (t) => {
  const { context, peers, reachable, forgotten } = setup(2);
  peers.heardOf(A, at(0));
  peers.heardOf(B, at(1));
  peers.heardOf(C, at(2));
  t.deepEqual(forgotten, [[A, true]]);
  reachable.set(B, {}).set(C, {});
  peers.refresh(at(3));
  peers.heardOf(A, at(4));
  t.deepEqual([...peers.all()].sort(), [B, C]);
  t.is(context.refused('peer.limit'), 1);
});

test('a person can have a node forgotten', (t) => {
  const { peers, forgotten } = setup();
  peers.heardOf(A, at(0));
  t.true(peers.forget(A, false, at(0)));
  t.false(peers.forget(A, false, at(0)));
  t.deepEqual(forgotten, [[A, false]]);
});
