import { readU32, utf8 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Trickle } from './trickle.js';
import type { MeshContext } from './types.js';

export const DripKind = { Beat: 1, State: 2, Alert: 3 } as const;
export type DripKind = (typeof DripKind)[keyof typeof DripKind];

/** One small thing that is to reach everybody: the newest beat or state of one node, or an alert. */
export interface DripItem {
  readonly kind: DripKind;
  readonly source: NodeId;
  readonly saltHint: number;
  /** Of the frame it was originated in; 0 for a beat. */
  readonly sequence: number;
  /** Orders the items of one source and kind: newer is greater. Alerts stand side by side, it tells them apart. */
  readonly rank: bigint;
  readonly body: Uint8Array;
  /** Of an alert. */
  readonly priority?: Priority;
  /** When an alert was raised or a beat signed, on this node's monotonic clock. */
  readonly raisedAt?: number;
}

/** Trickle's constants on carriers of IP speed. */
const TRICKLE = { minMs: 30, maxMs: 4_000, redundancy: 2 };
/** What is due so soon goes with what is due now: many items in a frame, and few looks at all of them, when much is new. */
const TOGETHER_MS = TRICKLE.minMs / 2;
/** Items in one Drip message, and its bytes: more go into further ones. */
const ITEMS_PER_MESSAGE = 16;
const BYTES_PER_MESSAGE = 1_000;
/** Summaries are sent to a neighbour at most this often. */
const SUMMARY_EVERY_MS = 500;
/** Beats and states held; a further one is refused and counted. */
export const DRIP_ITEMS_MAX = 8_192;
/** For how long what was forgotten is not taken back from neighbours that forget it a little later. */
const BURIED_MS = 3_600_000;

interface Held {
  item: DripItem;
  /** Neighbours known, or safely assumed, to hold it. */
  readonly holders: Set<NodeId>;
  readonly trickle: Trickle;
  hash: number;
}

export interface DripEvents {
  send(peer: NodeId, type: FrameType, body: Uint8Array, now: Instant): void;
  /** Checks a newer item from a neighbour and acts on it; its rank when it is to be `put`, if that is not done yet. */
  take(kind: DripKind, item: Omit<DripItem, 'rank'>, from: NodeId, now: Instant): bigint | undefined;
  /** Those that are sent copies of their own: all but over slow air. */
  neighbours(): Iterable<NodeId>;
  /** Whether `node` hears `from` itself and so needs no copy from us. */
  hears(node: NodeId, from: NodeId): boolean;
  /** An item is new here, or newer, and to go to all over slow air; `from` said it. */
  spread(item: DripItem, from: NodeId | undefined, now: Instant): void;
  /** A neighbour said what is here already. */
  heardAgain(item: DripItem, from: NodeId, now: Instant): void;
  /** When the carrier to this neighbour has airtime to spare for what nobody asked for: now, or later. */
  spareAt(peer: NodeId, now: Instant): number;
}

/** Of beats and states there is one for each source, of alerts one for each rank. */
const keyOf = (kind: number, source: NodeId, rank: bigint): string =>
  kind === DripKind.Alert ? `${kind}${source}${rank}` : `${kind}${source}`;

const isKind = (kind: number): kind is DripKind => kind >= DripKind.Beat && kind <= DripKind.Alert;

/** What makes an alert one of its source's. */
export const alertRank = (saltHint: number, sequence: number): bigint => (BigInt(saltHint) << 32n) | BigInt(sequence);

/** Of an item as it came: only alerts name themselves, the others are told apart by who takes them. */
const rankOfAlert = ({ saltHint, sequence }: Omit<DripItem, 'rank'>): bigint => alertRank(saltHint, sequence);

/**
 * Dissemination that trickles until everyone has it (RFC 6206): each item is passed on after a short random time to
 * the neighbours not known to have it; what got lost is found by the digest in the heartbeats and summaries.
 */
export class Drip {
  readonly #context: MeshContext;
  readonly #events: DripEvents;
  readonly #held = new Map<string, Held>();
  /** Those whose trickle runs: few, once all neighbours have the rest. */
  readonly #running = new Set<Held>();
  readonly #summaryAt = new Map<NodeId, number>();
  /** By key: the rank that was forgotten. At most DRIP_ITEMS_MAX; the oldest goes first. */
  readonly #buried = new Map<string, { readonly rank: bigint; readonly until: number }>();
  /** Neighbours that lack something because their carrier has no airtime to spare: until they are to have it. */
  readonly #owed = new Map<NodeId, number>();
  #digest = 0;
  /** No trickle is due before this: saves looking at each of them in every step. */
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(context: MeshContext, events: DripEvents) {
    this.#context = context;
    this.#events = events;
  }

  digest(): number {
    return this.#digest;
  }

  get size(): number {
    return this.#held.size;
  }

  /** All that is held, with hashes that differ for each item and rank. */
  items(): { readonly item: DripItem; readonly hash: number }[] {
    return [...this.#held.values()];
  }

  /** Of the beat or state held; of an alert only whether `rank` is. */
  rankOf(kind: DripKind, source: NodeId, rank = 0n): bigint | undefined {
    return this.#held.get(keyOf(kind, source, rank))?.item.rank;
  }

  /**
   * Something of our own to spread, or from `from` when it came from a neighbour. `quiet`: the neighbours have been told
   * otherwise; only who turns out to lack it is sent it.
   */
  put(item: DripItem, from: NodeId | undefined, now: Instant, quiet = false): void {
    const key = keyOf(item.kind, item.source, item.rank);
    let held = this.#held.get(key);
    if (held && held.item.rank >= item.rank) return;
    if (!held) {
      if (this.#held.size >= DRIP_ITEMS_MAX) {
        this.#context.counters.refuse('drip.limit');
        return;
      }
      held = { item, holders: new Set(), trickle: new Trickle(TRICKLE, this.#context.random), hash: 0 };
      this.#held.set(key, held);
    }
    this.#digest = (this.#digest ^ held.hash) >>> 0;
    held.hash = hashOf(item, this.#context);
    this.#digest = (this.#digest ^ held.hash) >>> 0;
    held.item = item;
    held.holders.clear();
    if (from !== undefined) held.holders.add(from);
    if (quiet) return;
    this.#events.spread(item, from, now);
    held.trickle.reset(now.mono);
    this.#running.add(held);
    this.#dueAt = Math.min(this.#dueAt, held.trickle.nextDeadline() ?? Number.POSITIVE_INFINITY);
  }

  /** `bury`: neighbours still hold it, and must not bring it back. */
  forget(source: NodeId, bury: boolean, now: Instant): void {
    for (const kind of [DripKind.Beat, DripKind.State]) {
      const held = this.#held.get(keyOf(kind, source, 0n));
      if (held) this.remove(held.item, bury, now);
    }
  }

  /** As `forget`, one item alone. */
  remove({ kind, source, rank }: DripItem, bury: boolean, now: Instant): void {
    const key = keyOf(kind, source, rank);
    const held = this.#held.get(key);
    if (!held) return;
    this.#digest = (this.#digest ^ held.hash) >>> 0;
    this.#held.delete(key);
    this.#running.delete(held);
    if (bury) this.#buried.set(key, { rank: held.item.rank, until: now.mono + BURIED_MS });
    for (const [key, { until }] of this.#buried) {
      if (until > now.mono && this.#buried.size <= DRIP_ITEMS_MAX) break;
      this.#buried.delete(key);
    }
  }

  /** Whether this was forgotten here not long ago, and nothing newer has been heard of its source since. */
  isBuried(kind: DripKind, source: NodeId, rank: bigint, now: Instant): boolean {
    const buried = this.#buried.get(keyOf(kind, source, rank));
    if (!buried || buried.until <= now.mono || buried.rank < rank) return false;
    return kind === DripKind.Alert || !this.#held.has(keyOf(DripKind.Beat, source, 0n));
  }

  neighbourUp(peer: NodeId, now: Instant): void {
    this.#summaryAt.delete(peer);
    this.#sendSummary(peer, false, now);
  }

  /** Whether the neighbour is known to lack something that is on its way: no need to find out by comparing. */
  owes(peer: NodeId, now: Instant): boolean {
    return (this.#owed.get(peer) ?? 0) > now.mono;
  }

  neighbourDown(peer: NodeId): void {
    this.#owed.delete(peer);
    this.#summaryAt.delete(peer);
    for (const held of this.#held.values()) held.holders.delete(peer);
  }

  /** The neighbour's digest is not ours. */
  mismatch(peer: NodeId, now: Instant): void {
    const last = this.#summaryAt.get(peer);
    if (last !== undefined && now.mono - last < SUMMARY_EVERY_MS) return;
    this.#sendSummary(peer, false, now);
  }

  /** Asks one neighbour for the newest item of a source. */
  request(peer: NodeId, kind: DripKind, source: NodeId, now: Instant): void {
    const entries = [{ source: nodeIdBytes(source), kind, rank: 0n }];
    this.#events.send(peer, FrameType.DripRequest, encode(Body.DripRequestSchema, { entries }), now);
  }

  received(peer: NodeId, type: FrameType, payload: Uint8Array, now: Instant): void {
    if (type === FrameType.Drip) this.#items(peer, payload, now);
    else if (type === FrameType.DripSummary) this.#summary(peer, payload, now);
    else this.#requested(peer, payload, now);
  }

  tick(now: Instant): void {
    if (this.#dueAt > now.mono) return;
    const soon = now.mono + TOGETHER_MS;
    const batches = new Map<NodeId, DripItem[]>();
    for (const held of this.#running) {
      const at = held.trickle.nextDeadline();
      if (at === undefined || at > soon) continue;
      const due = held.trickle.due(soon);
      const lacking = this.#lacking(held);
      if (lacking.length === 0) {
        held.trickle.stop();
        this.#running.delete(held);
      } else if (due) {
        for (const peer of lacking) {
          const spareAt = this.#events.spareAt(peer, now);
          if (spareAt > now.mono) {
            this.#owed.set(peer, spareAt + 2 * TRICKLE.maxMs);
            continue;
          }
          held.holders.add(peer);
          batches.set(peer, [...(batches.get(peer) ?? []), held.item]);
        }
      }
    }
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const { trickle } of this.#running) this.#dueAt = Math.min(this.#dueAt, trickle.nextDeadline() ?? this.#dueAt);
    for (const [peer, items] of batches) this.#sendItems(peer, items, now);
  }

  nextDeadline(): number | undefined {
    return Number.isFinite(this.#dueAt) ? this.#dueAt : undefined;
  }

  #lacking(held: Held): NodeId[] {
    const lacking: NodeId[] = [];
    for (const peer of this.#events.neighbours()) {
      if (held.holders.has(peer) || peer === held.item.source) continue;
      if ([...held.holders].some((holder) => this.#events.hears(peer, holder))) continue;
      lacking.push(peer);
    }
    return lacking;
  }

  #sendItems(peer: NodeId, items: readonly DripItem[], now: Instant): void {
    let batch: DripItem[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (batch.length === 0) return;
      this.#events.send(peer, FrameType.Drip, dripBody(batch, now), now);
      batch = [];
      bytes = 0;
    };
    for (const item of items) {
      if (batch.length >= ITEMS_PER_MESSAGE || bytes + item.body.length > BYTES_PER_MESSAGE) flush();
      batch.push(item);
      bytes += item.body.length + 20;
    }
    flush();
  }

  #items(peer: NodeId, payload: Uint8Array, now: Instant): void {
    const drip = decode(Body.DripSchema, payload);
    if (!drip || drip.items.length > ITEMS_PER_MESSAGE) {
      this.#context.counters.refuse('drip.malformed');
      return;
    }
    for (const { kind, source, saltHint, sequence, body, priority, ageS } of drip.items) {
      const isAlert = kind === DripKind.Alert;
      if (source.length !== 8 || !isKind(kind) || (isAlert && (priority > Priority.Low || saltHint > 0xffff))) {
        this.#context.counters.refuse('drip.malformed');
        continue;
      }
      const aged = kind === DripKind.State ? {} : { raisedAt: now.mono - ageS * 1_000 };
      const more = isAlert ? { ...aged, priority: priority as Priority } : aged;
      this.#item(peer, { kind, source: nodeIdOf(source), saltHint, sequence, body, ...more }, now);
    }
  }

  #item(peer: NodeId, item: Omit<DripItem, 'rank'>, now: Instant): void {
    const held = this.#held.get(keyOf(item.kind, item.source, rankOfAlert(item)));
    if (
      held &&
      held.item.sequence === item.sequence &&
      hashBytes(held.item.body, this.#context) === hashBytes(item.body, this.#context)
    ) {
      held.holders.add(peer);
      held.trickle.consistent();
      this.#events.heardAgain(held.item, peer, now);
      return;
    }
    if (!held && this.#held.size >= DRIP_ITEMS_MAX) {
      this.#context.counters.refuse('drip.limit');
      return;
    }
    const rank = this.#events.take(item.kind, item, peer, now);
    if (rank !== undefined) this.put({ ...item, rank }, peer, now);
  }

  #sendSummary(peer: NodeId, reply: boolean, now: Instant): void {
    this.#summaryAt.set(peer, now.mono);
    const entries = [...this.#held.values()].map(({ item }) => ({
      source: nodeIdBytes(item.source),
      kind: item.kind,
      rank: item.rank,
    }));
    this.#events.send(peer, FrameType.DripSummary, encode(Body.DripSummarySchema, { entries, reply }), now);
  }

  /** What the neighbour lacks is sent; what it has and we lack is asked for. */
  #summary(peer: NodeId, payload: Uint8Array, now: Instant): void {
    const summary = decode(Body.DripSummarySchema, payload);
    if (!summary || summary.entries.length > DRIP_ITEMS_MAX) {
      this.#context.counters.refuse('drip.malformed');
      return;
    }
    const theirs = new Map<string, bigint>();
    const wanted: { source: Uint8Array; kind: number; rank: bigint }[] = [];
    for (const entry of summary.entries) {
      if (entry.source.length !== 8 || !isKind(entry.kind)) continue;
      const source = nodeIdOf(entry.source);
      const key = keyOf(entry.kind, source, entry.rank);
      theirs.set(key, entry.rank);
      const ours = this.#held.get(key)?.item.rank;
      const isNews = ours === undefined ? !this.isBuried(entry.kind, source, entry.rank, now) : ours < entry.rank;
      // Of a beat or state the newest is asked for, whichever that is by then.
      const rank = entry.kind === DripKind.Alert ? entry.rank : 0n;
      if (isNews) wanted.push({ source: entry.source, kind: entry.kind, rank });
    }
    const missing: DripItem[] = [];
    for (const [key, held] of this.#held) {
      const rank = theirs.get(key);
      if (rank !== undefined && rank >= held.item.rank) held.holders.add(peer);
      else {
        held.holders.add(peer);
        missing.push(held.item);
      }
    }
    this.#sendItems(peer, missing, now);
    if (wanted.length > 0) {
      this.#events.send(peer, FrameType.DripRequest, encode(Body.DripRequestSchema, { entries: wanted }), now);
    }
  }

  #requested(peer: NodeId, payload: Uint8Array, now: Instant): void {
    const request = decode(Body.DripRequestSchema, payload);
    if (!request || request.entries.length > DRIP_ITEMS_MAX) {
      this.#context.counters.refuse('drip.malformed');
      return;
    }
    const items: DripItem[] = [];
    for (const entry of request.entries) {
      if (entry.source.length !== 8) continue;
      const held = this.#held.get(keyOf(entry.kind, nodeIdOf(entry.source), entry.rank));
      if (held) items.push(held.item);
    }
    this.#sendItems(peer, items, now);
  }
}

export const keyOfItem = ({ kind, source, rank }: DripItem): string => keyOf(kind, source, rank);

/** The body of a Drip frame. */
export const dripBody = (items: readonly DripItem[], now: Instant): Uint8Array =>
  encode(Body.DripSchema, {
    items: items.map(({ source, raisedAt, rank: _, ...item }) => ({
      ...item,
      source: nodeIdBytes(source),
      ...(raisedAt !== undefined && { ageS: Math.max(0, Math.round((now.mono - raisedAt) / 1_000)) }),
    })),
  });

/** Two alerts of one source may say the same: they differ by their names. */
const hashOf = ({ source, kind, rank, body }: DripItem, context: MeshContext): number =>
  readU32(
    context.crypto.sha256(nodeIdBytes(source), Uint8Array.of(kind), kind === DripKind.Alert ? utf8(`${rank}`) : body),
    0,
  );

const hashBytes = (body: Uint8Array, context: MeshContext): number => readU32(context.crypto.sha256(body), 0);
