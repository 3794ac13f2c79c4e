import { create } from '@bufbuild/protobuf';
import { type Fingerprint, FingerprintSchema } from '../wire/gen/edge_pb.js';
import { DEEPEST_BITS, isLevel } from './fingerprint-tree.js';
import { shortDigest } from './keys.js';
import { INLINE_ENTRIES, LISTED_ENTRIES, MAX_LISTED_ENTRIES, MAX_OFFERED_ENTRIES } from './limits.js';
import { decodeEntries, ENTRY_BYTES, type Entry, encodeEntries } from './packing.js';
import type { Registry } from './registry.js';

/** What a received part asks for: an answer, or what the other side lacks and what we lack. */
export interface Response {
  readonly parts: readonly Fingerprint[];
  /** They have, we may not. */
  readonly theirs: readonly Entry[];
  /** We have, they have not. */
  readonly ours: readonly Entry[];
}

const AGREED: Response = { parts: [], theirs: [], ours: [] };

export const rootPart = (registry: Registry): Fingerprint => partOf(registry, 0, 0, 0);

/**
 * Answers one part of a comparison from the registry alone, remembering nothing: any message may be lost, repeated
 * or late. `undefined` for a part that cannot be.
 */
export function respond(registry: Registry, part: Fingerprint): Response | undefined {
  const { prefix, bits } = part;
  if (!isLevel(bits) || prefix >= 2 ** bits) return undefined;
  const own = registry.print(prefix, bits);
  if (own.count === part.count && own.sum === part.sum) return AGREED;
  if (part.entries.length > 0 || part.count === 0) return compare(registry, part, bits);
  if (own.count <= LISTED_ENTRIES || bits === DEEPEST_BITS)
    return { ...AGREED, parts: [partOf(registry, prefix, bits, MAX_LISTED_ENTRIES)] };
  const parts: Fingerprint[] = [];
  for (let child = 0; child < 16; child++) parts.push(partOf(registry, prefix * 16 + child, bits + 4, INLINE_ENTRIES));
  return { ...AGREED, parts };
}

/** The other side has listed what it has under a prefix. */
function compare(registry: Registry, part: Fingerprint, bits: number): Response | undefined {
  const listed = decodeEntries(part.entries);
  if (!listed) return undefined;
  const theirs: Entry[] = [];
  const agreed = new Set<bigint>();
  for (const entry of listed) {
    if (bits > 0 && Number(entry.key >> BigInt(64 - bits)) !== part.prefix) return undefined;
    const row = registry.row(entry.key);
    if (row >= 0 && shortDigest(registry.digestOf(row)) === entry.digest) agreed.add(entry.key);
    else theirs.push(entry);
  }
  // A listing that was cut says nothing about what it leaves out.
  if (part.entries.length / ENTRY_BYTES < part.count) return { ...AGREED, theirs };
  const limit = agreed.size + MAX_OFFERED_ENTRIES;
  const ours = entriesUnder(registry, part.prefix, bits, limit).filter(({ key }) => !agreed.has(key));
  return { ...AGREED, theirs, ours };
}

/** A fingerprint, with its entries when there are at most `listed`, or as many of them (a partial listing). */
function partOf(registry: Registry, prefix: number, bits: number, listed: number): Fingerprint {
  const { count, sum } = registry.print(prefix, bits as 0 | 4 | 8 | 12);
  const whole = listed === MAX_LISTED_ENTRIES || count <= listed;
  const entries = whole ? encodeEntries(entriesUnder(registry, prefix, bits, listed)) : new Uint8Array(0);
  return create(FingerprintSchema, { prefix, bits, count, sum, entries });
}

function entriesUnder(registry: Registry, prefix: number, bits: number, limit: number): Entry[] {
  return registry
    .rowsUnder(prefix, bits, limit)
    .map((row) => ({ key: registry.key(row), digest: shortDigest(registry.digestOf(row)) }));
}
