import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { createHotPath } from '../native/hot-path.js';
import {
  at,
  carrierWith,
  nodeNamed,
  selfNamed,
  snapshotOf,
  testContext,
  testCrypto,
  upLink,
} from '../testing/builders.js';
import { signSegment } from '../trust/segment-summary.js';
import { DripKind } from './drip-items.js';
import { type Link, Links } from './links.js';
import { Routing } from './routing.js';
import { SegmentMap } from './segment-map.js';
import { SegmentWays } from './segment-ways.js';

const SELF = nodeNamed(100);
const [HERE, THERE, NEARER, GOAL] = [selfNamed(1), selfNamed(2), selfNamed(3), selfNamed(4)];
const [A, B] = [nodeNamed(11), nodeNamed(12)];
const ANYBODY = nodeNamed(21);
const suits = (link: Link | undefined): link is Link => link?.phase === 'up';

/** This node is HERE's; its neighbours A and B are THERE's, unless A is NEARER's. */
function setup(ofA = THERE) {
  const links = new Links();
  const routing = new Routing(SELF, links, createHotPath({ kind: 'js' }).routes({ capacity: 64, ttlMs: 60_000 }));
  const map = new SegmentMap(testContext());
  const border: NodeId[] = [THERE.id];
  let number = 0;
  const says = (head: typeof HERE, beyond: readonly (typeof HERE)[], members: readonly NodeId[], now = 0): void => {
    const said = { members: [head.id, ...members], beyond: beyond.map(({ id }) => id), conditions: [1, 0, 0, 0] };
    const body = signSegment(testCrypto, head, ++number, said);
    map.take(
      { kind: DripKind.Segment, source: head.id, saltHint: 0, sequence: 0, raisedAt: now, body },
      undefined,
      A,
      at(now),
    );
  };
  const offer = { number: 1, hops: 1, radius: 3, hasRoom: true, isFull: false, isWhole: false, digest: 0 };
  const ways = new SegmentWays({
    ...{ self: SELF, map, links, routing },
    election: {
      head: HERE.id,
      offerOf: (peer) => ({ ...offer, head: peer === A ? ofA.id : peer === B ? THERE.id : HERE.id }),
    },
    members: () => [snapshotOf(SELF, { segment: HERE.id, beyond: border })],
  });
  routing.beyond = (node, fits) => ways.toward(node, fits);
  return { links, routing, map, border, ways, says };
}

test('a way that opens again is told of once, although nobody is named anew', (t) => {
  const { border, ways, says } = setup();
  says(HERE, [THERE], []);
  says(THERE, [HERE], [ANYBODY]);
  border.length = 0;
  t.is(ways.costTo(ANYBODY), undefined, 'nobody here is at that border any more');
  t.deepEqual(ways.opened(), []);
  border.push(THERE.id);
  t.deepEqual(ways.opened(), [ANYBODY]);
  t.deepEqual(ways.opened(), []);
});

test('no way leads round through others to who cannot be reached in this node’s own segment', (t) => {
  const { ways, says } = setup();
  says(HERE, [THERE], [ANYBODY]);
  says(THERE, [HERE], []);
  t.is(ways.costTo(ANYBODY), undefined);
});

test('a segment that is farther than its head has said hands nothing on to one that is no nearer than that', (t) => {
  const { links, border, ways, says } = setup(NEARER);
  const overA = upLink(links, A);
  upLink(links, B);
  says(GOAL, [NEARER], [ANYBODY]);
  says(NEARER, [GOAL, HERE], []);
  says(HERE, [NEARER, THERE], []);
  says(THERE, [HERE], []);
  border.push(NEARER.id);
  t.is(ways.toward(ANYBODY, suits), overA);
  links.remove(overA);
  border.splice(0, 2, THERE.id);
  t.is(ways.toward(ANYBODY, suits), undefined, 'THERE would send it back here');
  says(HERE, [THERE], [], 1);
  says(THERE, [HERE, GOAL], [], 1);
  says(GOAL, [NEARER, THERE], [ANYBODY], 1);
  t.is(ways.toward(ANYBODY, suits), links.best(B), 'once all have said how it is now');
});

test('over the border the cheapest link serves, and one that answers before one that does not', (t) => {
  const { links, routing, ways, says } = setup();
  const slow = carrierWith({ bitsPerSecond: 9_600 }, 1);
  const [overA, overB] = [upLink(links, A, slow), upLink(links, B)];
  says(HERE, [THERE], []);
  says(THERE, [HERE], [ANYBODY]);
  t.is(ways.toward(ANYBODY, suits), overB);
  overB.stalled = true;
  t.is(routing.nextLink(ANYBODY, at(0)), overA);
  overA.stalled = true;
  t.is(routing.nextLink(ANYBODY, at(0)), overB, 'where none answers the best one is tried');
  overA.stalled = false;
  const second = upLink(links, A);
  t.is(routing.nextLink(ANYBODY, at(0)), second, 'a neighbour’s links over all radios are looked at');
  t.is(routing.nextLink(ANYBODY, at(0), { without: second }), overA);
});
