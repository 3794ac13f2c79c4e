import test from 'ava';
import fc from 'fast-check';
import { Body, decode, encode } from '../wire/bodies.js';
import { Flag, overheadBytes } from '../wire/header.js';
import { asksFirst, missingBytes, PART_RANGES_MAX, partRoom, partsOf, readMissing } from './repair.js';

const report = (bounds: readonly number[], total = 1_000): Uint8Array =>
  encode(Body.PartsMissingSchema, { attempt: 7, total, bounds: [...bounds] });

test('a long message is asked after, and now and then sent whole again; a short one always whole', (t) => {
  t.deepEqual(
    [1, 2, 3, 4, 5, 6].map((attempt) => asksFirst(attempt, 4_000)),
    [false, true, true, true, false, true],
  );
  t.false(asksFirst(2, 100));
});

test('a report names ranges in order, within the message, and not too many', (t) => {
  t.deepEqual(readMissing(report([0, 10, 20, 1_000]))?.bounds, [0, 10, 20, 1_000]);
  t.truthy(readMissing(report([])));
  for (const bounds of [[0], [5, 5], [10, 5], [0, 10, 5, 20], [0, 1_001]]) t.is(readMissing(report(bounds)), undefined);
  const many = Array.from({ length: 2 * PART_RANGES_MAX + 2 }, (_, i) => i);
  t.is(readMissing(report(many)), undefined);
  t.is(readMissing(Uint8Array.of(255)), undefined);
});

test('parts are the missing bytes, no more and no less, each of which fits the link', (t) => {
  const bytes = fc.uint8Array({ minLength: 10, maxLength: 3_000 });
  const link = fc.integer({ min: 192, max: 1_200 });
  fc.assert(
    fc.property(bytes, link, fc.array(fc.nat(2_999), { maxLength: 20 }), (payload, mtuBytes, places) => {
      const sorted = [...new Set(places.filter((place) => place <= payload.length))].sort((a, b) => a - b);
      const bounds = sorted.length % 2 === 0 ? sorted : sorted.slice(1);
      const copy = new Uint8Array(payload.length);
      let sent = 0;
      for (const body of partsOf(payload, 0xffff_ffff, bounds, partRoom(mtuBytes, Flag.Directed))) {
        t.true(body.length + overheadBytes(Flag.Directed) <= mtuBytes);
        const part = decode(Body.PartSchema, body);
        t.like(part, { attempt: 0xffff_ffff, total: payload.length });
        copy.set(part?.bytes ?? [], part?.offset);
        sent += part?.bytes.length ?? 0;
      }
      t.is(sent, missingBytes(bounds));
      for (let i = 0; i < bounds.length; i += 2)
        t.deepEqual(copy.slice(bounds[i], bounds[i + 1]), payload.slice(bounds[i], bounds[i + 1]));
    }),
  );
});
