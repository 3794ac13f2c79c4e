import test from 'ava';
import fc from 'fast-check';
import type { MessageId } from '../core/ids.js';
import { headerWith, testRandom } from '../testing/builders.js';
import { type Part, Reassembler, splitPayload } from './fragments.js';
import { MAX_PAYLOAD_BYTES } from './header.js';

const ID = '00'.repeat(14) as MessageId;
const idNumber = (n: number): MessageId => n.toString(16).padStart(28, '0') as MessageId;

/** The parts cut again, some of them, as relays on the way to narrower links do. */
const cutAgain = (parts: readonly Part[], bytes: number, chosen: (i: number) => boolean): Part[] =>
  parts.flatMap((part, i) => (chosen(i) ? splitPayload(part.bytes, bytes, part.fragment) : [part]));

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = testRandom(seed);
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [result[i], result[j]] = [result[j] as Item, result[i] as Item];
  }
  return result;
}

test('a message put together from its parts in any order, cut again anywhere, with repeats, is the message', (t) => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 3_000 });
  const size = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(payload, size, size, fc.integer(), (bytes, first, second, seed) => {
      const parts = splitPayload(bytes, first);
      const again = cutAgain(parts, second, (i) => ((seed >> (i % 30)) & 1) === 1);
      const mixed = shuffled([...again, ...parts.filter((_, i) => i % 3 === 0)], seed);
      const reassembler = new Reassembler();
      let whole: Uint8Array | undefined;
      for (const { fragment, bytes: part } of mixed) whole ??= reassembler.add(ID, fragment, part, 0);
      t.deepEqual(whole, bytes);
    }),
  );
});

test('parts are no longer than asked, stand one behind the other and name the whole', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 600 }), (length, most) => {
      let next = 0;
      for (const { fragment, bytes } of splitPayload(new Uint8Array(length), most)) {
        t.true(bytes.length >= 1 && bytes.length <= most);
        t.deepEqual(fragment, { offset: next, total: length });
        next += bytes.length;
      }
      t.is(next, length);
    }),
  );
});

test('without room for a byte there is nothing to split into', (t) => {
  t.throws(() => splitPayload(new Uint8Array(3), 0), { instanceOf: RangeError });
});

test('nothing comes out before the last byte is in', (t) => {
  const reassembler = new Reassembler();
  t.is(reassembler.add(ID, { offset: 0, total: 5 }, Uint8Array.of(1, 2), 0), undefined);
  t.is(reassembler.add(ID, { offset: 3, total: 5 }, Uint8Array.of(4, 5), 0), undefined);
  t.is(reassembler.size, 1);
  t.deepEqual(reassembler.add(ID, { offset: 2, total: 5 }, Uint8Array.of(3), 0), Uint8Array.of(1, 2, 3, 4, 5));
  t.is(reassembler.size, 0);
});

test('where parts overlap the bytes that came first stay', (t) => {
  const reassembler = new Reassembler();
  reassembler.add(ID, { offset: 2, total: 6 }, Uint8Array.of(9, 9), 0);
  const whole = reassembler.add(ID, { offset: 0, total: 6 }, Uint8Array.of(1, 2, 3, 4, 5, 6), 0);
  t.deepEqual(whole, Uint8Array.of(1, 2, 9, 9, 5, 6));
});

test('parts that cannot be are not taken: beyond the end, of another total, too long for any message', (t) => {
  const reassembler = new Reassembler();
  t.is(reassembler.add(ID, { offset: 4, total: 5 }, Uint8Array.of(1, 2), 0), undefined);
  t.is(reassembler.add(ID, { offset: 0, total: MAX_PAYLOAD_BYTES + 1 }, Uint8Array.of(1), 0), undefined);
  t.is(reassembler.size, 0);
  reassembler.add(ID, { offset: 0, total: 3 }, Uint8Array.of(1), 0);
  t.is(reassembler.add(ID, { offset: 0, total: 2 }, Uint8Array.of(1, 2), 0), undefined);
  t.deepEqual(reassembler.add(ID, { offset: 1, total: 3 }, Uint8Array.of(2, 3), 0), Uint8Array.of(1, 2, 3));
});

test('messages under way are bounded in number and bytes; the oldest is given up', (t) => {
  const many = new Reassembler({ assemblies: 3, bytes: 1_000_000, idleMs: 1_000 });
  for (let i = 0; i < 10; i++) many.add(idNumber(i), { offset: 0, total: 9 }, Uint8Array.of(1), 0);
  t.is(many.size, 3);
  t.is(many.givenUp, 7);
  const large = new Reassembler({ assemblies: 100, bytes: 100_000, idleMs: 1_000 });
  for (let i = 0; i < 10; i++) large.add(idNumber(i), { offset: 0, total: 60_000 }, Uint8Array.of(1), 0);
  t.is(large.size, 1);
});

test('a message whose parts stop coming is given up', (t) => {
  const reassembler = new Reassembler({ assemblies: 3, bytes: 1_000, idleMs: 1_000 });
  reassembler.add(ID, { offset: 0, total: 3 }, Uint8Array.of(1), 0);
  reassembler.add(ID, { offset: 1, total: 3 }, Uint8Array.of(1), 900);
  reassembler.expire(1_800);
  t.is(reassembler.size, 1);
  reassembler.expire(1_900);
  t.is(reassembler.size, 0);
  t.is(reassembler.givenUp, 1);
});

test('a sender that scatters single bytes over the message is given up', (t) => {
  const reassembler = new Reassembler();
  for (let i = 0; i < 300; i++) reassembler.add(ID, { offset: i * 2, total: 60_000 }, Uint8Array.of(1), 0);
  t.is(reassembler.givenUp, 1);
});

test('whatever parts come, in any order, nothing throws and nothing is held without bound', (t) => {
  const part = fc.record({
    id: fc.integer({ min: 0, max: 5 }),
    offset: fc.integer({ min: 0, max: 70_000 }),
    total: fc.integer({ min: 0, max: 70_000 }),
    bytes: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const reassembler = new Reassembler({ assemblies: 4, bytes: 100_000, idleMs: 1_000 });
      for (const { id, offset, total, bytes } of parts) {
        const whole = reassembler.add(idNumber(id), { offset, total }, bytes, 0);
        if (whole) t.is(whole.length, total);
        t.true(reassembler.size <= 4);
      }
    }),
  );
});

test('what is missing of a message is told as ranges, and these alone make it whole', (t) => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 2_000 });
  fc.assert(
    fc.property(payload, fc.integer({ min: 1, max: 200 }), fc.integer(), (bytes, size, seed) => {
      const total = bytes.length;
      const reassembler = new Reassembler();
      t.deepEqual(reassembler.missing(ID, total, 32), [0, total]);
      const parts = splitPayload(bytes, size);
      for (const [i, { fragment, bytes: part }] of parts.entries())
        if (((seed >> (i % 31)) & 1) === 1) reassembler.add(ID, fragment, part, 0);
      let whole: Uint8Array | undefined;
      for (let rounds = 0; whole === undefined && rounds < 200; rounds++) {
        const bounds = reassembler.missing(ID, total, 3);
        t.true(bounds.length > 0 && bounds.length <= 6);
        for (let i = 0; i < bounds.length; i += 2) {
          const [offset, end] = [bounds[i] as number, bounds[i + 1] as number];
          t.true(offset < end && end <= total);
          whole = reassembler.add(ID, { offset, total }, bytes.subarray(offset, end), 0) ?? whole;
        }
        if (parts.every((_, i) => ((seed >> (i % 31)) & 1) === 1)) return;
      }
      t.deepEqual(whole, bytes);
    }),
  );
});

test('of a message of another length nothing is there', (t) => {
  const reassembler = new Reassembler();
  reassembler.add(ID, { offset: 0, total: 9 }, Uint8Array.of(1, 2), 0);
  t.deepEqual(reassembler.missing(ID, 9, 32), [2, 9]);
  t.deepEqual(reassembler.missing(ID, 8, 32), [0, 8]);
});

test('who begins many messages loses their own: what came another way stays', (t) => {
  const header = headerWith();
  const reassembler = new Reassembler({ assemblies: 16, bytes: 1 << 20, idleMs: 1_000 });
  reassembler.add(ID, { offset: 0, total: 20_000 }, Uint8Array.of(1), 0, { ingress: 1, header });
  for (let i = 1; i < 100; i++)
    reassembler.add(idNumber(i), { offset: 0, total: 2 }, Uint8Array.of(1), 0, { ingress: 2, header });
  t.is(reassembler.size, 16);
  t.is(reassembler.originOf(ID)?.ingress, 1);
  for (let i = 100; i < 200; i++)
    reassembler.add(idNumber(i), { offset: 0, total: 65_535 }, Uint8Array.of(1), 0, { ingress: 3, header });
  t.is(reassembler.originOf(ID)?.ingress, 1);
  t.true(reassembler.size <= 16);
});

test('parts that fit no message are counted', (t) => {
  const reassembler = new Reassembler();
  reassembler.add(ID, { offset: 0, total: 3 }, Uint8Array.of(1), 0);
  reassembler.add(ID, { offset: 0, total: 4 }, Uint8Array.of(1), 0);
  reassembler.add(ID, { offset: 2, total: 3 }, Uint8Array.of(1, 2), 0);
  reassembler.add(ID, { offset: 1, total: 3 }, new Uint8Array(0), 0);
  t.is(reassembler.misfits, 3);
  t.is(reassembler.size, 1);
});
