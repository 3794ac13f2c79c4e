import test from 'ava';
import fc from 'fast-check';
import { concat, toHex, utf8 } from '../core/bytes.js';
import { anyHeader, anyPayload } from '../testing/arbitraries.js';
import { headerWith, nodeNamed, TEST_TAG_KEY } from '../testing/builders.js';
import { buildFrame, dedupKeyOf, immutablePart, payloadOf, relayCopy, retag, signatureOf, tokenOf } from './frame.js';
import { effectiveFlags, Flag, overheadBytes, readHeader, TAG_BYTES } from './header.js';
import { sipHash24 } from './siphash.js';

const SIGNATURE = new Uint8Array(64).fill(0x5a);

test('a frame gives back its header, its payload and its signature, and its tag is over all before it', (t) => {
  fc.assert(
    fc.property(anyHeader, anyPayload, (header, payload) => {
      const signed = (header.flags & Flag.Signed) !== 0;
      const frame = buildFrame(header, payload, TEST_TAG_KEY, signed ? SIGNATURE : undefined);
      t.is(frame.length, overheadBytes(effectiveFlags(header)) + payload.length);
      t.deepEqual(readHeader(frame), { ...header, flags: effectiveFlags(header) });
      t.deepEqual(payloadOf(frame), payload);
      t.deepEqual(signatureOf(frame), signed ? SIGNATURE : undefined);
      const tag = new Uint8Array(TAG_BYTES);
      sipHash24(TEST_TAG_KEY, frame, 0, frame.length - TAG_BYTES, tag, 0);
      t.deepEqual(frame.slice(-TAG_BYTES), tag);
      t.is(tokenOf(frame), new DataView(tag.buffer).getUint32(0));
    }),
  );
});

test('a relayed copy has one ttl less, one hop more, a new tag, and is the same message', (t) => {
  fc.assert(
    fc.property(anyHeader, anyPayload, (header, payload) => {
      const frame = buildFrame(header, payload, TEST_TAG_KEY, header.flags & Flag.Signed ? SIGNATURE : undefined);
      const before = toHex(frame);
      const copy = relayCopy(frame, TEST_TAG_KEY);
      t.is(toHex(frame), before, 'the original is left alone');
      const { ttl, hops, ...rest } = readHeader(copy);
      t.deepEqual({ ttl, hops }, { ttl: header.ttl - 1, hops: header.hops + 1 });
      t.like(readHeader(frame), rest);
      t.deepEqual(payloadOf(copy), payload);
      t.is(dedupKeyOf(copy), dedupKeyOf(frame));
      t.notDeepEqual(copy.slice(-TAG_BYTES), frame.slice(-TAG_BYTES));
    }),
  );
});

test('hops stop counting at 255', (t) => {
  const copy = relayCopy(buildFrame(headerWith({ hops: 255 }), utf8('x'), TEST_TAG_KEY), TEST_TAG_KEY);
  t.is(readHeader(copy).hops, 255);
});

test('the immutable part is the same for every copy and every fragment, and for nothing else', (t) => {
  const header = headerWith({ destination: nodeNamed(7), flags: Flag.AckWanted });
  const payload = utf8('payload');
  const part = toHex(immutablePart(header, payload));
  const copies = [
    { ...header, ttl: 1, hops: 30 },
    { ...header, transmitter: nodeNamed(9) },
    { ...header, fragment: { offset: 3, total: 7 } },
  ];
  for (const copy of copies) t.is(toHex(immutablePart(copy, payload)), part);
  const others = [
    { ...header, type: 25 },
    { ...header, priority: 0 as const },
    { ...header, epoch: 1 },
    { ...header, source: nodeNamed(8) },
    { ...header, saltHint: 1 },
    { ...header, sequence: 2 },
    { ...header, destination: nodeNamed(8) },
    { ...header, flags: 0 },
  ];
  for (const other of others) t.not(toHex(immutablePart(other, payload)), part, JSON.stringify(other));
  t.not(toHex(immutablePart(header, utf8('payloaf'))), part);
});

test('the immutable part begins with its label, then the header with ttl and hops at zero', (t) => {
  const part = immutablePart(headerWith({ ttl: 9, hops: 9, sequence: 0x01020304 }), utf8('p'));
  const head = [0x10, 24, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa1, 0xab, 0xcd, 1, 2, 3, 4];
  t.deepEqual(part, concat(utf8('edge-agent/1/frame'), Uint8Array.from(head), utf8('p')));
});

test('the dedup key names message and fragment; of the whole message, whichever part it is', (t) => {
  const fragment = { offset: 0x0102, total: 9_999 };
  const part = buildFrame(headerWith({ fragment, sequence: 7 }), utf8('x'), TEST_TAG_KEY);
  const whole = buildFrame(headerWith({ sequence: 7 }), utf8('x'), TEST_TAG_KEY);
  t.is(dedupKeyOf(whole), '00000000000000a1abcd000000070000');
  t.is(dedupKeyOf(part), '00000000000000a1abcd000000070102');
  t.is(dedupKeyOf(part, true), dedupKeyOf(whole));
});

test('a tag is renewed in place', (t) => {
  const frame = buildFrame(headerWith(), utf8('x'), TEST_TAG_KEY);
  const good = toHex(frame);
  frame[3] = 200;
  retag(frame, TEST_TAG_KEY);
  t.not(toHex(frame.subarray(-8)), good.slice(-16));
  frame[3] = 5;
  retag(frame, TEST_TAG_KEY);
  t.is(toHex(frame), good);
});
