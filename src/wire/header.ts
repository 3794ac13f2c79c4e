import { readU16, readU32, writeHex, writeU16, writeU32 } from '../core/bytes.js';
import { type MessageId, messageIdOf, type NodeId, nodeIdOf } from '../core/ids.js';
import type { Priority } from './frame-types.js';

export const PROTOCOL_VERSION = 1;

export const Flag = {
  Directed: 1,
  Fragment: 2,
  Signed: 4,
  Sealed: 8,
  AckWanted: 16,
  Transmitter: 32,
  /** Directed, and yet to be flooded: routes have failed it. On the wire the lowest bit of the version's byte. */
  Spread: 64,
} as const;
const FLAGS_BYTE = 63;
const SPREAD_BIT = 1;

export const Offset = {
  Version: 0,
  Type: 1,
  Flags: 2,
  Ttl: 3,
  Hops: 4,
  Epoch: 5,
  Source: 6,
  Salt: 14,
  Sequence: 16,
} as const;

export const FIXED_HEADER_BYTES = 20;
export const FRAGMENT_BYTES = 4;
export const TAG_BYTES = 8;
export const SIGNATURE_BYTES = 64;
export const MAX_FRAME_BYTES = 65_535;
/** A message's payload before fragmentation: what 16 bits of offset can name. */
export const MAX_PAYLOAD_BYTES = 65_535;

export interface Fragment {
  readonly offset: number;
  readonly total: number;
}

export interface Header {
  readonly version: number;
  readonly type: number;
  readonly flags: number;
  readonly priority: Priority;
  readonly ttl: number;
  readonly hops: number;
  readonly epoch: number;
  readonly source: NodeId;
  /** First two bytes of the source's boot salt. */
  readonly saltHint: number;
  readonly sequence: number;
  readonly fragment?: Fragment;
  readonly destination?: NodeId;
  readonly transmitter?: NodeId;
}

/** Bytes of the header that these flags call for. */
export function headerBytes(flags: number): number {
  return (
    FIXED_HEADER_BYTES +
    (flags & Flag.Fragment ? FRAGMENT_BYTES : 0) +
    (flags & Flag.Directed ? 8 : 0) +
    (flags & Flag.Transmitter ? 8 : 0)
  );
}

/** Everything around a payload: header, signature where flagged, tag. */
export const overheadBytes = (flags: number): number =>
  headerBytes(flags) + TAG_BYTES + (flags & Flag.Signed ? SIGNATURE_BYTES : 0);

/** Flags follow from the optional fields, besides the ones given in `flags`. */
export function effectiveFlags(header: Header): number {
  let flags = header.flags & (Flag.Signed | Flag.Sealed | Flag.AckWanted | Flag.Spread);
  if (header.fragment) flags |= Flag.Fragment;
  if (header.destination) flags |= Flag.Directed;
  if (header.transmitter) flags |= Flag.Transmitter;
  return flags;
}

/** Writes the header to the start of `out` and returns its length. */
export function writeHeader(header: Header, out: Uint8Array): number {
  const flags = effectiveFlags(header);
  out[Offset.Version] = (header.version << 4) | (flags & Flag.Spread ? SPREAD_BIT : 0);
  out[Offset.Type] = header.type;
  out[Offset.Flags] = (flags & FLAGS_BYTE) | (header.priority << 6);
  out[Offset.Ttl] = header.ttl;
  out[Offset.Hops] = header.hops;
  out[Offset.Epoch] = header.epoch;
  writeHex(header.source, out, Offset.Source);
  writeU16(out, Offset.Salt, header.saltHint);
  writeU32(out, Offset.Sequence, header.sequence);
  let at = FIXED_HEADER_BYTES;
  if (header.fragment) {
    writeU16(out, at, header.fragment.offset);
    writeU16(out, at + 2, header.fragment.total);
    at += FRAGMENT_BYTES;
  }
  if (header.destination) {
    writeHex(header.destination, out, at);
    at += 8;
  }
  if (header.transmitter) {
    writeHex(header.transmitter, out, at);
    at += 8;
  }
  return at;
}

/** Reads a header of a frame that ingest has accepted: its shape is known to be good. */
export function readHeader(frame: Uint8Array): Header {
  const bits = frame[Offset.Flags] as number;
  const first = frame[Offset.Version] as number;
  const flags = (bits & FLAGS_BYTE) | (first & SPREAD_BIT ? Flag.Spread : 0);
  let at = FIXED_HEADER_BYTES;
  const header: { -readonly [K in keyof Header]: Header[K] } = {
    version: first >>> 4,
    type: frame[Offset.Type] as number,
    flags,
    priority: (bits >>> 6) as Priority,
    ttl: frame[Offset.Ttl] as number,
    hops: frame[Offset.Hops] as number,
    epoch: frame[Offset.Epoch] as number,
    source: nodeIdOf(frame, Offset.Source),
    saltHint: readU16(frame, Offset.Salt),
    sequence: readU32(frame, Offset.Sequence),
  };
  if (flags & Flag.Fragment) {
    header.fragment = { offset: readU16(frame, at), total: readU16(frame, at + 2) };
    at += FRAGMENT_BYTES;
  }
  if (flags & Flag.Directed) {
    header.destination = nodeIdOf(frame, at);
    at += 8;
  }
  if (flags & Flag.Transmitter) header.transmitter = nodeIdOf(frame, at);
  return header;
}

export const messageIdOfFrame = (frame: Uint8Array): MessageId => messageIdOf(frame, Offset.Source);
