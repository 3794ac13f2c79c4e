import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { NodeStates } from '../replication/node-state.js';
import { at, nodeNamed, selfNamed, snapshotOf, TEST_EPOCH_MS, testContext, upLink } from '../testing/builders.js';
import { parseSegment, type SegmentSummary } from '../trust/segment-summary.js';
import type { DripItem } from './drip-items.js';
import { Links } from './links.js';
import { writeOffer } from './segment-offer.js';
import { NO_REACH } from './segment-reach.js';
import { type SegmentMachines, Segments } from './segments.js';
import { Topology } from './topology.js';

const MOST = 100;
const [PEER, FOLLOWER, OTHER_HEAD] = [nodeNamed(5), nodeNamed(6), nodeNamed(7)];
const NONE = { ...NO_REACH, head: undefined, number: 0, hops: 0, isWhole: false, digest: 0 };
/** Older than this node's segment, and it reaches here. */
const OLDER = { ...NONE, ...NO_REACH, head: OTHER_HEAD, number: 2 ** 32 + 9, radius: 3 };

/** A node with one neighbour that has just become a head, and has not said yet who is in its segment. */
function headOf(followers: readonly NodeId[]) {
  const [links, states, said] = [new Links(), new NodeStates(), [] as SegmentSummary[]];
  upLink(links, PEER);
  const context = testContext({ self: selfNamed(1) });
  const drip = {
    put: ({ body }: DripItem) => void said.push(parseSegment(body) as SegmentSummary),
    rescope: () => {},
    neighbourWithUs: () => {},
  };
  const routing = {
    reachable: () => new Map(followers.map((node) => [node, { hops: 1 }])),
    path: () => ({ hops: 1 }),
    topology: new Topology(),
  };
  const machines = {
    ...{ context, links, states, known: { currentBoot: () => undefined }, peers: {} },
    routing,
    ownState: { inSegment: () => {} },
    ...{ drip: () => drip, digestBeyond: () => 0, found: () => {}, hurry: () => {} },
  };
  const segments = new Segments(machines as unknown as SegmentMachines, MOST);
  segments.heard(PEER, writeOffer(NONE), at(0));
  let now = 0;
  for (; segments.head !== context.self.id; now += 50) segments.tick(at(now));
  for (const node of followers) states.take(snapshotOf(node, { segment: context.self.id }), TEST_EPOCH_MS);
  const yields = (): void => void segments.heard(PEER, writeOffer(OLDER), at(now));
  return { segments, said, self: context.self.id, yields };
}

test('a head that yields to another tells those who follow it at once where it went', (t) => {
  const { segments, said, self, yields } = headOf([FOLLOWER]);
  t.is(said.length, 0);
  yields();
  t.is(segments.head, OTHER_HEAD);
  t.like(said, [{ head: self, members: new Uint32Array(), beyond: [OTHER_HEAD] }]);
});

test('one that nobody follows has nothing to say', (t) => {
  const { segments, said, yields } = headOf([]);
  yields();
  t.is(segments.head, OTHER_HEAD);
  t.is(said.length, 0);
});
