import test from 'ava';
import fc from 'fast-check';
import { anyHeader } from '../testing/arbitraries.js';
import { headerWith, nodeNamed } from '../testing/builders.js';
import {
  effectiveFlags,
  FIXED_HEADER_BYTES,
  Flag,
  headerBytes,
  overheadBytes,
  readHeader,
  writeHeader,
} from './header.js';

test('every header reads back as it was written, flags following from its fields', (t) => {
  fc.assert(
    fc.property(anyHeader, (header) => {
      const out = new Uint8Array(64);
      const length = writeHeader(header, out);
      t.is(length, headerBytes(effectiveFlags(header)));
      t.deepEqual(readHeader(out), { ...header, flags: effectiveFlags(header) });
      t.true(
        out.subarray(length).every((byte) => byte === 0),
        'nothing beyond its length is written',
      );
    }),
  );
});

test('the fixed fields stand where the protocol puts them', (t) => {
  const out = new Uint8Array(FIXED_HEADER_BYTES);
  writeHeader(
    headerWith({
      type: 0x18,
      priority: 2,
      ttl: 48,
      hops: 3,
      epoch: 9,
      source: nodeNamed(0x11),
      saltHint: 0xabcd,
      sequence: 0x01020304,
      flags: Flag.AckWanted,
    }),
    out,
  );
  t.deepEqual([...out], [0x10, 0x18, 0x90, 48, 3, 9, 0, 0, 0, 0, 0, 0, 0, 0x11, 0xab, 0xcd, 1, 2, 3, 4]);
});

test('fragment, destination and transmitter follow in this order', (t) => {
  const out = new Uint8Array(40);
  const header = headerWith({
    fragment: { offset: 0x0102, total: 0x0304 },
    destination: nodeNamed(5),
    transmitter: nodeNamed(6),
  });
  t.is(writeHeader(header, out), 40);
  t.deepEqual([...out.subarray(20)], [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6]);
});

test('flags that stand for absent fields cannot be set by hand', (t) => {
  t.is(effectiveFlags(headerWith({ flags: 127 })), Flag.Signed | Flag.Sealed | Flag.AckWanted | Flag.Spread);
});

test('the overhead counts header, signature and tag', (t) => {
  t.is(overheadBytes(0), 28);
  t.is(overheadBytes(Flag.Directed), 36);
  t.is(overheadBytes(Flag.Signed), 92);
  t.is(overheadBytes(Flag.Fragment | Flag.Directed | Flag.Transmitter), 48);
});
