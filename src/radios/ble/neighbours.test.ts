import test from 'ava';
import { decodeAdvert, encodeAdvert } from './advert.js';
import { BleLimit } from './limits.js';
import { Neighbours, PATIENCE_MS, type Situation } from './neighbours.js';

const OWN = new Uint8Array(8).fill(0x80);
const token = (first: number): Uint8Array => Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 1);

function hear(
  neighbours: Neighbours,
  first: number,
  now: number,
  extra: { part?: number; rssi?: number; type?: number; ours?: boolean } = {},
) {
  const { part = 1, rssi = -50, type = 0, ours = true } = extra;
  const report = {
    type,
    addressType: 1,
    address: `00:00:00:00:00:${first.toString(16).padStart(2, '0')}`,
    data: new Uint8Array(0),
    rssi,
  } as const;
  return neighbours.heard({ hint: 0, token: token(first), part }, report, ours, 1, now);
}

const at = (now: number, extra: Partial<Situation> = {}): Situation => ({
  now,
  ownToken: OWN,
  ownPart: 1,
  takesSamePart: true,
  takesStrangers: true,
  awaited: undefined,
  isLinked: () => false,
  ...extra,
});

test('an advert is 31 bytes and reads as it was written; others and cut ones are none', (t) => {
  const data = encodeAdvert({ hint: 0x2a, token: token(7), part: 9 });
  t.is(data.length, 31);
  t.deepEqual(decodeAdvert(data), { hint: 0x2a, token: token(7), part: 9 });
  for (let length = 0; length < data.length; length++) t.is(decodeAdvert(data.subarray(0, length)), undefined);
  t.is(decodeAdvert(Uint8Array.of(2, 1, 6, 3, 0x03, 0x0f, 0x18)), undefined);
  t.is(decodeAdvert(new Uint8Array(31)), undefined);
});

test('the lower token dials at once, the higher after ten seconds', (t) => {
  const neighbours = new Neighbours(() => 0);
  hear(neighbours, 0x10, 0);
  t.is(neighbours.next(at(0)), undefined);
  hear(neighbours, 0x90, 0);
  t.is(neighbours.next(at(0))?.key, '9000000000000001');
  hear(neighbours, 0x10, 5_000);
  hear(neighbours, 0x10, PATIENCE_MS);
  t.is(neighbours.next(at(PATIENCE_MS))?.key, '1000000000000001');
});

test('who looks like a stranger is dialled after ten seconds, when one may be', (t) => {
  const neighbours = new Neighbours(() => 0);
  for (let now = 0; now <= PATIENCE_MS; now += 1_000) hear(neighbours, 0x90, now, { ours: false });
  t.is(neighbours.next(at(1_000)), undefined);
  t.truthy(neighbours.next(at(PATIENCE_MS)));
  t.is(neighbours.next(at(PATIENCE_MS, { takesStrangers: false })), undefined);
});

test('another part of the mesh comes first, then who failed least, then the loudest', (t) => {
  const neighbours = new Neighbours(() => 0);
  hear(neighbours, 0x91, 0, { rssi: -80 });
  hear(neighbours, 0x92, 0, { rssi: -40 });
  t.is(neighbours.next(at(0))?.rssi, -40);
  neighbours.failed('9200000000000001', 0);
  hear(neighbours, 0x92, 600, { rssi: -40 });
  t.is(neighbours.next(at(600))?.rssi, -80);
  hear(neighbours, 0x93, 600, { rssi: -90, part: 2 });
  t.is(neighbours.next(at(600))?.rssi, -90);
});

test('the linked, the silent, the full and the recently tried are left alone', (t) => {
  const neighbours = new Neighbours(() => 0);
  hear(neighbours, 0x91, 0);
  t.is(neighbours.next(at(0, { isLinked: () => true })), undefined);
  t.is(neighbours.next(at(6_000)), undefined);
  hear(neighbours, 0x91, 6_000, { type: 3 });
  t.is(neighbours.next(at(6_000)), undefined);
  hear(neighbours, 0x91, 6_100);
  neighbours.failed('9100000000000001', 6_100);
  t.is(neighbours.next(at(6_200)), undefined);
  t.truthy(neighbours.next(at(6_700)));
});

test('an address that changes under the same token is followed', (t) => {
  const neighbours = new Neighbours(() => 0);
  const report = { type: 0, addressType: 1, data: new Uint8Array(0), rssi: -50 } as const;
  const advert = { hint: 0, token: token(0x91), part: 1 };
  neighbours.heard(advert, { ...report, address: 'aa:00:00:00:00:01' }, true, 1, 0);
  neighbours.heard(advert, { ...report, address: 'aa:00:00:00:00:02' }, true, 1, 100);
  t.is(neighbours.size, 1);
  t.is(neighbours.next(at(100))?.address, 'aa:00:00:00:00:02');
});

test('a flood of invented neighbours is bounded, and the one heard last stays', (t) => {
  const neighbours = new Neighbours(() => 0);
  for (let i = 0; i < BleLimit.Neighbours * 3; i++) {
    const bytes = Uint8Array.of(0x90, i >> 8, i & 255, 0, 0, 0, 0, 0);
    neighbours.heard(
      { hint: 0, token: bytes, part: 1 },
      { type: 0, addressType: 1, address: 'aa', data: bytes, rssi: 0 },
      true,
      1,
      0,
    );
  }
  t.is(neighbours.size, BleLimit.Neighbours);
});

test('one of another part is dialled after three seconds whatever the tokens, and at once when room was made for it', (t) => {
  const neighbours = new Neighbours(() => 0);
  for (let now = 0; now <= 3_000; now += 500) hear(neighbours, 0x10, now, { part: 2 });
  t.is(neighbours.next(at(2_900)), undefined);
  t.truthy(neighbours.next(at(2_900, { awaited: '1000000000000001' })));
  t.truthy(neighbours.next(at(3_000)));
});

test('the last place goes to one who has shown another part for a second', (t) => {
  const neighbours = new Neighbours(() => 0);
  const last = { takesSamePart: false };
  hear(neighbours, 0x91, 0);
  hear(neighbours, 0x91, 500, { part: 2 });
  t.is(neighbours.next(at(500, last)), undefined);
  hear(neighbours, 0x91, 1_500, { part: 2 });
  t.truthy(neighbours.next(at(1_500, last)));
  hear(neighbours, 0x91, 1_600);
  t.is(neighbours.next(at(1_600, last)), undefined);
});

test('calls that failed are repeated ever later, but within four seconds to another part', (t) => {
  const neighbours = new Neighbours(() => 0);
  hear(neighbours, 0x91, 0);
  for (let i = 0; i < 10; i++) neighbours.failed('9100000000000001', 0);
  hear(neighbours, 0x91, 29_000);
  t.is(neighbours.next(at(29_000)), undefined);
  hear(neighbours, 0x91, 30_000);
  t.truthy(neighbours.next(at(30_000)));
  neighbours.failed('9100000000000001', 30_000);
  hear(neighbours, 0x91, 34_000, { part: 2 });
  t.truthy(neighbours.next(at(34_000)));
});
