import { readU16, writeU16 } from '../core/bytes.js';
import { Body, decode, encode } from '../wire/bodies.js';
import type { DripItem } from './drip-items.js';

const HASH_BYTES = 2;
/** Protobuf around the hashes of a part. */
const HASHES_BODY_BYTES = 20;
/** Hashes of a part fill so much of its frame on average: they fall into parts by chance. */
const PART_FILLED = 1 / 1.2;

export interface HashedItem {
  readonly item: DripItem;
  /** 32 bits that differ for each item and rank. */
  readonly hash: number;
}

/** What a node holds of one part of all items, in two bytes each. Parts are those of `hash % parts`. */
export interface SaidHashes {
  readonly salt: number;
  readonly part: number;
  readonly parts: number;
  /** Salted. */
  readonly hashes: ReadonlySet<number>;
  /** Said because the other did: it need not say the same. */
  readonly reply: boolean;
}

interface HashesDifference {
  /** Held here, and surely not there. */
  readonly lacking: readonly DripItem[];
  /** Held there, and surely not here. */
  readonly unknown: number;
}

/** Into how many parts so many items go where a frame has room for so many bytes of body. */
export const partsFor = (items: number, bodyBytes: number): number =>
  Math.max(1, Math.ceil(items / (mostIn(bodyBytes) * PART_FILLED)));

/** The body of a DripHashes frame: of one part, within so many bytes. What finds no room is sent as if the other lacked it. */
export function writeHashes(
  items: readonly HashedItem[],
  { salt, part, parts, reply = false }: Pick<SaidHashes, 'salt' | 'part' | 'parts'> & { readonly reply?: boolean },
  bodyBytes: number,
): Uint8Array {
  const own = items.filter(({ hash }) => partOf(hash, parts) === part).map(({ hash }) => salted(hash, salt));
  const said = own.sort((a, b) => a - b).slice(0, mostIn(bodyBytes));
  const hashes = new Uint8Array(said.length * HASH_BYTES);
  for (const [i, hash] of said.entries()) writeU16(hashes, i * HASH_BYTES, hash);
  return encode(Body.DripHashesSchema, { salt, hashes, part, parts, reply });
}

/** `undefined` when it is malformed. */
export function readHashes(payload: Uint8Array): SaidHashes | undefined {
  const body = decode(Body.DripHashesSchema, payload);
  if (!body || body.hashes.length % HASH_BYTES !== 0 || body.parts === 0 || body.part >= body.parts) return undefined;
  const { salt, part, parts, reply } = body;
  const hashes = new Set<number>();
  for (let at = 0; at < body.hashes.length; at += HASH_BYTES) hashes.add(readU16(body.hashes, at));
  return { salt, part, parts, hashes, reply };
}

/** What the two hold differently in this part. Two items of one hash pass for one: the next salt tells them apart. */
export function compareHashes(
  items: readonly HashedItem[],
  { salt, part, parts, hashes }: SaidHashes,
): HashesDifference {
  const lacking: DripItem[] = [];
  const known = new Set<number>();
  for (const { item, hash } of items) {
    if (partOf(hash, parts) !== part) continue;
    const mixed = salted(hash, salt);
    if (hashes.has(mixed)) known.add(mixed);
    else lacking.push(item);
  }
  return { lacking, unknown: hashes.size - known.size };
}

const mostIn = (bodyBytes: number): number => Math.max(1, Math.floor((bodyBytes - HASHES_BODY_BYTES) / HASH_BYTES));

/** The part that an item belongs to. */
export const partOf = (hash: number, parts: number): number => hash % parts;

/** 16 bits that differ for each salt (the finalizer of MurmurHash3). */
function salted(hash: number, salt: number): number {
  let mixed = (hash ^ salt) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0;
  return ((mixed ^ (mixed >>> 16)) >>> 0) & 0xffff;
}
