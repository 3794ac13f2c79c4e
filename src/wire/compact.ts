import { readU16 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import { retag } from './frame.js';
import { FIRST_FAR_TYPE } from './frame-types.js';
import {
  FIXED_HEADER_BYTES,
  Flag,
  FRAGMENT_BYTES,
  headerBytes,
  Offset,
  PROTOCOL_VERSION,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from './header.js';

/** First four bits of a frame in its short form; a full one has its version there. */
const MARK = 0xc0;
const Bit = {
  /** Source and destination are whole: those in earshot may not know them yet. */
  WholeIds: 1,
  /** Who transmits is named: it is not the source. */
  Transmitter: 2,
  Epoch: 4,
  /** Relays that are left and those it has seen have a byte each; else the one follows from the other. */
  Ttl: 8,
} as const;
const ALIAS_BYTES = 2;
const ID_BYTES = 8;
/** Salt hint and sequence. */
const NUMBER_BYTES = 6;
/** Mark, type, flags, hops. */
const HEAD_BYTES = 4;
/** Relays left and seen, together, of what goes further as a rule: the default hop limit of this version. */
const USUAL_RELAYS = 48;
/** Ids that one alias may stand for when a frame is read: more are a reason to ask. */
export const CANDIDATES_MAX = 4;

/** Two bytes that stand for an id among nodes that know each other: its first two. */
export const aliasOf = (node: NodeId): number => Number.parseInt(node.slice(0, 4), 16);

export const isCompact = (frame: Uint8Array): boolean => ((frame[0] as number) & 0xf0) === MARK;

/** A full frame, and who transmitted it. */
interface Expanded {
  readonly frame: Uint8Array;
  readonly transmitter: NodeId;
}

/** Why a compact frame could not be read. `aliases`: none of the nodes known by one of these is the one that is meant. */
export type Unread = { readonly malformed: true } | { readonly aliases: readonly number[] };

/**
 * The short form of a full frame that `transmitter` is about to send: ids by alias, mostly ttl and hops in one byte. The tag is that of
 * the full frame, with the transmitter in its header where that is not the source. `undefined` where there is no short
 * form: the frame goes as it is.
 */
export function compactFrame(
  frame: Uint8Array,
  transmitter: NodeId,
  tagKey: Uint8Array,
  wholeIds: boolean,
): Uint8Array | undefined {
  const flags = (frame[Offset.Flags] as number) & 63;
  const [ttl, hops] = [frame[Offset.Ttl] as number, frame[Offset.Hops] as number];
  const isFull = (frame[Offset.Version] as number) === PROTOCOL_VERSION << 4 && !(flags & Flag.Transmitter);
  if (!isFull) return undefined;
  const relayed = nodeIdOf(frame, Offset.Source) !== transmitter;
  const epoch = frame[Offset.Epoch] as number;
  const usual = ttl + hops === usualRelays(frame[Offset.Type] as number);
  const bits =
    (wholeIds ? Bit.WholeIds : 0) |
    (relayed ? Bit.Transmitter : 0) |
    (epoch === 0 ? 0 : Bit.Epoch) |
    (usual ? 0 : Bit.Ttl);
  const full = relayed ? withTransmitter(frame, transmitter, tagKey) : frame;
  const rest = headerBytes(flags);
  const out = new Uint8Array(shortHeaderBytes(bits, flags) + frame.length - rest);
  out.set([MARK | bits, frame[Offset.Type] as number, frame[Offset.Flags] as number, hops]);
  const idBytes = idBytesOf(bits);
  let at = HEAD_BYTES;
  const put = (bytes: Uint8Array): void => {
    out.set(bytes, at);
    at += bytes.length;
  };
  put(frame.subarray(Offset.Source, Offset.Source + idBytes));
  if (relayed) put(nodeIdBytes(transmitter).subarray(0, ALIAS_BYTES));
  const destinationAt = FIXED_HEADER_BYTES + (flags & Flag.Fragment ? FRAGMENT_BYTES : 0);
  if (flags & Flag.Directed) put(frame.subarray(destinationAt, destinationAt + idBytes));
  put(frame.subarray(Offset.Salt, Offset.Salt + NUMBER_BYTES));
  if (epoch !== 0) put(Uint8Array.of(epoch));
  if (!usual) put(Uint8Array.of(ttl));
  if (flags & Flag.Fragment) put(frame.subarray(FIXED_HEADER_BYTES, destinationAt));
  put(frame.subarray(rest, frame.length - TAG_BYTES));
  put(full.subarray(full.length - TAG_BYTES));
  return out;
}

/**
 * The full frame of a short one. `knownAs`: the nodes that have an alias. Where there are several the tag tells which of
 * them is meant; nothing is taken that it does not prove.
 */
export function expandFrame(
  compact: Uint8Array,
  knownAs: (alias: number) => readonly NodeId[],
  tagKey: Uint8Array,
): Expanded | Unread {
  const bits = (compact[0] as number) & 0x0f;
  const flags = (compact[2] ?? 0) & 63;
  const least = shortHeaderBytes(bits, flags) + TAG_BYTES + (flags & Flag.Signed ? SIGNATURE_BYTES : 0);
  if (!isCompact(compact) || compact.length < least || flags & Flag.Transmitter) return { malformed: true };
  const idBytes = idBytesOf(bits);
  const aliases: number[] = [];
  let at = HEAD_BYTES;
  const named = (bytes: number): readonly NodeId[] => {
    const start = at;
    at += bytes;
    if (bytes === ID_BYTES) return [nodeIdOf(compact, start)];
    const alias = readU16(compact, start);
    aliases.push(alias);
    return knownAs(alias);
  };
  const sources = named(idBytes);
  const transmitters = bits & Bit.Transmitter ? named(ALIAS_BYTES) : [undefined];
  const destinations = flags & Flag.Directed ? named(idBytes) : [undefined];
  const draft = (source: NodeId, transmitter: NodeId | undefined, destination: NodeId | undefined): Uint8Array =>
    fullOf(compact, bits, { source, transmitter, destination }, at);
  const counts = [sources, transmitters, destinations].map(({ length }) => length);
  if (counts.some((count) => count > CANDIDATES_MAX)) return { aliases };
  for (const source of sources)
    for (const transmitter of transmitters)
      for (const destination of destinations) {
        const full = draft(source, transmitter, destination);
        if (!hasGoodTag(full, tagKey)) continue;
        if (transmitter === undefined) return { frame: full, transmitter: source };
        return { frame: withoutTransmitter(full, tagKey), transmitter };
      }
  return { aliases };
}

interface Ids {
  readonly source: NodeId;
  readonly transmitter: NodeId | undefined;
  readonly destination: NodeId | undefined;
}

/** `at`: where the salt hint stands in the short form. The tag is the one that came. */
function fullOf(compact: Uint8Array, bits: number, { source, transmitter, destination }: Ids, at: number): Uint8Array {
  const flags = (compact[2] as number) & 63;
  const fullFlags = transmitter === undefined ? flags : flags | Flag.Transmitter;
  const restAt = shortHeaderBytes(bits, flags);
  const full = new Uint8Array(headerBytes(fullFlags) + compact.length - restAt);
  full[Offset.Version] = PROTOCOL_VERSION << 4;
  full[Offset.Type] = compact[1] as number;
  full[Offset.Flags] = ((compact[2] as number) & 0xc0) | fullFlags;
  full[Offset.Hops] = compact[3] as number;
  full[Offset.Ttl] = Math.max(0, usualRelays(compact[1] as number) - (compact[3] as number));
  full.set(nodeIdBytes(source), Offset.Source);
  full.set(compact.subarray(at, at + NUMBER_BYTES), Offset.Salt);
  let from = at + NUMBER_BYTES;
  if (bits & Bit.Epoch) full[Offset.Epoch] = compact[from++] as number;
  if (bits & Bit.Ttl) full[Offset.Ttl] = compact[from++] as number;
  let to: number = FIXED_HEADER_BYTES;
  if (flags & Flag.Fragment) {
    full.set(compact.subarray(from, from + FRAGMENT_BYTES), to);
    to += FRAGMENT_BYTES;
  }
  if (destination !== undefined) {
    full.set(nodeIdBytes(destination), to);
    to += ID_BYTES;
  }
  if (transmitter !== undefined) full.set(nodeIdBytes(transmitter), to);
  full.set(compact.subarray(restAt), headerBytes(fullFlags));
  return full;
}

const usualRelays = (type: number): number => (type < FIRST_FAR_TYPE ? 0 : USUAL_RELAYS);

const idBytesOf = (bits: number): number => (bits & Bit.WholeIds ? ID_BYTES : ALIAS_BYTES);

function shortHeaderBytes(bits: number, flags: number): number {
  const ids = idBytesOf(bits) * (flags & Flag.Directed ? 2 : 1) + (bits & Bit.Transmitter ? ALIAS_BYTES : 0);
  const more = (bits & Bit.Epoch ? 1 : 0) + (bits & Bit.Ttl ? 1 : 0) + (flags & Flag.Fragment ? FRAGMENT_BYTES : 0);
  return HEAD_BYTES + ids + NUMBER_BYTES + more;
}

function withTransmitter(frame: Uint8Array, transmitter: NodeId, tagKey: Uint8Array): Uint8Array {
  const end = headerBytes((frame[Offset.Flags] as number) & 63);
  const full = new Uint8Array(frame.length + ID_BYTES);
  full.set(frame.subarray(0, end));
  full.set(nodeIdBytes(transmitter), end);
  full.set(frame.subarray(end), end + ID_BYTES);
  full[Offset.Flags] = (frame[Offset.Flags] as number) | Flag.Transmitter;
  retag(full, tagKey);
  return full;
}

function withoutTransmitter(full: Uint8Array, tagKey: Uint8Array): Uint8Array {
  const end = headerBytes((full[Offset.Flags] as number) & 63);
  const frame = new Uint8Array(full.length - ID_BYTES);
  frame.set(full.subarray(0, end - ID_BYTES));
  frame.set(full.subarray(end), end - ID_BYTES);
  frame[Offset.Flags] = (full[Offset.Flags] as number) & ~Flag.Transmitter;
  retag(frame, tagKey);
  return frame;
}

function hasGoodTag(frame: Uint8Array, tagKey: Uint8Array): boolean {
  const copy = frame.slice();
  retag(copy, tagKey);
  for (let at = frame.length - TAG_BYTES; at < frame.length; at++) if (copy[at] !== frame[at]) return false;
  return true;
}
