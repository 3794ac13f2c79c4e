import test from 'ava';
import fc from 'fast-check';
import {
  compareBytes,
  concat,
  equalBytes,
  fromHex,
  fromUtf8,
  readU16,
  readU32,
  toHex,
  utf8,
  writeU16,
  writeU32,
} from './bytes.js';

test('hex of any bytes reads back as the same bytes, in either case', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      t.deepEqual(fromHex(toHex(bytes)), bytes);
      t.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
    }),
  );
});

test('what is not hex of whole bytes is told apart from bytes', (t) => {
  for (const text of ['0', 'xy', '0g', ' 00', '00 ', '0x00', '٠٠']) t.is(fromHex(text), undefined, text);
  t.deepEqual(fromHex(''), new Uint8Array(0));
});

test('joined parts stand one behind the other', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (parts) => {
      t.deepEqual(
        [...concat(...parts)],
        parts.flatMap((part) => [...part]),
      );
    }),
  );
});

test('bytes compare as their hex does', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
      const [x, y] = [toHex(a), toHex(b)];
      t.is(Math.sign(compareBytes(a, b)), x < y ? -1 : x > y ? 1 : 0);
      t.is(equalBytes(a, b), x === y);
    }),
  );
});

test('integers are written big-endian and read back', (t) => {
  const bytes = new Uint8Array(8);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 3 }), (value, offset) => {
      writeU32(bytes, offset, value);
      t.is(readU32(bytes, offset), value);
      t.is(new DataView(bytes.buffer).getUint32(offset), value);
      writeU16(bytes, offset, value & 0xffff);
      t.is(readU16(bytes, offset), value & 0xffff);
      t.is(new DataView(bytes.buffer).getUint16(offset), value & 0xffff);
    }),
  );
});

test('text survives UTF-8, and broken UTF-8 is no text', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => t.is(fromUtf8(utf8(text)), text)));
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) t.is(fromUtf8(Uint8Array.from(bytes)), undefined);
});
