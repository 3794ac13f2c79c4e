import test from 'ava';
import fc from 'fast-check';
import { concat } from '../../core/bytes.js';
import * as H4 from './hci-packets.js';

const packet = fc.oneof(
  fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 255 })).map(([opcode, p]) => H4.command(opcode, p)),
  fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 255 })).map(([code, p]) => H4.event(code, p)),
  fc
    .tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 1_021 }))
    .map(([handle, p]) => concat(Uint8Array.of(2), H4.le16(handle), H4.le16(p.length), p)),
);

function split(chunks: readonly Uint8Array[]): { packets: number[][]; garbage: string[] } {
  const packets: number[][] = [];
  const garbage: string[] = [];
  const splitter = new H4.PacketSplitter(
    (bytes) => packets.push([...bytes]),
    (reason) => garbage.push(reason),
  );
  for (const chunk of chunks) splitter.push(chunk);
  return { packets, garbage };
}

/** The same bytes in pieces whose lengths follow the numbers. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = 1 + (lengths[i % lengths.length] ?? 0);
    chunks.push(bytes.slice(at, at + length));
    at += length;
  }
  return chunks;
}

test('packets come out as they went in, however the stream is cut and glued', (t) => {
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 12 }), fc.array(fc.nat(300), { minLength: 1 }), (packets, lengths) => {
      const { packets: found, garbage } = split(cut(concat(...packets), lengths));
      t.deepEqual(
        found,
        packets.map((bytes) => [...bytes]),
      );
      t.deepEqual(garbage, []);
    }),
  );
});

test('bytes that start no packet are reported once and nothing after them is believed', (t) => {
  const good = H4.command(0x0c03);
  const { packets, garbage } = split([good, Uint8Array.of(0x77), good, good]);
  t.deepEqual(packets, [[...good]]);
  t.is(garbage.length, 1);
});

test('an ACL packet of impossible length is garbage and not waited for', (t) => {
  const { garbage } = split([Uint8Array.of(2, 0x40, 0, 0xff, 0xff)]);
  t.is(garbage.length, 1);
});

test('any bytes at all are survived', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (chunks) => {
      t.notThrows(() => split(chunks));
    }),
  );
});

test('advert reports are read and a cut one is left out', (t) => {
  const data = Uint8Array.of(1, 2, 3);
  const one = concat(
    Uint8Array.of(0, 1),
    H4.addressBytes('c0:01:02:03:04:05'),
    Uint8Array.of(3),
    data,
    Uint8Array.of(0xce),
  );
  const whole = H4.leEvent(0x02, concat(Uint8Array.of(2), one, one));
  t.is(H4.parseAdvertReports(whole).length, 2);
  t.like(H4.parseAdvertReports(whole)[0], { address: 'c0:01:02:03:04:05', addressType: 1, rssi: -50, data });
  for (let length = 0; length < whole.length; length++)
    t.true(H4.parseAdvertReports(whole.subarray(0, length)).length < 2);
});

test('an address reads the same after a trip through bytes', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      t.deepEqual([...H4.addressBytes(H4.addressText(bytes))], [...bytes]);
    }),
  );
});
