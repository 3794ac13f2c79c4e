import { Body, decode, encode } from '../wire/bodies.js';
import { overheadBytes } from '../wire/header.js';

/** Ranges that one answer names; further ones are asked for when these have come. */
export const PART_RANGES_MAX = 32;
/** Payloads above this are asked after before they are sent again: shorter ones are hardly more than the question. */
export const REPAIR_FROM_BYTES = 400;
/** Of so many attempts one sends the whole message again: the other end may know nothing of parts. */
const WHOLE_EVERY = 4;
/** What stands around the bytes in the body of a part. */
const AROUND_PART_BYTES = 20;
const PART_BYTES_MIN = 64;

/** Whether this attempt (they count from 1) first asks what is missing. */
export const asksFirst = (attempt: number, payloadBytes: number): boolean =>
  payloadBytes > REPAIR_FROM_BYTES && attempt % WHOLE_EVERY !== 1;

/** Bytes of a payload that one part may carry over a link without being cut again there. */
export const partRoom = (mtuBytes: number, flags: number): number =>
  Math.max(PART_BYTES_MIN, mtuBytes - overheadBytes(flags) - AROUND_PART_BYTES);

/** What a receiver misses of an attempt: bounds of ranges, in order. `undefined` when it is malformed. */
export function readMissing(body: Uint8Array): Body.PartsMissing | undefined {
  const report = decode(Body.PartsMissingSchema, body);
  if (!report || report.bounds.length % 2 !== 0 || report.bounds.length > 2 * PART_RANGES_MAX) return undefined;
  let at = -1;
  for (const bound of report.bounds) {
    if (bound <= at || bound > report.total) return undefined;
    at = bound;
  }
  return report;
}

export function missingBytes(bounds: readonly number[]): number {
  let bytes = 0;
  for (let i = 0; i < bounds.length; i += 2) bytes += (bounds[i + 1] as number) - (bounds[i] as number);
  return bytes;
}

/** Bodies of the parts that fill these ranges of a payload. */
export function* partsOf(
  payload: Uint8Array,
  attempt: number,
  bounds: readonly number[],
  room: number,
): Generator<Uint8Array> {
  const total = payload.length;
  for (let i = 0; i < bounds.length; i += 2) {
    const end = bounds[i + 1] as number;
    for (let offset = bounds[i] as number; offset < end; offset += room) {
      const bytes = payload.subarray(offset, Math.min(end, offset + room));
      yield encode(Body.PartSchema, { attempt, total, offset, bytes });
    }
  }
}
