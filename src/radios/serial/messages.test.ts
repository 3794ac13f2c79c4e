import test from 'ava';
import fc from 'fast-check';
import { AirStation } from './air.js';
import {
  BodyType,
  ByeReason,
  EVERYBODY,
  Role,
  readAir,
  readBody,
  writeAir,
  writeBye,
  writeData,
  writeGreeting,
  writeOffset,
} from './messages.js';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const frame = fc.uint8Array({ minLength: 1, maxLength: 64 });

test('a greeting is read as it was written, also with more behind it', (t) => {
  const greeting = fc.record({
    role: fc.constantFrom(Role.Agent, Role.Dongle),
    mtuBytes: fc.integer({ min: 64, max: 0xffff }),
    windowBytes: fc.integer({ min: 64, max: 0x7fff }),
    nonce: fc.integer({ min: 1, max: 0xffffffff }),
    heard: u32,
    airBitsPerSecond: u32,
  });
  fc.assert(
    fc.property(greeting, fc.constantFrom(BodyType.Hello, BodyType.HelloAck), frame, (one, type, more) => {
      const body = writeGreeting(type, one);
      t.deepEqual(readBody(body), { type, greeting: one });
      t.deepEqual(readBody(Uint8Array.from([...body, ...more])), { type, greeting: one });
    }),
  );
});

test('what a link carries is read as it was written', (t) => {
  fc.assert(
    fc.property(u16, frame, (offset, bytes) => {
      t.deepEqual(readBody(writeData(offset, bytes)), { type: BodyType.Data, offset, frame: bytes });
      t.deepEqual(readBody(writeOffset(BodyType.Poll, offset)), { type: BodyType.Poll, offset });
      t.deepEqual(readBody(writeOffset(BodyType.Credit, offset)), { type: BodyType.Credit, offset });
    }),
  );
  t.deepEqual(readBody(writeBye(ByeReason.Dropped)), { type: BodyType.Bye, reason: ByeReason.Dropped });
});

test('any bytes are read or refused, nothing else', (t) => {
  const started = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(started, ([first, rest]) => {
      const body = Uint8Array.of(first, ...rest);
      t.notThrows(() => readBody(body));
      t.notThrows(() => readAir(body));
    }),
  );
  t.is(readBody(new Uint8Array(0)), undefined);
});

test('a greeting of another version is told from garbage', (t) => {
  const fields = { role: Role.Agent, mtuBytes: 512, windowBytes: 512, nonce: 1, heard: 0, airBitsPerSecond: 0 };
  const body = writeGreeting(BodyType.Hello, fields);
  body[5] = 9;
  t.deepEqual(readBody(body), { type: 'foreign', version: 9 });
  body[1] = 0;
  t.is(readBody(body), undefined);
  for (const wrong of [{ nonce: 0 }, { mtuBytes: 63 }, { windowBytes: 0x8000 }, { windowBytes: 63 }]) {
    t.is(readBody(writeGreeting(BodyType.Hello, { ...fields, ...wrong })), undefined);
  }
});

test('a packet of a shared air reaches whom it is for, and nobody else', (t) => {
  fc.assert(
    fc.property(u32, u32, frame, (from, to, bytes) => {
      fc.pre(from !== EVERYBODY && from !== to);
      const station = new AirStation(to);
      const taken = station.take(writeAir({ from, to, frame: bytes }));
      t.deepEqual(taken, { from: from.toString(16).padStart(8, '0'), bytes });
      if (to !== EVERYBODY && to !== EVERYBODY - 1) {
        t.deepEqual(new AirStation(EVERYBODY - 1).take(writeAir({ from: to, to: from === 5 ? 6 : 5, frame: bytes })), {
          from: to.toString(16).padStart(8, '0'),
          bytes,
          overheard: true,
        });
      }
    }),
  );
  const one = new AirStation(1);
  t.deepEqual(new AirStation(2).take(one.packet(Uint8Array.of(9), undefined) as Uint8Array)?.from, '00000001');
  t.is(one.take(one.packet(Uint8Array.of(9), undefined) as Uint8Array), undefined, 'its own echo');
  for (const nonsense of ['', 'x', '0000000', '000000022', '0000000G', '00000001']) {
    t.is(one.packet(Uint8Array.of(9), nonsense), undefined);
  }
});
