import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { at, nodeNamed, snapshotOf, TEST_EPOCH_MS } from '../testing/builders.js';
import { AirWitness, AUTHORS_MAX } from './air-witness.js';

const [A, B, X] = [2, 3, 9].map(nodeNamed) as [NodeId, NodeId, NodeId];
const SLOW = 60_000;

/** A and B name X, as they said in their states at first. */
function setup(cost = SLOW) {
  const state = (author: NodeId, updatedAtMs: number) =>
    snapshotOf(author, { neighbours: [{ node: X, cost, radio: 'lora' }], updatedAtMs });
  const states = new Map([A, B].map((node) => [node, state(node, TEST_EPOCH_MS)]));
  const unheard = new Map<NodeId, readonly NodeId[]>();
  const witness = new AirWitness(
    {
      states: () => states.values(),
      stateOf: (node) => states.get(node),
      overrule: (node, nodes) => void unheard.set(node, [...nodes]),
    },
    (each) => each >= SLOW,
  );
  return {
    witness,
    says: (author: NodeId, ...named: NodeId[]) => witness.listed(author, (node) => named.includes(node)),
    stated: (author: NodeId, now: number) => {
      states.set(author, state(author, at(now).wall));
      witness.stated(states.get(author) as ReturnType<typeof state>);
    },
    vouches: (author: NodeId): boolean => !(unheard.get(author) ?? []).includes(X),
  };
}

test('a node that two lists in a row leave out is no longer named by their author', (t) => {
  const { says, vouches } = setup();
  says(A, X);
  t.true(vouches(A));
  says(A);
  t.true(vouches(A), 'one list may have been unlucky');
  says(A);
  t.false(vouches(A));
  t.true(vouches(B));
  says(A, X);
  t.true(vouches(A));
});

test('a node that is missed here, too, is vouched for by no list that leaves it out, and by no state from before', (t) => {
  const { witness, says, vouches } = setup();
  says(A);
  t.true(vouches(A));
  witness.lost(X, at(100_000));
  t.false(vouches(A));
  t.false(vouches(B), 'beyond earshot');
  says(B, X);
  t.true(vouches(B), 'who hears it says so');
  witness.back(X);
  t.true(vouches(A));
});

test('a state that was made long enough after a node was given up counts, one that only came late does not', (t) => {
  const { witness, stated, vouches } = setup();
  witness.lost(X, at(1_000_000));
  stated(A, 900_000);
  t.false(vouches(A));
  stated(A, 1_030_000);
  t.false(vouches(A), 'it may be as slow to miss it');
  stated(A, 1_200_000);
  t.true(vouches(A));
});

test('a new state of the node itself brings it back', (t) => {
  const { witness, stated, vouches } = setup();
  witness.lost(X, at(1_000_000));
  t.false(vouches(B));
  stated(X, 1_000_001);
  t.true(vouches(B));
});

test('edges too cheap to be over slow air are no concern of its lists', (t) => {
  const { witness, says, vouches } = setup(SLOW - 1);
  says(A);
  says(A);
  witness.lost(X, at(100_000));
  t.true(vouches(A));
  t.true(vouches(B));
});

test('of whom a node hears that is gone itself its lists say nothing more', (t) => {
  const { witness, says, vouches } = setup();
  says(A);
  says(A);
  t.false(vouches(A));
  witness.lost(A, at(1_000));
  t.true(vouches(A));
});

test('authors of lists are bounded, however many names somebody makes up', (t) => {
  const { says, vouches, witness } = setup();
  says(A);
  says(A);
  t.false(vouches(A));
  for (let i = 0; i < AUTHORS_MAX; i++) says(nodeNamed(100 + i));
  t.is(witness.size, AUTHORS_MAX);
  t.true(vouches(A), 'what its lists said is forgotten');
});
