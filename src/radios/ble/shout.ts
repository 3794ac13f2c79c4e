import { concat } from '../../core/bytes.js';

/**
 * An urgent frame, spread over a few adverts that nobody can answer. Each is one structure of 31 bytes: length, type ff
 * (manufacturer), company ff ff (none), version (2 bits) and mesh hint (6), number of the frame, index (4 bits) and
 * count less one (4), then up to 24 bytes of the frame, of which all but the last have 24.
 */
export interface ShoutPart {
  readonly hint: number;
  readonly number: number;
  readonly index: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

const VERSION = 0;
const MANUFACTURER = 0xff;
const NO_COMPANY = 0xff;
/** Type, company, hint, number, index. */
const HEAD_BYTES = 6;
const PART_BYTES = 24;
const PARTS_MAX = 6;
/** Longest frame that can be said so. */
export const SHOUT_BYTES = PART_BYTES * PARTS_MAX;

/** The adverts of a frame of at most `SHOUT_BYTES`. */
export function encodeShout(frame: Uint8Array, number: number, hint: number): Uint8Array[] {
  const count = Math.ceil(frame.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const bytes = frame.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
    const place = (index << 4) | (count - 1);
    const head = [
      HEAD_BYTES + bytes.length,
      MANUFACTURER,
      NO_COMPANY,
      NO_COMPANY,
      (VERSION << 6) | hint,
      number,
      place,
    ];
    return concat(Uint8Array.from(head), bytes);
  });
}

/** `undefined` for adverts of others, of later versions and for garbage. */
export function decodeShout(data: Uint8Array): ShoutPart | undefined {
  const length = data[0] ?? 0;
  if (length <= HEAD_BYTES || data.length < length + 1 || data[1] !== MANUFACTURER) return undefined;
  if (data[2] !== NO_COMPANY || data[3] !== NO_COMPANY) return undefined;
  const [mark, number, place] = data.subarray(4) as unknown as [number, number, number];
  const part = { hint: mark & 0x3f, number, index: place >> 4, count: (place & 15) + 1 };
  const bytes = data.slice(1 + HEAD_BYTES, 1 + length);
  const isFull = bytes.length === PART_BYTES;
  const isLast = part.index === part.count - 1;
  const isSound =
    part.count <= PARTS_MAX && part.index < part.count && bytes.length <= PART_BYTES && (isFull || isLast);
  return mark >> 6 === VERSION && isSound ? { ...part, bytes } : undefined;
}
