import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import test from 'ava';
import fc from 'fast-check';
import { RecordCoreSchema, RecordSchema } from '../wire/gen/edge_pb.js';
import { contentIn, vectorIn } from './record-parts.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const record = fc.record({
  core: fc.record({
    hash: bytes(64),
    metadata: bytes(300),
    type: fc.string(),
    hlc: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    counter: fc.nat(),
    observedAtMs: fc.bigInt({ min: 0n, max: 2n ** 48n }),
  }),
  batch: fc.nat(),
  leaf: fc.nat(),
  path: fc.array(bytes(32), { maxLength: 5 }),
  int8: bytes(600),
  scale: fc.float({ noNaN: true }),
});

test('parts of a record are those that the whole message has', (t) => {
  fc.assert(
    fc.property(record, ({ core, ...rest }) => {
      const body = toBinary(RecordCoreSchema, create(RecordCoreSchema, core));
      const stored = toBinary(RecordSchema, create(RecordSchema, { ...rest, core: body }));
      const content = contentIn(stored);
      // A message without any field in its core has no core at all.
      t.deepEqual(content, body.length === 0 ? undefined : { hash: core.hash, metadata: core.metadata });
      const whole = fromBinary(RecordSchema, stored);
      t.deepEqual(vectorIn(stored), { int8: whole.int8, scale: whole.scale });
    }),
  );
});

test('bytes that are no record have no parts, and never throw', (t) => {
  fc.assert(
    fc.property(record, fc.nat(), ({ core, ...rest }, at) => {
      const body = toBinary(RecordCoreSchema, create(RecordCoreSchema, core));
      const stored = toBinary(RecordSchema, create(RecordSchema, { ...rest, core: body }));
      const cut = stored.subarray(0, at % (stored.length + 1));
      const isMessage = readable(cut);
      t.is(vectorIn(cut) !== undefined, isMessage);
      if (!isMessage) t.is(contentIn(cut), undefined);
    }),
  );
  fc.assert(
    fc.property(bytes(100), (any) => {
      t.notThrows(() => [contentIn(any), vectorIn(any)]);
    }),
  );
});

function readable(stored: Uint8Array): boolean {
  try {
    fromBinary(RecordSchema, stored);
    return true;
  } catch {
    return false;
  }
}
