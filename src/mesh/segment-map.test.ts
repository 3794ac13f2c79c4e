import test from 'ava';
import { Limit } from '../core/limits.js';
import { at, nodeNamed, selfNamed, testContext, testCrypto } from '../testing/builders.js';
import type { Self } from '../trust/identity.js';
import { signSegment } from '../trust/segment-summary.js';
import { type DripItem, DripKind } from './drip-items.js';
import { SegmentMap, SUMMARY_LIFE_MS } from './segment-map.js';

const [A, B, C, D] = [selfNamed(1), selfNamed(2), selfNamed(3), selfNamed(4)];
const FROM = nodeNamed(50);

const summaryOf = (
  head: Self,
  beyond: readonly Self[],
  more: readonly Self[] = [],
  number = 1,
): Omit<DripItem, 'rank'> => ({
  ...{ kind: DripKind.Segment, source: head.id, saltHint: 0, sequence: 0, raisedAt: 0 },
  body: signSegment(testCrypto, head, number, {
    members: [head, ...more].map(({ id }) => id),
    beyond: beyond.map(({ id }) => id),
    conditions: [1 + more.length, 0, 0, 0],
  }),
});

function setup() {
  const context = testContext();
  const map = new SegmentMap(context);
  const take = (item: Omit<DripItem, 'rank'>, held?: bigint, now = 0) => map.take(item, held, FROM, at(now));
  return { context, map, take };
}

test('who is in which segment and how far each is from the others follows from what the heads say', (t) => {
  const { map, take } = setup();
  const member = selfNamed(9);
  take(summaryOf(A, [B]));
  take(summaryOf(B, [A, C]));
  take(summaryOf(C, [B, D], [member]));
  t.deepEqual([...map.of(member.id)], [C.id]);
  t.deepEqual(
    [...map.distancesTo(C.id)],
    [
      [C.id, 0],
      [B.id, 1],
      [A.id, 2],
    ],
  );
  t.is(map.distancesTo(D.id).size, 1, 'a way counts that both ends name');
  t.is(map.of(nodeNamed(77)).length, 0);
});

test('a newer summary takes the place of the old one, an older one does not, and none lasts for ever', (t) => {
  const { map, take } = setup();
  const member = selfNamed(9);
  const rank = take(summaryOf(A, [], [member], 2)) as bigint;
  t.is(take(summaryOf(A, [], [], 1), rank), undefined);
  t.is(map.of(member.id).length, 1);
  t.truthy(take(summaryOf(A, [], [], 3), rank));
  t.is(map.of(member.id).length, 0);
  t.deepEqual(map.expired(at(SUMMARY_LIFE_MS - 1)), []);
  t.is(map.expired(at(SUMMARY_LIFE_MS)).length, 1);
  t.is(map.size, 0);
});

test('a segment counts those of another that became part of it until they are in what its head says', (t) => {
  const { map, take } = setup();
  const nine = Array.from({ length: 9 }, (_, i) => selfNamed(20 + i));
  const size = (atMs: number) => map.sizes(at(atMs)).get(B.id)?.size;
  const end = { members: [], beyond: [B.id], conditions: [] };
  const rank = take(summaryOf(A, [B], nine));
  const of = take(summaryOf(B, [A], nine.slice(0, 4)));
  t.is(size(0), 5);
  take({ ...summaryOf(A, []), body: signSegment(testCrypto, A, 2, end), raisedAt: 1_000 }, rank, 1_000);
  t.is(map.get(A.id)?.members.length, 0);
  t.is(size(1_000), 15);
  take({ ...summaryOf(B, [], nine.slice(0, 6), 2), raisedAt: 8_000 }, of, 8_000);
  t.is(size(8_000), 17, 'some of them may be on their way');
  t.is(size(61_000), 7, 'they went elsewhere');
  take({ ...summaryOf(B, [], nine, 3), raisedAt: 30_000 }, of, 30_000);
  t.is(size(30_000), 10);
});

test('what others say in a head’s name, or it says without being a member, is refused and counted', (t) => {
  const { context, map, take } = setup();
  const good = summaryOf(A, []);
  const forged = good.body.slice();
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  take({ ...good, body: forged });
  take({ ...good, source: B.id });
  take({ ...good, body: Uint8Array.of(255) });
  const body = signSegment(testCrypto, A, 1, { members: [B.id], beyond: [], conditions: [] });
  take({ ...good, body });
  take({ ...good, raisedAt: -SUMMARY_LIFE_MS });
  t.is(context.refused('segment.signature'), 1);
  t.is(context.refused('segment.malformed'), 3);
  t.is(context.refused('segment.old'), 1);
  t.is(map.size, 0);
});

test('one head of everything: of what is claimed twice both are known, and neither drives out the other', (t) => {
  const { map, take } = setup();
  const member = selfNamed(9);
  take(summaryOf(A, [], [member]));
  take(summaryOf(D, [], [A, B, C, member]));
  t.deepEqual([...map.of(member.id)], [A.id, D.id]);
});

test('summaries are bounded in number, and so are the signatures checked for one neighbour', (t) => {
  const { context, map, take } = setup();
  for (let n = 0; n < Limit.Segments + 20; n++) take(summaryOf(selfNamed(100 + n), []));
  t.is(map.size, Limit.Segments);
  t.is(context.refused('segment.limit') + context.refused('segment.too-many'), 20);
});
