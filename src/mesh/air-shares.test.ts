import test from 'ava';
import fc from 'fast-check';
import { nodeNamed } from '../testing/builders.js';
import { Priority } from '../wire/frame-types.js';
import { AirShares, SHARES_MAX } from './air-shares.js';

const { Critical, Medium } = Priority;
const FRAME_MS = 700;
const FULL = 0.5;
const [flooder, honest, stranger] = [nodeNamed(9), nodeNamed(2), nodeNamed(77)];

/** Says of how many of a neighbour's messages, one every so often for so long, it is that it is relayed. */
function relayed(
  shares: AirShares,
  everyMs: number,
  forMs: number,
  more: { priority?: Priority; busy?: number; origin?: (i: number) => number; neighbour?: typeof flooder } = {},
): number {
  const { priority = Medium, busy = FULL, origin = () => 9, neighbour = flooder } = more;
  let count = 0;
  for (let now = 0, i = 0; now < forMs; now += everyMs, i++) {
    shares.transmitted(neighbour, priority, FRAME_MS, now);
    if (shares.relays(neighbour, nodeNamed(origin(i)), priority, FRAME_MS, busy, now) !== undefined) count++;
  }
  return count;
}

test('who fills the channel itself is not relayed, under however many names it speaks', (t) => {
  for (const origin of [() => 9, (i: number) => 1_000 + i]) {
    const count = relayed(new AirShares(), 2_000, 3_600_000, { origin });
    t.true(count > 0 && count < 20, `${count} of 1,800: what it had saved up`);
  }
});

test('who speaks now and then is relayed whatever others do, and so is a hub through which all goes', (t) => {
  const shares = new AirShares();
  relayed(shares, 2_000, 600_000);
  t.is(relayed(shares, 60_000, 3_600_000, { neighbour: honest, origin: () => 2 }), 60);
  // A message in 20 s from a dozen authors: a tenth of the air, counting what this node then adds.
  t.is(relayed(new AirShares(), 20_000, 3_600_000, { neighbour: honest, origin: (i) => i % 12 }), 180);
});

test('as long as there is room on the channel everything is relayed', (t) => {
  t.is(relayed(new AirShares(), 2_000, 600_000, { busy: 0.2 }), 300);
});

test('one author that speaks through an honest neighbour takes a part of what that one has', (t) => {
  const shares = new AirShares();
  let [loud, quiet] = [0, 0];
  for (let now = 0; now < 3_600_000; now += 5_000) {
    if (shares.relays(honest, flooder, Medium, FRAME_MS, FULL, now) !== undefined) loud++;
    if (now % 60_000 === 0 && shares.relays(honest, stranger, Medium, FRAME_MS, FULL, now) !== undefined) quiet++;
  }
  t.is(quiet, 60);
  t.true(loud < 350, `${loud} of 720`);
});

test('a flooder of messages takes nothing of what is kept for alerts, one of alerts only its own', (t) => {
  const shares = new AirShares();
  relayed(shares, 2_000, 600_000);
  t.is(shares.relays(flooder, flooder, Medium, FRAME_MS, FULL, 600_000), undefined);
  t.is(shares.relays(flooder, flooder, Critical, FRAME_MS, FULL, 600_000), Critical, 'its own alert, too');
  const alerts = new AirShares();
  t.true(relayed(alerts, 2_000, 600_000, { priority: Critical }) < 30, 'of 300');
  t.is(alerts.relays(honest, stranger, Critical, FRAME_MS, FULL, 600_000), Critical);
});

test('alerts beyond the reserve of their neighbour are no more urgent than anything else', (t) => {
  const shares = new AirShares();
  const told = new Set<Priority | undefined>();
  for (let i = 0; i < 20; i++) told.add(shares.relays(honest, nodeNamed(i), Critical, FRAME_MS, 0.1, i));
  t.deepEqual([...told], [Critical, Medium]);
});

test('whoever speaks: what is relayed for one neighbour on a full channel stays below its share, and so does what is remembered', (t) => {
  const said = fc.record({
    neighbour: fc.integer({ min: 0, max: 3 }),
    origin: fc.integer({ min: 0, max: 400 }),
    priority: fc.constantFrom<Priority>(0, 1, 2, 3),
    ms: fc.integer({ min: 100, max: 2_000 }),
    waitMs: fc.integer({ min: 0, max: 5_000 }),
    heard: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(said, { maxLength: 500 }), (all) => {
      const shares = new AirShares();
      const takenMs = new Map<number, number>();
      let now = 0;
      for (const { neighbour, origin, priority, ms, waitMs, heard } of all) {
        now += waitMs;
        if (heard) shares.transmitted(nodeNamed(neighbour), priority, ms, now);
        const as = shares.relays(nodeNamed(neighbour), nodeNamed(origin), priority, ms, FULL, now);
        if (as === undefined) continue;
        t.true(as >= priority, 'never more urgent than it says');
        takenMs.set(neighbour, (takenMs.get(neighbour) ?? 0) + ms);
      }
      for (const ms of takenMs.values()) t.true(ms <= 30_000 + now / 6, `${ms} ms in ${now} ms`);
      t.true(shares.size <= SHARES_MAX);
    }),
  );
});

test('made-up neighbours and authors push out nobody who has used up what is theirs, while others have not', (t) => {
  const shares = new AirShares();
  relayed(shares, 2_000, 600_000);
  for (let i = 0; i < 5 * SHARES_MAX; i++) shares.transmitted(nodeNamed(10_000 + i), Medium, 0, 600_000);
  t.is(shares.size, SHARES_MAX);
  t.is(shares.relays(flooder, flooder, Medium, FRAME_MS, FULL, 600_000), undefined);
});
