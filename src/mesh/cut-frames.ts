import { splitPayload } from '../wire/fragments.js';
import { buildFrame } from '../wire/frame.js';
import { effectiveFlags, FRAGMENT_BYTES, overheadBytes } from '../wire/header.js';
import type { Outgoing } from './types.js';

/** The frames of a message, or of a fragment of one, that fit a link. */
export function framesFor(message: Outgoing, mtuBytes: number, tagKey: Uint8Array): Uint8Array[] {
  const { header, payload } = message;
  const overhead = overheadBytes(effectiveFlags(header));
  if (overhead + payload.length <= mtuBytes) return [buildFrame(header, payload, tagKey)];
  const room = mtuBytes - overhead - (header.fragment ? 0 : FRAGMENT_BYTES);
  return splitPayload(payload, room, header.fragment).map((part) =>
    buildFrame({ ...header, fragment: part.fragment }, part.bytes, tagKey),
  );
}
