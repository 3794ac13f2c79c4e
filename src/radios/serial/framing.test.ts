import test from 'ava';
import fc from 'fast-check';
import { decodeFrame, encodedBound, encodeFrame } from './cobs.js';
import { crc16 } from './crc16.js';
import { Deframer } from './deframer.js';

const bytes = (options?: fc.IntArrayConstraints) => fc.uint8Array({ maxLength: 700, ...options });
/** Many zeros, and long runs without one: where COBS has its corners. */
const body = fc.oneof(
  bytes(),
  fc.array(fc.constantFrom(0, 1, 255), { maxLength: 700 }).map((list) => Uint8Array.from(list)),
  fc.integer({ min: 240, max: 520 }).map((length) => new Uint8Array(length).fill(7)),
);

/** Cuts bytes at the given places, as a port hands them out. */
function* pieces(whole: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (whole.length + 1)), whole.length].sort((a, b) => a - b)) {
    yield whole.subarray(from, cut);
    from = cut;
  }
}

function collect(deframer: Deframer, chunks: Iterable<Uint8Array>): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (const chunk of chunks) deframer.push(chunk, (one) => bodies.push(one));
  return bodies;
}

test('the checksum is CRC-16/CCITT-FALSE', (t) => {
  t.is(crc16(new TextEncoder().encode('123456789')), 0x29b1);
  t.is(crc16(new Uint8Array(0)), 0xffff);
  t.is(crc16(Uint8Array.of(1, 2, 3, 4), 2), crc16(Uint8Array.of(1, 2)));
});

test('a frame has the bytes the firmware makes', (t) => {
  // From the firmware's own encoder: a short body with zeros, and one whose stuffed length ends with a full block.
  t.deepEqual([...encodeFrame(Uint8Array.of(0x48, 0, 0x11))], [2, 0x48, 4, 0x11, 0x7a, 0x80, 0]);
  const full = encodeFrame(new Uint8Array(252).fill(1));
  t.is(full.length, 257);
  t.deepEqual([...full.subarray(-4)], [0x91, 0x10, 1, 0]);
  t.is(full[0], 255);
  t.deepEqual([...encodeFrame(new Uint8Array(0))], [3, 255, 255, 0]);
});

test('every body comes back from its frame, which holds no zero but the last byte', (t) => {
  fc.assert(
    fc.property(body, (one) => {
      const frame = encodeFrame(one);
      t.is(frame.indexOf(0), frame.length - 1);
      t.true(frame.length <= encodedBound(one.length));
      t.deepEqual(decodeFrame(frame.subarray(0, -1)), one);
    }),
  );
});

test('one damaged byte is always noticed', (t) => {
  fc.assert(
    fc.property(body, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, at, change) => {
      const stuffed = encodeFrame(one).slice(0, -1);
      const place = at % stuffed.length;
      stuffed[place] = (stuffed[place] as number) ^ change;
      const decoded = decodeFrame(stuffed);
      // A changed length byte moves zeros about; of those one in 65,536 passes, and only with another content.
      if (decoded !== undefined) t.notDeepEqual(decoded, one);
      else t.is(decoded, undefined);
    }),
  );
});

test('frames arrive in order however the bytes are cut or glued', (t) => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (bodies, cuts) => {
      const whole = Buffer.concat(bodies.map(encodeFrame));
      const deframer = new Deframer(700);
      t.deepEqual(collect(deframer, pieces(whole, cuts)), bodies);
      t.is(deframer.damaged, 0);
      t.is(deframer.noiseBytes, 0);
    }),
  );
});

test('a frame after garbage of any kind arrives once a delimiter stood between them', (t) => {
  fc.assert(
    fc.property(fc.array(bytes({ maxLength: 3_000 }), { maxLength: 4 }), body, (garbage, one) => {
      const whole = Buffer.concat([...garbage, Uint8Array.of(0), encodeFrame(one)]);
      const bodies = collect(new Deframer(700), [whole]);
      t.deepEqual(bodies.at(-1), one);
    }),
  );
});

test('half a frame spoils at most the next one', (t) => {
  fc.assert(
    fc.property(body, fc.nat(), body, body, (cutOne, at, next, last) => {
      const frame = encodeFrame(cutOne);
      const half = frame.subarray(0, at % frame.length);
      const bodies = collect(new Deframer(700), [Buffer.concat([half, encodeFrame(next), encodeFrame(last)])]);
      t.deepEqual(bodies.at(-1), last);
    }),
  );
});

test('what is longer than a frame may be takes no memory, counts once, and does not disturb the next', (t) => {
  const deframer = new Deframer(64);
  deframer.push(Uint8Array.of(0), () => t.fail());
  for (let i = 0; i < 1_000; i++) deframer.push(new Uint8Array(1_000).fill(9), () => t.fail());
  t.is(deframer.noiseBytes, 1_000_000);
  t.deepEqual(collect(deframer, [Uint8Array.of(0), encodeFrame(Uint8Array.of(5))]), [Uint8Array.of(5)]);
  t.is(deframer.damaged, 1);
  deframer.forgive();
  t.is(deframer.noiseBytes, 0);
});

test('the tail of a frame that was under way when the port opened is no damage', (t) => {
  const deframer = new Deframer(64);
  const tail = encodeFrame(Uint8Array.of(1, 2, 3, 4, 5)).subarray(3);
  t.deepEqual(collect(deframer, [tail, encodeFrame(Uint8Array.of(6))]), [Uint8Array.of(6)]);
  t.is(deframer.damaged, 0);
  deframer.push(tail, () => t.fail());
  t.is(deframer.damaged, 1);
});

test('bodies do not share memory with the bytes that came', (t) => {
  const frame = encodeFrame(Uint8Array.of(1, 2, 3));
  const [one] = collect(new Deframer(64), [frame]);
  frame.fill(9);
  t.deepEqual(one, Uint8Array.of(1, 2, 3));
});
