import test from 'ava';
import fc from 'fast-check';
import { at, nodeNamed, TEST_EPOCH_MS } from '../testing/builders.js';
import { Counters } from './counters.js';
import { AHEAD_MS, AHEAD_OF_GUESS_MS, Pulse } from './pulse.js';

const HOUR = 3_600_000;
/** A moment at which this node's own clock is so far ahead of the truth. */
const skewed = (mono: number, aheadMs: number) => ({ mono, wall: TEST_EPOCH_MS + mono + aheadMs });
const clockless = (mono: number) => ({ mono, wall: mono });

function setup(isTrusted = true, floorMs = 0) {
  const counters = new Counters();
  const pulse = new Pulse(counters, isTrusted, floorMs);
  /** What a node with such a clock signed just now arrives after `delayMs`. */
  const hear = (node: number, now: number, aheadMs = 0, delayMs = 50, longestMs = 200): void =>
    pulse.heard(nodeNamed(node), TEST_EPOCH_MS + now + aheadMs - delayMs, longestMs, at(now));
  return { counters, pulse, hear };
}

test('alone a node goes by its own clock', (t) => {
  const { pulse } = setup();
  t.deepEqual(pulse.at(at(5)), at(5));
  t.like(pulse.view(at(5)), { source: 'own', offsetMs: 0, clocks: 1, ownClock: true });
  t.is(pulse.clockMs, TEST_EPOCH_MS + 5);
  t.is(pulse.aheadMs, AHEAD_MS);
});

test('a clock that agrees with the others is left alone', (t) => {
  const { pulse, hear } = setup();
  pulse.at(skewed(1_000, 20));
  for (const node of [2, 3, 4]) hear(node, 1_000);
  t.deepEqual(pulse.at(skewed(1_001, 20)), skewed(1_001, 20));
  t.like(pulse.view(skewed(1_001, 20)), { source: 'agreed', offsetMs: 0, clocks: 4, agreeing: 4 });
});

test('a clock an hour off is corrected, and still told to others as it is', (t) => {
  const { pulse, hear } = setup();
  pulse.at(skewed(1_000, HOUR));
  for (const node of [2, 3, 4]) hear(node, 1_000);
  const { wall } = pulse.at(skewed(1_001, HOUR));
  t.true(Math.abs(wall - TEST_EPOCH_MS - 1_001) <= 200, `${wall - TEST_EPOCH_MS}`);
  t.is(pulse.clockMs, TEST_EPOCH_MS + 1_001 + HOUR);
  t.like(pulse.view(skewed(1_001, HOUR)), { source: 'agreed', clocks: 4, agreeing: 3 });
});

test('two clocks that differ have nothing to agree on: each node keeps its own', (t) => {
  const { pulse, hear } = setup();
  pulse.at(at(0));
  hear(2, 0, HOUR);
  t.deepEqual(pulse.at(at(10)), at(10));
  t.like(pulse.view(at(10)), { source: 'own', clocks: 2, agreeing: 1 });
});

test('a node without a clock takes that of others, as soon as two agree', (t) => {
  const { pulse, hear } = setup();
  t.is(pulse.at(clockless(1_000)).wall, 1_000);
  t.is(pulse.clockMs, 0, 'it has nothing to say');
  t.is(pulse.aheadMs, AHEAD_OF_GUESS_MS);
  hear(2, 1_000);
  t.is(pulse.at(clockless(1_500)).wall, 1_500, 'one may be wrong');
  hear(3, 2_000);
  t.true(Math.abs(pulse.at(clockless(2_000)).wall - TEST_EPOCH_MS - 2_000) <= 200);
  t.is(pulse.aheadMs, AHEAD_MS);
});

test('a node without a clock takes that of the only other after ten seconds', (t) => {
  const { pulse, hear } = setup();
  pulse.at(clockless(0));
  hear(2, 0);
  t.is(pulse.at(clockless(9_000)).wall, 9_000);
  t.true(Math.abs(pulse.at(clockless(11_000)).wall - TEST_EPOCH_MS - 11_000) <= 200);
  t.like(pulse.view(clockless(11_000)), { source: 'single', clocks: 1, ownClock: false });
});

test('a node without a clock, between two that differ, guesses the earlier and knows that it guesses', (t) => {
  const { pulse, hear } = setup();
  pulse.at(clockless(0));
  hear(2, 0);
  hear(3, 0, HOUR);
  t.true(Math.abs(pulse.at(clockless(11_000)).wall - TEST_EPOCH_MS - 11_000) <= 500);
  t.is(pulse.view(clockless(11_000)).source, 'none');
  t.is(pulse.aheadMs, AHEAD_OF_GUESS_MS);
});

test('a device said to have no clock is believed to have none, and goes on from its newest stamp', (t) => {
  const { pulse } = setup(false, TEST_EPOCH_MS);
  t.is(pulse.at(skewed(500, 9 * HOUR)).wall, TEST_EPOCH_MS + 9 * HOUR + 500, 'the later of the two guesses');
  t.is(pulse.clockMs, 0);
  const other = setup(true, TEST_EPOCH_MS);
  other.pulse.at(clockless(100));
  t.is(other.pulse.at(clockless(500)).wall, TEST_EPOCH_MS + 400);
});

test('liars up to a third move nothing, whatever they say, together or apart', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: -1_000 * HOUR, max: 1_000 * HOUR }), { minLength: 5, maxLength: 5 }),
      fc.array(fc.integer({ min: -3_000, max: 3_000 }), { minLength: 11, maxLength: 11 }),
      fc.boolean(),
      fc.integer({ min: -20 * HOUR, max: 20 * HOUR }),
      (f, lies, skews, together, own) => {
        const { pulse, hear } = setup();
        pulse.at(skewed(1_000, own));
        // With this node there are 3f + 1; it counts as honest or as one of the liars.
        const isLiar = Math.abs(own) > 3_000;
        const liars = isLiar ? f - 1 : f;
        const honest = 3 * f - liars;
        for (let i = 0; i < liars; i++) hear(100 + i, 1_000, together ? (lies[0] as number) : (lies[i] as number));
        const spread: number[] = isLiar ? [] : [own];
        for (let i = 0; i < honest; i++) {
          hear(10 + i, 1_000, skews[i] as number);
          spread.push(skews[i] as number);
        }
        const off = pulse.at(skewed(1_000, own)).wall - TEST_EPOCH_MS - 1_000;
        const apart = Math.max(...spread) - Math.min(...spread);
        const [low, high] = [Math.min(...spread) - apart - 350, Math.max(...spread) + apart + 350];
        t.true(off >= low && off <= high, `${off} outside ${low} to ${high}`);
      },
    ),
  );
});

test('what was heard long ago is believed less and less closely, and in the end not at all', (t) => {
  const { pulse, hear } = setup();
  pulse.at(clockless(0));
  for (const node of [2, 3]) hear(node, 0);
  const width = (mono: number): number => {
    const { earliestAt, latestAt } = pulse.view(clockless(mono));
    return latestAt - earliestAt;
  };
  const fresh = width(100);
  const later = width(HOUR);
  t.true(fresh <= 420, `${fresh}`);
  t.true(later >= fresh + 2 * 200e-6 * HOUR - 10 && later <= fresh + 2 * 200e-6 * HOUR + 10, `${later}`);
  t.is(pulse.view(clockless(5 * HOUR)).clocks, 0);
});

test('a drifting clock stays within the interval that is told of it', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: -100, max: 100 }),
      fc.array(fc.nat(1_500), { minLength: 5, maxLength: 20 }),
      (ppm, delays) => {
        const { pulse } = setup();
        pulse.at(clockless(0));
        let mono = 0;
        for (const delay of delays) {
          mono += 600_000;
          for (const node of [2, 3, 4])
            pulse.heard(
              nodeNamed(node),
              Math.floor(TEST_EPOCH_MS + (mono - delay) * (1 + ppm / 1e6)),
              1_500,
              clockless(mono),
            );
          const truth = TEST_EPOCH_MS + mono * (1 + ppm / 1e6);
          const { earliestAt, latestAt } = pulse.view(clockless(mono));
          t.true(earliestAt <= truth && truth <= latestAt, `${earliestAt - truth} ${latestAt - truth}`);
        }
      },
    ),
  );
});

test('a source that was set anew counts with what it shows now', (t) => {
  const { pulse, hear } = setup();
  pulse.at(clockless(0));
  for (const node of [2, 3]) hear(node, 0, -HOUR);
  for (const node of [2, 3]) hear(node, 1_000);
  t.true(Math.abs(pulse.at(clockless(1_000)).wall - TEST_EPOCH_MS - 1_000) <= 200);
});

test('the own clock may be set while the agent runs', (t) => {
  const { pulse, hear } = setup();
  pulse.at(clockless(0));
  for (const node of [2, 3, 4]) hear(node, 0);
  t.is(pulse.view(clockless(1_000)).clocks, 3);
  t.deepEqual(pulse.at(at(1_100)), at(1_100));
  t.like(pulse.view(at(1_100)), { clocks: 4, agreeing: 4, ownClock: true, offsetMs: 0 });
});

test('a clock that was never set is no source, and one that lost its time is none any more', (t) => {
  const { pulse, counters, hear } = setup();
  pulse.at(at(0));
  pulse.heard(nodeNamed(2), 1_000_000, 100, at(0));
  t.is(counters.refused.get('pulse.implausible'), 1);
  hear(3, 0);
  t.is(pulse.view(at(0)).clocks, 2);
  pulse.heard(nodeNamed(3), 0, 100, at(10));
  t.is(pulse.view(at(20)).clocks, 1);
});

test('strangers without end do not push out the clocks that are known', (t) => {
  const { pulse, counters, hear } = setup();
  pulse.at(at(0));
  for (let node = 2; node < 102; node++) hear(node, 0);
  t.is(pulse.view(at(0)).clocks, 65);
  t.is(counters.refused.get('pulse.limit'), 36);
  hear(500, 4 * HOUR + 1);
  t.is(pulse.view(at(4 * HOUR + 2)).clocks, 2, 'those of old have made room');
});
