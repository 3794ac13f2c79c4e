import { readU32, toHex, utf8 } from '../core/bytes.js';
import { MESSAGE_ID_BYTES } from '../core/ids.js';
import {
  effectiveFlags,
  FIXED_HEADER_BYTES,
  Flag,
  type Header,
  headerBytes,
  Offset,
  overheadBytes,
  SIGNATURE_BYTES,
  TAG_BYTES,
  writeHeader,
} from './header.js';
import { sipHash24 } from './siphash.js';

/** Renews the tag in place: after any change to the header. */
export function retag(frame: Uint8Array, tagKey: Uint8Array): void {
  const end = frame.length - TAG_BYTES;
  sipHash24(tagKey, frame, 0, end, frame, end);
}

/** A tagged frame. `signature` goes with the `Signed` flag. */
export function buildFrame(
  header: Header,
  payload: Uint8Array,
  tagKey: Uint8Array,
  signature?: Uint8Array,
): Uint8Array {
  const flags = effectiveFlags(header);
  const frame = new Uint8Array(overheadBytes(flags) + payload.length);
  const at = writeHeader(header, frame);
  frame.set(payload, at);
  if (signature) frame.set(signature, at + payload.length);
  retag(frame, tagKey);
  return frame;
}

/** The copy a relay sends on: one ttl less, one hop more, a new tag. */
export function relayCopy(frame: Uint8Array, tagKey: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy[Offset.Ttl] = (frame[Offset.Ttl] as number) - 1;
  copy[Offset.Hops] = Math.min(255, (frame[Offset.Hops] as number) + 1);
  retag(copy, tagKey);
  return copy;
}

const flagsOf = (frame: Uint8Array): number => (frame[Offset.Flags] as number) & 63;

/** A view of the payload of a well-formed frame. */
export function payloadOf(frame: Uint8Array): Uint8Array {
  const flags = flagsOf(frame);
  const end = frame.length - TAG_BYTES - (flags & Flag.Signed ? SIGNATURE_BYTES : 0);
  return frame.subarray(headerBytes(flags), end);
}

/** A view of the signature of a well-formed frame, `undefined` when it carries none. */
export function signatureOf(frame: Uint8Array): Uint8Array | undefined {
  if (!(flagsOf(frame) & Flag.Signed)) return undefined;
  const end = frame.length - TAG_BYTES;
  return frame.subarray(end - SIGNATURE_BYTES, end);
}

/**
 * Message id and fragment offset in hex: what the dedup cache goes by. `whole`: of the message, whichever part this is.
 */
export function dedupKeyOf(frame: Uint8Array, whole = false): string {
  const id = toHex(frame.subarray(Offset.Source, Offset.Source + MESSAGE_ID_BYTES));
  const at = FIXED_HEADER_BYTES;
  return !whole && flagsOf(frame) & Flag.Fragment ? id + toHex(frame.subarray(at, at + 2)) : `${id}0000`;
}

const FRAME_LABEL = utf8('edge-agent/1/frame');

/** What a frame's tag key covers of its life: the first four bytes of its tag, for hop acknowledgements. */
export function tokenOf(frame: Uint8Array): number {
  return readU32(frame, frame.length - TAG_BYTES);
}

/**
 * The fields no relay changes, and the whole payload (before fragmentation): what a signature covers and what a
 * beat commits to.
 */
export function immutablePart(header: Header, payload: Uint8Array): Uint8Array {
  const { fragment: _, transmitter: __, ...message } = header;
  const flags = effectiveFlags(message);
  const length = headerBytes(flags);
  const bytes = new Uint8Array(FRAME_LABEL.length + length + payload.length);
  bytes.set(FRAME_LABEL);
  writeHeader({ ...message, ttl: 0, hops: 0 }, bytes.subarray(FRAME_LABEL.length));
  bytes.set(payload, FRAME_LABEL.length + length);
  return bytes;
}
