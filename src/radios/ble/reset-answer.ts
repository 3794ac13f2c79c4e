import { concat } from '../../core/bytes.js';
import { Event, Opcode } from './hci-codes.js';
import { PacketType } from './hci-packets.js';

/** Packet type, event, length, allowance, opcode. */
const HEAD_BYTES = 6;

/**
 * Finds the step in a byte stream that was joined in the middle: a controller on a serial line goes on talking to whoever
 * had it before, and nothing in the bytes says where a packet starts. The one thing to look for is the answer to a reset.
 */
export class ResetAnswer {
  #tail: Uint8Array = new Uint8Array(0);
  /** Bytes passed over so far. */
  skipped = 0;

  /** What follows from the answer on, with the answer; `undefined` while it has not come. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = concat(this.#tail, chunk);
    for (let at = 0; at + HEAD_BYTES <= bytes.length; at++) {
      if (isResetAnswer(bytes, at)) return bytes.slice(at);
    }
    const kept = Math.min(bytes.length, HEAD_BYTES - 1);
    this.skipped += bytes.length - kept;
    this.#tail = bytes.slice(bytes.length - kept);
    return undefined;
  }
}

function isResetAnswer(b: Uint8Array, at: number): boolean {
  const isComplete = b[at] === PacketType.Event && b[at + 1] === Event.CommandComplete && (b[at + 2] as number) >= 4;
  return isComplete && b[at + 4] === (Opcode.Reset & 255) && b[at + 5] === Opcode.Reset >> 8;
}
