import test from 'ava';
import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { EdgeError } from '../core/errors.js';
import { CborReader } from './cbor.js';
import { findFault } from './json-value.js';
import { VALUE_DEPTH } from './limits.js';

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });

function decode(bytes: Uint8Array): unknown {
  const reader = new CborReader(Buffer.from(bytes));
  const value = reader.read();
  reader.end();
  return value;
}

const fromHex = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const fault = (bytes: Uint8Array): string => {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof EdgeError && error.code === 'request.cbor') return error.message;
    throw error;
  }
  return 'decoded';
};

test('whatever JSON can say comes back from the encoder of another library', (t) => {
  const key = fc.string().filter((text) => text !== '__proto__');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true }).map((number) => number || 0),
      fc.integer(),
      fc.maxSafeNat(),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('tree'), { maxLength: 5 }),
    map: fc.dictionary(key, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
  }));
  fc.assert(fc.property(tree, (value) => t.deepEqual(decode(encoder.encode(value)), value)));
  t.pass();
});

test('a float32 typed array comes back as one, at any offset, without keeping the body', (t) => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 64 }), fc.string({ maxLength: 9 }), (vector, before) => {
      const value = decode(encoder.encode({ before, vector })) as { vector: Float32Array };
      t.true(value.vector instanceof Float32Array);
      t.deepEqual([...value.vector], [...vector]);
      t.is(value.vector.buffer.byteLength, vector.byteLength);
    }),
  );
});

test('integers of every width, half floats and indefinite values are read', (t) => {
  t.is(decode(fromHex('1b 0000 0198 1a2b 3c4d')), 0x1981a2b3c4d);
  t.is(decode(fromHex('3b 0000 0198 1a2b 3c4d')), -1 - 0x1981a2b3c4d);
  t.deepEqual(decode(fromHex('83 f9 3c00 f9 c000 f9 0001')), [1, -2, 2 ** -24]);
  t.deepEqual(decode(fromHex('9f 01 02 ff')), [1, 2]);
  t.deepEqual(decode(fromHex('bf 61 61 01 ff')), { a: 1 });
  t.is(decode(fromHex('7f 62 6865 63 6c6c6f ff')), 'hello');
  t.is(decode(fromHex('d9d9f7 07')), 7);
});

test('anything JSON cannot say is refused with the byte it stands at', (t) => {
  t.regex(fault(fromHex('81 c1 00')), /^byte 1: tag 1: only 85/);
  t.regex(fault(fromHex('c2 42 0100')), /tag 2/);
  t.regex(fault(fromHex('d81c 80')), /tag 28/);
  t.regex(fault(fromHex('d9dfff 80')), /tag 57343/);
  t.regex(fault(fromHex('43 010203')), /byte string outside tag 85/);
  t.regex(fault(fromHex('f7')), /simple value/);
  t.regex(fault(fromHex('e0')), /simple value/);
  t.regex(fault(fromHex('a1 01 02')), /key that is not text/);
  t.regex(fault(fromHex('a1 69 5f5f70726f746f5f5f 01')), /__proto__/);
  t.regex(fault(fromHex('1b 0020 0000 0000 0000')), /beyond 2\^53/);
  t.regex(fault(fromHex('61 ff')), /not UTF-8/);
  t.regex(fault(fromHex('d855 43 010203')), /whole floats/);
  t.regex(fault(fromHex('d855 80')), /whole floats/);
  t.regex(fault(fromHex('01 02')), /bytes follow/);
  t.regex(fault(fromHex('82 01 ff')), /break outside/);
  t.regex(fault(fromHex('1c')), /reserved head/);
  t.regex(fault(fromHex('')), /cut short/);
});

test('lengths that promise more than there is are refused before anything is allocated', (t) => {
  t.regex(fault(fromHex('9b 0000 0000 ffff ffff')), /cut short/);
  t.regex(fault(fromHex('bb 0000 0000 ffff ffff')), /cut short/);
  t.regex(fault(fromHex('7a ffff ffff')), /cut short/);
  t.regex(fault(fromHex('d855 5a ffff fffc')), /cut short/);
});

test('nesting is taken to its limit and refused beyond it, without overflowing the stack', (t) => {
  const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x81), Buffer.from([0])]);
  t.is(fault(nested(VALUE_DEPTH)), 'decoded');
  t.regex(fault(nested(VALUE_DEPTH + 1)), /nested deeper than 32/);
  t.regex(fault(nested(1_000_000)), /nested deeper than 32/);
});

test('random bytes either decode to plain values or are refused with the one code', (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .array(fc.constantFrom(0x81, 0x9f, 0xa1, 0xbf, 0x61, 0x61, 0xd8, 0x55, 0x44, 0xff, 0xf5, 0x00, 0x1b, 0xfb), {
        maxLength: 40,
      })
      .map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(bytes, (body) => {
      if (fault(body) === 'decoded') t.not(findFault(decode(body), VALUE_DEPTH, true), 'kind');
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
