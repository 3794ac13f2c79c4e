import { toHex } from '../core/bytes.js';
import { MESSAGE_ID_BYTES } from '../core/ids.js';
import { Body, decode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, Offset } from '../wire/header.js';
import { ATTEMPT_BYTES } from './delivery.js';

/** Directed, whole, with an acknowledgement wanted. */
const WANTS_ANSWER = Flag.Directed | Flag.Fragment | Flag.AckWanted;
const ANSWERED_WHOLE = Flag.Directed | Flag.AckWanted;

/** The message, by its first attempt, that an acknowledgement from end to end is of. */
export function messageOf(ack: Uint8Array): string | undefined {
  const body = ack[Offset.Type] === FrameType.Ack ? decode(Body.AckSchema, payloadOf(ack)) : undefined;
  return body?.message.length === MESSAGE_ID_BYTES ? toHex(body.message) : undefined;
}

/** Whether a frame is a whole message that is to be acknowledged from end to end. */
export const isWholeAwaited = (frame: Uint8Array): boolean =>
  ((frame[Offset.Flags] as number) & WANTS_ANSWER) === ANSWERED_WHOLE;

/** The message, by its first attempt, that a frame with an acknowledgement wanted is of. */
export function attemptOf(frame: Uint8Array): string {
  const boot = toHex(frame.subarray(Offset.Source, Offset.Sequence));
  return boot + toHex(payloadOf(frame).subarray(0, ATTEMPT_BYTES));
}
