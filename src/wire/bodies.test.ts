import test from 'ava';
import fc from 'fast-check';
import { Body, decode, encode } from './bodies.js';

test('a body reads back as it was written', (t) => {
  const bytes = encode(Body.HeartbeatSchema, { digest: 0xdeadbeef, echo: 7, heldMs: 20 });
  t.like(decode(Body.HeartbeatSchema, bytes), { digest: 0xdeadbeef, echo: 7, heldMs: 20 });
});

test('any bytes are a body or none, and never an error', (t) => {
  const schemas = [
    Body.BeaconSchema,
    Body.HopAckSchema,
    Body.DripSchema,
    Body.SignedBeatSchema,
    Body.RecordsSchema,
    Body.MessageSchema,
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...schemas), (bytes, schema) => {
      t.notThrows(() => decode(schema, bytes));
    }),
  );
});

test('fields of a later version are left out', (t) => {
  const later = Uint8Array.of(0xa0, 0x06, 0x01, ...encode(Body.HeartbeatSchema, { echo: 3 }));
  const body = decode(Body.HeartbeatSchema, later);
  t.is(body?.echo, 3);
  t.is(body?.$unknown, undefined);
});

test('a body cut short is none', (t) => {
  const bytes = encode(Body.BeaconSchema, { publicKey: new Uint8Array(32) });
  t.is(decode(Body.BeaconSchema, bytes.subarray(0, 20)), undefined);
});
