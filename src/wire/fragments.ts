import type { MessageId } from '../core/ids.js';
import { type Fragment, type Header, MAX_PAYLOAD_BYTES } from './header.js';

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
  /** Messages under way; beyond it the oldest is given up of those that came the way that takes most room. */
  readonly assemblies: number;
  /** Bytes reserved for messages under way; beyond it the same. */
  readonly bytes: number;
  /** A message whose parts stop coming for this long is given up. */
  readonly idleMs: number;
}

export const REASSEMBLER_LIMITS: ReassemblerLimits = { assemblies: 128, bytes: 4 << 20, idleMs: 30_000 };

/** The same, where a part takes seconds and others speak, too. */
const SLOW_IDLE_MS = 600_000;

/** Where the first part of a message came from. */
interface PartOrigin {
  /** The way it came, which a sender cannot choose: room is shared among these. */
  readonly ingress: number;
  readonly header: Header;
  /** Over slow air parts stop for minutes. */
  readonly isSlow?: boolean;
}

interface Assembly {
  readonly buffer: Uint8Array;
  readonly origin: PartOrigin | undefined;
  /** Disjoint, ascending, non-touching ranges received so far: start, end, start, end … */
  ranges: number[];
  touchedAt: number;
}

/** Most separate ranges of one message; a sender that scatters more is not sending in good faith. */
const MAX_RANGES = 256;
const NO_INGRESS = -1;

/** Puts fragments together. Overlaps are allowed (relays may cut differently); the first bytes for a place win. */
export class Reassembler {
  readonly #limits: ReassemblerLimits;
  readonly #assemblies = new Map<MessageId, Assembly>();
  /** Room that each way takes: of many small messages as of a few large ones. */
  readonly #weights = new Map<number, number>();
  #bytes = 0;
  givenUp = 0;
  /** Parts that do not fit the message they name. */
  misfits = 0;

  constructor(limits: ReassemblerLimits = REASSEMBLER_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#assemblies.size;
  }

  /** The whole payload once the last part is in; `undefined` before. */
  add(id: MessageId, fragment: Fragment, part: Uint8Array, nowMs: number, origin?: PartOrigin): Uint8Array | undefined {
    const { offset, total } = fragment;
    let assembly = this.#assemblies.get(id);
    const fits = total <= MAX_PAYLOAD_BYTES && part.length > 0 && offset + part.length <= total;
    if (!fits || (assembly && assembly.buffer.length !== total)) {
      this.misfits++;
      return undefined;
    }
    if (!assembly) {
      assembly = { buffer: new Uint8Array(total), origin, ranges: [], touchedAt: nowMs };
      this.#assemblies.set(id, assembly);
      this.#weigh(assembly, 1);
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

  /** Where the first part of a message under way came from; `undefined` when none is under way. */
  originOf(id: MessageId): PartOrigin | undefined {
    return this.#assemblies.get(id)?.origin;
  }

  /** What is missing of a message of `total` bytes: start, end, start, end …, at most so many ranges; all of one not under way. */
  missing(id: MessageId, total: number, rangesMax: number): number[] {
    const assembly = this.#assemblies.get(id);
    if (assembly?.buffer.length !== total) return [0, total];
    const missing: number[] = [];
    let at = 0;
    for (let i = 0; i < assembly.ranges.length && missing.length < 2 * rangesMax; i += 2) {
      const from = assembly.ranges[i] as number;
      if (from > at) missing.push(at, from);
      at = assembly.ranges[i + 1] as number;
    }
    if (at < total && missing.length < 2 * rangesMax) missing.push(at, total);
    return missing;
  }

  /** Gives up messages whose parts stopped coming. */
  expire(nowMs: number): void {
    for (const [id, assembly] of this.#assemblies) {
      if (nowMs - assembly.touchedAt < (assembly.origin?.isSlow ? SLOW_IDLE_MS : this.#limits.idleMs)) continue;
      this.#drop(id);
      this.givenUp++;
    }
  }

  /** Who fills it alone loses its own: what comes another way is not pushed out by it. */
  #makeRoom(keep: MessageId): void {
    while (this.#assemblies.size > this.#limits.assemblies || this.#bytes > this.#limits.bytes) {
      const victim = this.#oldestOf(this.#heaviest(), keep) ?? this.#oldestOf(undefined, keep);
      if (victim === undefined) return;
      this.#drop(victim);
      this.givenUp++;
    }
  }

  #heaviest(): number {
    let [heaviest, most] = [NO_INGRESS, -1];
    for (const [ingress, weight] of this.#weights) if (weight > most) [heaviest, most] = [ingress, weight];
    return heaviest;
  }

  #oldestOf(ingress: number | undefined, keep: MessageId): MessageId | undefined {
    for (const [id, assembly] of this.#assemblies)
      if (id !== keep && (ingress === undefined || ingressOf(assembly) === ingress)) return id;
    return undefined;
  }

  #weigh(assembly: Assembly, sign: 1 | -1): void {
    const { bytes, assemblies } = this.#limits;
    const [ingress, total] = [ingressOf(assembly), assembly.buffer.length];
    const weight = (this.#weights.get(ingress) ?? 0) + sign * (total + Math.ceil(bytes / assemblies));
    if (weight > 0) this.#weights.set(ingress, weight);
    else this.#weights.delete(ingress);
    this.#bytes += sign * total;
  }

  #drop(id: MessageId): void {
    const assembly = this.#assemblies.get(id);
    if (!assembly) return;
    this.#weigh(assembly, -1);
    this.#assemblies.delete(id);
  }
}

const ingressOf = ({ origin }: Assembly): number => origin?.ingress ?? NO_INGRESS;

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
