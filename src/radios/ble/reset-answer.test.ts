import test from 'ava';
import fc from 'fast-check';
import { concat } from '../../core/bytes.js';
import { Opcode } from './hci-codes.js';
import { commandComplete } from './hci-packets.js';
import { ResetAnswer } from './reset-answer.js';

const ANSWER = commandComplete(Opcode.Reset, 0);

/** Feeds the bytes cut at these places. */
function feed(finder: ResetAnswer, bytes: Uint8Array, cuts: readonly number[]): Uint8Array | undefined {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let found: Uint8Array | undefined;
  for (let i = 1; i < places.length; i++) {
    const chunk = bytes.subarray(places[i - 1], places[i]);
    if (found === undefined) found = finder.push(chunk);
    else found = concat(found, chunk);
  }
  return found;
}

test('whatever came before, and however it is cut, reading begins with the answer to the reset', (t) => {
  // 0x0e starts no answer, so that no second one arises by chance.
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => bytes.map((byte) => (byte === 0x0e ? 0 : byte)));
  fc.assert(
    fc.property(
      noise,
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (before, after, cuts) => {
        const found = feed(new ResetAnswer(), concat(before, ANSWER, after), cuts);
        t.deepEqual(found, concat(ANSWER, after));
      },
    ),
  );
});

test('answers to other commands are passed over, and what is passed over is counted', (t) => {
  const finder = new ResetAnswer();
  const other = commandComplete(Opcode.ReadBdAddr, 0, new Uint8Array(6));
  for (let i = 0; i < 100; i++) t.is(finder.push(other), undefined);
  t.true(finder.skipped >= other.length * 99, `${finder.skipped}`);
  t.deepEqual(finder.push(ANSWER), ANSWER);
});
