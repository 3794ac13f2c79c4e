import test from 'ava';
import fc from 'fast-check';
import { agree, type Interval, marzullo } from './marzullo.js';

const interval = fc
  .tuple(fc.integer({ min: -100, max: 100 }), fc.nat(60))
  .map(([earliest, length]): Interval => ({ earliest, latest: earliest + length }));
const intervals = fc.array(interval, { minLength: 1, maxLength: 9 });

const holding = (all: readonly Interval[], at: number): number =>
  all.filter(({ earliest, latest }) => earliest <= at && at <= latest).length;

/** Every point that matters, looked at one by one: intervals here begin and end at whole numbers. */
function bruteForce(all: readonly Interval[]) {
  let most = 0;
  for (let at = -100; at <= 160; at++) most = Math.max(most, holding(all, at));
  let earliest = -100;
  while (holding(all, earliest) !== most) earliest++;
  let latest = earliest;
  // The half points tell two that only touch the same number from one that goes on.
  while (holding(all, latest + 0.5) === most && holding(all, latest + 1) === most) latest++;
  return { earliest, latest, sources: most };
}

test('the smallest interval that most sources agree on is found, as by looking at every point', (t) => {
  fc.assert(fc.property(intervals, (all) => void t.deepEqual(marzullo(all), bruteForce(all))));
});

test('Marzullo’s own examples come out', (t) => {
  const of = (...all: readonly (readonly [number, number])[]): Interval[] =>
    all.map(([earliest, latest]) => ({ earliest, latest }));
  t.deepEqual(marzullo(of([8, 12], [11, 13], [10, 12])), { earliest: 11, latest: 12, sources: 3 });
  t.deepEqual(marzullo(of([8, 12], [11, 13], [14, 15])), { earliest: 11, latest: 12, sources: 2 });
  t.deepEqual(marzullo(of([8, 9], [8, 12], [10, 12])), { earliest: 8, latest: 9, sources: 2 });
});

test('nothing comes of no intervals, or of ones that end before they begin', (t) => {
  t.is(marzullo([]), undefined);
  t.is(marzullo([{ earliest: 2, latest: 1 }]), undefined);
  t.like(
    marzullo([
      { earliest: 2, latest: 1 },
      { earliest: 0, latest: 9 },
    ]),
    { earliest: 0, latest: 9, sources: 1 },
  );
});

test('where too few overlap they are widened by as little as it takes', (t) => {
  const all = [0, 10, 100].map((at) => ({ earliest: at, latest: at }));
  t.is(agree(all, 1, 0)?.widenedBy, 0);
  const two = agree(all, 2, 1_000);
  t.true(Math.abs((two?.widenedBy as number) - 5) <= 1, `${two?.widenedBy}`);
  t.is(two?.sources, 2);
  const three = agree(all, 3, 1_000);
  t.true(Math.abs((three?.widenedBy as number) - 50) <= 1);
  t.is(agree(all, 3, 49), undefined);
});

test('what is agreed on holds what the least widened of any quorum share', (t) => {
  fc.assert(
    fc.property(intervals, fc.nat(), (all, n) => {
      const quorum = 1 + (n % all.length);
      const agreed = agree(all, quorum, 1_000);
      if (!agreed) return void t.fail();
      t.true(agreed.sources >= quorum);
      const middle = (agreed.earliest + agreed.latest) / 2;
      const wide = all.map(({ earliest, latest }) => ({
        earliest: earliest - agreed.widenedBy,
        latest: latest + agreed.widenedBy,
      }));
      t.true(holding(wide, middle) >= quorum);
      if (agreed.widenedBy > 1) t.is(agree(all, quorum, agreed.widenedBy - 1.001), undefined);
    }),
  );
});
