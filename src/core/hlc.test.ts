import test from 'ava';
import fc from 'fast-check';
import { HLC_MAX_AHEAD_MS, HybridClock, hlcMs, hlcOf, isAhead } from './hlc.js';

const NOW = 1_800_000_000_000;

test('a stamp gives back its milliseconds and orders by time, then by its counter', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.nat(0xffff), fc.nat(0xffff), (ms, a, b) => {
      t.is(hlcMs(hlcOf(ms, a)), ms);
      t.is(hlcOf(ms, a) < hlcOf(ms, b), a < b);
      if (ms > 0) t.true(hlcOf(ms - 1, 0xffff) < hlcOf(ms, a));
    }),
  );
});

test('times outside 48 bits are cut to them', (t) => {
  t.is(hlcMs(hlcOf(-5)), 0);
  t.is(hlcMs(hlcOf(2 ** 60)), 2 ** 48 - 1);
});

test('ticks always rise, whatever the wall clock does and whatever was observed', (t) => {
  const event = fc.record({
    wall: fc.integer({ min: NOW - 1e6, max: NOW + 1e6 }),
    seen: fc.option(fc.integer({ min: NOW - 1e6, max: NOW + 2e6 })),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const clock = new HybridClock();
      let last = 0n;
      for (const { wall, seen } of events) {
        if (seen !== null && clock.observe(hlcOf(seen), wall)) t.true(clock.last >= hlcOf(seen));
        const stamp = clock.tick(wall);
        t.true(stamp > last);
        t.true(hlcMs(stamp) >= wall);
        last = stamp;
      }
    }),
  );
});

test('a stamp too far ahead is not taken note of', (t) => {
  const clock = new HybridClock(hlcOf(NOW));
  t.false(clock.observe(hlcOf(NOW + HLC_MAX_AHEAD_MS + 1), NOW));
  t.is(clock.last, hlcOf(NOW));
  t.true(clock.observe(hlcOf(NOW + HLC_MAX_AHEAD_MS), NOW));
  t.is(clock.tick(NOW), hlcOf(NOW + HLC_MAX_AHEAD_MS) + 1n);
  t.true(isAhead(hlcOf(NOW + HLC_MAX_AHEAD_MS + 1), NOW));
  t.false(isAhead(hlcOf(NOW + HLC_MAX_AHEAD_MS), NOW));
});

test('a clock that starts from the newest stamp on disk continues after it', (t) => {
  const clock = new HybridClock(hlcOf(NOW, 7));
  t.is(clock.tick(NOW - 10_000), hlcOf(NOW, 8));
});
