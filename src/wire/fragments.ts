import type { MessageId } from '../core/ids.js';
import { type Fragment, MAX_PAYLOAD_BYTES } from './header.js';

export interface Part {
  readonly fragment: Fragment;
  readonly bytes: Uint8Array;
}

/**
 * Cuts a payload, or a fragment of one, into parts of at most `maxPartBytes`. Offsets count from the start of the
 * whole message, so a relay can cut a fragment again for a narrower link.
 */
export function splitPayload(payload: Uint8Array, maxPartBytes: number, within?: Fragment): Part[] {
  if (maxPartBytes < 1) throw new RangeError('no room for a payload');
  const base = within?.offset ?? 0;
  const total = within?.total ?? payload.length;
  const parts: Part[] = [];
  for (let at = 0; at < payload.length; at += maxPartBytes) {
    const bytes = payload.subarray(at, at + maxPartBytes);
    parts.push({ fragment: { offset: base + at, total }, bytes });
  }
  return parts;
}

export interface ReassemblerLimits {
  /** Messages under way; beyond it the oldest is given up. */
  readonly assemblies: number;
  /** Bytes reserved for messages under way; beyond it the oldest is given up. */
  readonly bytes: number;
  /** A message whose parts stop coming for this long is given up. */
  readonly idleMs: number;
}

export const REASSEMBLER_LIMITS: ReassemblerLimits = { assemblies: 128, bytes: 4 << 20, idleMs: 30_000 };

interface Assembly {
  readonly buffer: Uint8Array;
  /** Disjoint, ascending, non-touching ranges received so far: start, end, start, end … */
  ranges: number[];
  touchedAt: number;
}

/** Most separate ranges of one message; a sender that scatters more is not sending in good faith. */
const MAX_RANGES = 256;

/** Puts fragments together. Overlaps are allowed (relays may cut differently); the first bytes for a place win. */
export class Reassembler {
  readonly #limits: ReassemblerLimits;
  readonly #assemblies = new Map<MessageId, Assembly>();
  #bytes = 0;
  givenUp = 0;

  constructor(limits: ReassemblerLimits = REASSEMBLER_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#assemblies.size;
  }

  /** The whole payload once the last part is in; `undefined` before. */
  add(id: MessageId, fragment: Fragment, part: Uint8Array, nowMs: number): Uint8Array | undefined {
    if (fragment.total > MAX_PAYLOAD_BYTES || fragment.offset + part.length > fragment.total) return undefined;
    let assembly = this.#assemblies.get(id);
    if (assembly && assembly.buffer.length !== fragment.total) return undefined;
    if (!assembly) {
      assembly = { buffer: new Uint8Array(fragment.total), ranges: [], touchedAt: nowMs };
      this.#assemblies.set(id, assembly);
      this.#bytes += fragment.total;
      this.#makeRoom(id);
    }
    assembly.touchedAt = nowMs;
    if (!fill(assembly, fragment.offset, part)) {
      this.#drop(id);
      this.givenUp++;
      return undefined;
    }
    const complete = assembly.ranges.length === 2 && assembly.ranges[0] === 0 && assembly.ranges[1] === fragment.total;
    if (!complete) return undefined;
    this.#drop(id);
    return assembly.buffer;
  }

  /** Gives up messages whose parts stopped coming. */
  expire(nowMs: number): void {
    for (const [id, assembly] of this.#assemblies) {
      if (nowMs - assembly.touchedAt < this.#limits.idleMs) continue;
      this.#drop(id);
      this.givenUp++;
    }
  }

  #makeRoom(keep: MessageId): void {
    for (const id of this.#assemblies.keys()) {
      if (this.#assemblies.size <= this.#limits.assemblies && this.#bytes <= this.#limits.bytes) return;
      if (id === keep) continue;
      this.#drop(id);
      this.givenUp++;
    }
  }

  #drop(id: MessageId): void {
    const assembly = this.#assemblies.get(id);
    if (!assembly) return;
    this.#bytes -= assembly.buffer.length;
    this.#assemblies.delete(id);
  }
}

/** Writes what is new of the part and merges its range; false when there would be too many ranges. */
function fill(assembly: Assembly, offset: number, part: Uint8Array): boolean {
  let start = offset;
  let end = offset + part.length;
  const merged: number[] = [];
  let cursor = start;
  for (let i = 0; i < assembly.ranges.length; i += 2) {
    const from = assembly.ranges[i] as number;
    const to = assembly.ranges[i + 1] as number;
    if (to < start || from > end) {
      merged.push(from, to);
      continue;
    }
    if (cursor < from)
      assembly.buffer.set(part.subarray(cursor - offset, Math.min(from, offset + part.length) - offset), cursor);
    cursor = Math.max(cursor, to);
    start = Math.min(start, from);
    end = Math.max(end, to);
  }
  if (cursor < offset + part.length) assembly.buffer.set(part.subarray(cursor - offset), cursor);
  merged.push(start, end);
  assembly.ranges = sortPairs(merged);
  return assembly.ranges.length <= MAX_RANGES * 2;
}

function sortPairs(pairs: number[]): number[] {
  const order: [number, number][] = [];
  for (let i = 0; i < pairs.length; i += 2) order.push([pairs[i] as number, pairs[i + 1] as number]);
  order.sort((a, b) => a[0] - b[0]);
  return order.flat();
}
