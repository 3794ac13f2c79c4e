import test from 'ava';
import { HybridClock, hlcOf } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import { encodeSnapshot, type NodeSnapshot, NodeStates } from '../replication/node-state.js';
import { at, nodeNamed, sequences, snapshotOf, TEST_EPOCH_MS, testContext } from '../testing/builders.js';
import type { Beats } from './beats.js';
import type { Drip } from './drip.js';
import { type DripItem, DripKind } from './drip-items.js';
import { Links } from './links.js';
import { OwnState } from './own-state.js';
import { StateSpread } from './state-spread.js';

function setup() {
  const context = testContext();
  const clock = new HybridClock();
  const states = new NodeStates();
  const own = new OwnState(context, new Links(), { clock, name: 'n', version: '1' });
  const put: DripItem[] = [];
  const committed: number[] = [];
  const changed: NodeId[] = [];
  const buried = new Set<NodeId>();
  const held = new Map<NodeId, bigint>();
  const drip = {
    answerStale: (source: NodeId, rank: bigint) => (held.get(source) ?? 0n) > rank,
    put: (item: DripItem) => void put.push(item),
    isBuried: (_kind: number, source: NodeId) => buried.has(source),
  } as unknown as Drip;
  const beats = { originated: (sequence: number) => void committed.push(sequence) } as unknown as Beats;
  const spread = new StateSpread(
    context,
    { states, own, drip, beats, clock },
    { nextSequence: sequences(), isWelcome: () => true, changed: (snapshot) => void changed.push(snapshot.author) },
  );
  return { context, states, own, put, committed, changed, buried, held, spread };
}

const itemOf = (snapshot: NodeSnapshot): Omit<DripItem, 'rank'> => ({
  kind: DripKind.State,
  source: snapshot.author,
  saltHint: 1,
  sequence: 9,
  body: encodeSnapshot(snapshot),
});
const OTHER = nodeNamed(5);

test('our snapshot is put into drip, and a beat will answer for it', (t) => {
  const { context, spread, put, committed, changed, states } = setup();
  spread.tick(at(0));
  t.like(put[0], { source: context.self.id, kind: DripKind.State, sequence: 1 });
  t.is(put[0]?.rank, states.get(context.self.id)?.hlc);
  t.deepEqual(committed, [1]);
  t.deepEqual(changed, [context.self.id]);
  spread.tick(at(1));
  t.is(put.length, 1);
});

test('a newer snapshot of another is taken, an older or equal one is not', (t) => {
  const { spread, changed } = setup();
  const snapshot = snapshotOf(OTHER, { hlc: hlcOf(TEST_EPOCH_MS - 50) });
  t.is(spread.take(itemOf(snapshot), OTHER, at(0)), snapshot.hlc);
  t.is(spread.take(itemOf(snapshot), OTHER, at(0)), undefined);
  t.is(spread.take(itemOf({ ...snapshot, hlc: snapshot.hlc - 1n }), OTHER, at(0)), undefined);
  t.is(spread.take(itemOf({ ...snapshot, hlc: snapshot.hlc + 1n }), OTHER, at(0)), snapshot.hlc + 1n);
  t.deepEqual(changed, [OTHER, OTHER]);
});

test('a snapshot from the future is held back and counted, one that contradicts too', (t) => {
  const { context, spread, states } = setup();
  t.is(spread.take(itemOf(snapshotOf(OTHER, { hlc: hlcOf(TEST_EPOCH_MS + 600_000) })), OTHER, at(0)), undefined);
  t.is(context.refused('state.ahead'), 1);
  t.is(states.get(OTHER), undefined);
  const snapshot = snapshotOf(OTHER);
  spread.take(itemOf(snapshot), OTHER, at(0));
  spread.take(itemOf({ ...snapshot, counter: 99 }), OTHER, at(0));
  t.is(context.refused('state.conflict'), 1);
  t.is(states.get(OTHER)?.counter, snapshot.counter);
});

test('nonsense, and a snapshot under another name, are counted', (t) => {
  const { context, spread } = setup();
  spread.take({ ...itemOf(snapshotOf(OTHER)), body: Uint8Array.of(255) }, OTHER, at(0));
  spread.take({ ...itemOf(snapshotOf(OTHER)), source: nodeNamed(6) }, OTHER, at(0));
  t.is(context.refused('state.malformed'), 2);
});

test('what was forgotten is not taken back', (t) => {
  const { context, spread, buried, states } = setup();
  buried.add(OTHER);
  t.is(spread.take(itemOf(snapshotOf(OTHER)), OTHER, at(0)), undefined);
  t.is(context.refused('state.forgotten'), 1);
  t.is(states.get(OTHER), undefined);
});

test('a snapshot older than the one passed on last changes nothing, though its node has been let go', (t) => {
  const { spread, held, states } = setup();
  const snapshot = snapshotOf(OTHER);
  held.set(OTHER, snapshot.hlc + 1n);
  t.is(spread.take(itemOf(snapshot), OTHER, at(0)), undefined);
  t.is(states.get(OTHER), undefined);
});

test('our own words of an earlier start, newer than our clock, make us speak again, later than that', (t) => {
  const { context, spread, put } = setup();
  spread.tick(at(0));
  const earlier = snapshotOf(context.self.id, { hlc: hlcOf(TEST_EPOCH_MS + 60_000), counter: 3 });
  t.is(spread.take(itemOf(earlier), OTHER, at(10)), undefined, 'nobody else’s words are ours');
  spread.tick(at(100));
  t.is(put.length, 2);
  t.true((put[1]?.rank as bigint) > earlier.hlc);
  const absurd = snapshotOf(context.self.id, { hlc: hlcOf(TEST_EPOCH_MS + 6_000_000) });
  spread.take(itemOf(absurd), OTHER, at(200));
  t.is(context.refused('state.ahead'), 1);
});
