import { concat } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Flag, type Header, SIGNATURE_BYTES, TAG_BYTES, writeHeader } from '../wire/header.js';
import { sipHash24 } from '../wire/siphash.js';

export const nodeId = (n: bigint): NodeId => n.toString(16).padStart(16, '0') as NodeId;

/** Renews the tag in the frame's last eight bytes. */
export function retag(frame: Uint8Array, key: Uint8Array): Uint8Array {
  sipHash24(key, frame, 0, frame.length - TAG_BYTES, frame, frame.length - TAG_BYTES);
  return frame;
}

/** A frame with a good tag, from whatever fields a test cares about; the signature is of zeros. */
export function buildFrame(
  key: Uint8Array,
  fields: Partial<Header> = {},
  payload: Uint8Array = Uint8Array.of(1, 2, 3),
): Uint8Array {
  const header: Header = {
    version: 1,
    type: 7,
    flags: 0,
    priority: 2,
    ttl: 5,
    hops: 0,
    epoch: 0,
    source: nodeId(0x1122334455667788n),
    saltHint: 0xabcd,
    sequence: 1,
    ...fields,
  };
  const head = new Uint8Array(64);
  const length = writeHeader(header, head);
  const signature = new Uint8Array(header.flags & Flag.Signed ? SIGNATURE_BYTES : 0);
  return retag(concat(head.subarray(0, length), payload, signature, new Uint8Array(TAG_BYTES)), key);
}

export interface FrameBatch {
  readonly slab: Uint8Array;
  readonly offsets: Uint32Array;
  readonly count: number;
}

/** Frames one behind the other, as an ingest takes them. */
export function toBatch(frames: readonly Uint8Array[]): FrameBatch {
  const offsets = new Uint32Array(frames.length + 1);
  for (const [i, frame] of frames.entries()) offsets[i + 1] = (offsets[i] as number) + frame.length;
  return { slab: concat(...frames), offsets, count: frames.length };
}
