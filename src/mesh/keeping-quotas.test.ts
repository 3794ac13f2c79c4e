import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { nodeNamed } from '../testing/builders.js';
import { Priority } from '../wire/frame-types.js';
import { type Newcomer, victimsFor } from './keeping-quotas.js';

interface Kept extends Newcomer {
  readonly bornAt: number;
}

const [GREEDY, MODEST, LATE] = [nodeNamed(0xa), nodeNamed(0xb), nodeNamed(0xc)];
/** Big enough that bytes, not numbers, fill a keeper; small enough for many. */
const BYTES = 32 << 10;

let born = 0;
const given = (more: Partial<Newcomer> = {}): Kept => ({
  origin: nodeNamed(0x100 + (born % 50)),
  to: nodeNamed(0x200 + (born % 50)),
  priority: Priority.Medium,
  bytes: BYTES,
  giver: GREEDY,
  bornAt: born++,
  ...more,
});

/** What is kept after each of these came in turn. */
function keep(comers: readonly Kept[], kept: readonly Kept[] = []): Kept[] {
  let now = [...kept];
  for (const comer of comers) {
    const victims = victimsFor(now, comer);
    if (victims) now = [...now.filter((item) => !victims.includes(item)), comer];
  }
  return now;
}

const bytesOf = (kept: readonly Kept[], of: (item: Kept) => boolean): number =>
  kept.filter(of).reduce((sum, { bytes }) => sum + bytes, 0);
const many = (n: number, more: Partial<Newcomer> = {}): Kept[] => Array.from({ length: n }, () => given(more));

test('one neighbour fills no keeper: half of it is all it gets, however many origins it speaks for', (t) => {
  const kept = keep(many(1_000));
  t.is(
    bytesOf(kept, () => true),
    Limit.KeptBytesPerGiver,
  );
  t.is(keep(many(Limit.KeptParcels, { bytes: 1 })).length, Limit.KeptPerGiver);
  t.truthy(victimsFor(kept, given({ giver: MODEST })), 'another still finds room');
});

test('the last room is for what is critical', (t) => {
  const kept = keep([...many(400), ...many(400, { giver: MODEST })]);
  t.is(
    bytesOf(kept, () => true),
    Limit.KeptLesserParcelBytes,
  );
  const critical = keep(many(10, { giver: LATE, priority: Priority.Critical }), kept);
  t.is(critical.length, kept.length + 10, 'nothing went for it');
});

test('where all room is taken the neighbour that brought most makes way for one that brought less', (t) => {
  const kept = keep([...many(400), ...many(400, { giver: MODEST })]);
  const after = keep(
    many(400, { giver: LATE }).map((item, i) => ({ ...item, origin: nodeNamed(0x300 + (i % 50)) })),
    kept,
  );
  const shares = [GREEDY, MODEST, LATE].map((giver) => bytesOf(after, (item) => item.giver === giver));
  for (const share of shares) t.true(Math.abs(share - Limit.KeptLesserParcelBytes / 3) <= 2 * BYTES, `${shares}`);
});

test('in one neighbour’s share the origin that has most makes way for one that has less', (t) => {
  const [loud, quiet] = [nodeNamed(0xd1), nodeNamed(0xd2)];
  const full = keep([...many(100, { origin: nodeNamed(0xd3) }), ...many(65, { origin: loud, bytes: BYTES - 100 })]);
  t.true(bytesOf(full, () => true) > Limit.KeptBytesPerGiver - BYTES);
  const after = keep(many(3, { origin: quiet }), full);
  t.is(
    bytesOf(after, ({ origin }) => origin === quiet),
    3 * BYTES,
  );
  t.true(bytesOf(after, ({ origin }) => origin !== quiet) < bytesOf(full, () => true));
  t.is(victimsFor(after, given({ origin: loud, priority: Priority.Low })), undefined, 'and not the other way about');
});

test('an equal share is not pushed out: what would only take turns is refused', (t) => {
  const kept = keep([...many(400), ...many(400, { giver: MODEST })]);
  const again = keep([...many(20), ...many(20, { giver: MODEST })], kept);
  const turned = again.filter((item) => !kept.includes(item)).length;
  t.true(turned <= 40);
  const share = (of: NodeId) => (items: Kept[]) => bytesOf(items, ({ giver }) => giver === of);
  for (const giver of [GREEDY, MODEST]) t.is(share(giver)(again), share(giver)(kept));
});

test('whatever comes, no bound is broken, and nothing goes that is more urgent', (t) => {
  const comer = fc.record({
    origin: fc.nat(5).map((n) => nodeNamed(0x10 + n)),
    to: fc.nat(5).map((n) => nodeNamed(0x20 + n)),
    giver: fc.option(
      fc.nat(3).map((n) => nodeNamed(0x30 + n)),
      { nil: undefined },
    ),
    priority: fc.constantFrom(...Object.values(Priority)),
    bytes: fc.integer({ min: 256, max: 400_000 }),
    bornAt: fc.nat(1_000),
  });
  fc.assert(
    fc.property(fc.array(comer, { minLength: 20, maxLength: 120 }), (comers) => {
      let kept: Kept[] = [];
      for (const next of comers) {
        const victims = victimsFor(kept, next);
        if (!victims) continue;
        t.true(victims.every(({ priority }) => priority >= next.priority));
        kept = [...kept.filter((item) => !victims.includes(item)), next];
        const counts = (of: (item: Kept) => boolean) => bytesOf(kept, of);
        t.true(counts(() => true) <= Limit.KeptParcelBytes);
        t.true(counts(({ priority }) => priority !== Priority.Critical) <= Limit.KeptLesserParcelBytes);
        t.true(counts(({ giver }) => giver === next.giver) <= Limit.KeptBytesPerGiver);
        t.true(counts(({ origin }) => origin === next.origin) <= Limit.KeptBytesPerOrigin);
        t.true(counts(({ to }) => to === next.to) <= Limit.KeptBytesPerDestination);
      }
    }),
    { numRuns: 60 },
  );
});
