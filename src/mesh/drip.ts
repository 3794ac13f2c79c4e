import { equalBytes } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { DripAskers } from './drip-askers.js';
import { DripCompare } from './drip-compare.js';
import type { HashedItem } from './drip-hashes.js';
import { DRIP_ITEMS_MAX, DripHoldings, type Held, Scope } from './drip-holdings.js';
import { alertRank, type DripItem, DripKind, isKind, isRoutine, keyOf, keyOfItem, sourceOf } from './drip-items.js';
import { someOf } from './drip-listeners.js';
import { DripMessages, ITEMS_PER_MESSAGE } from './drip-messages.js';
import { Trickle } from './trickle.js';
import type { MeshContext } from './types.js';

/** Trickle's constants on carriers of IP speed. */
const TRICKLE = { minMs: 30, maxMs: 4_000, redundancy: 2 };
/** For each so many news under way, as when a large mesh starts, it goes slower by its least once more, in full frames; so much at most. */
const BUSY_ITEMS = 16;
const BUSY_STRETCH_MAX = 8;
/** Who has just started may be one of many: what it hears from others goes on in full frames, too, at first. */
const YOUNG_MS = 2_000;
const YOUNG_STRETCH = 4;
/** Of what nobody waits for: a further beat of a boot that is vouched for already, and what the heads of segments say. What somebody waits for ends such an interval. */
const ROUTINE_STRETCH = 12;
/** A neighbour that was just sent an item has it before it can say that it lacks it. */
const UNDERWAY_MS = 500;

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
  /** A neighbour heard over slow air lacks it: whose turn it is tells it. False of one that is sent copies of its own. */
  tellOnAir(item: DripItem, neighbour: NodeId, now: Instant): boolean;
  /** Whether a node's beats and states are for all of this one's segment; always, while the mesh is whole. */
  isOurs(source: NodeId): boolean;
  /** Whether a neighbour is in this node's segment. */
  isWithUs(peer: NodeId): boolean;
  /** Whether this node's own state is about to be another one. */
  isChanging(now: Instant): boolean;
  /** When the carrier to this neighbour has airtime to spare for what nobody asked for: now, or later. */
  spareAt(peer: NodeId, now: Instant): number;
}

/** Of an item as it came: only alerts name themselves, the others are told apart by who takes them. */
const rankOfAlert = ({ saltHint, sequence }: Omit<DripItem, 'rank'>): bigint => alertRank(saltHint, sequence);

/**
 * Dissemination that trickles until everyone has it (RFC 6206): each item is passed on after a short random time to
 * the neighbours not known to have it; what got lost is found by the digest in the heartbeats and by comparing.
 */
export class Drip {
  readonly #context: MeshContext;
  readonly #events: DripEvents;
  readonly #held: DripHoldings;
  /** Those whose trickle runs: few, once all neighbours have the rest. */
  readonly #running = new Set<Held>();
  readonly #compare: DripCompare;
  /** Neighbours that lack something because their carrier has no airtime to spare: until they are to have it. */
  readonly #owed = new Map<NodeId, number>();
  readonly #askers = new DripAskers();
  /** No trickle is due before this: saves looking at each of them in every step. */
  #dueAt = Number.POSITIVE_INFINITY;
  #startedAt: number | undefined;

  constructor(context: MeshContext, events: DripEvents) {
    this.#context = context;
    this.#events = events;
    this.#held = new DripHoldings(context.crypto, (source) => source === context.self.id || events.isOurs(source));
    this.#compare = new DripCompare(context, {
      items: (peer) => this.items(peer),
      digest: (peer) => (events.isWithUs(peer) ? this.#held.digest : this.#held.common),
      holds: (peer, items) => this.#holds(peer, items),
      lacks: (peer, items, now) => this.#sendLacked(peer, items, now),
      send: events.send,
    });
  }

  digest(): number {
    return this.#held.digest;
  }

  /** Of what nodes of all segments hold. */
  commonDigest(): number {
    return this.#held.common;
  }

  get size(): number {
    return this.#held.size;
  }

  /** All that this node's segment, or this neighbour, is to hold. */
  items(peer?: NodeId): HashedItem[] {
    return this.#held.upTo(peer === undefined || this.#events.isWithUs(peer) ? Scope.Segment : Scope.Mesh);
  }

  /** This node is in another segment, or the mesh is one of segments from now on. */
  rescope(): void {
    for (const held of this.#held.all()) this.#held.scope(held);
  }

  /** A neighbour is in this node's segment from now on: what does it hold? */
  neighbourWithUs(peer: NodeId, now: Instant): void {
    this.#compare.open(peer, now);
  }

  /** The beat or state held. */
  held(kind: DripKind, source: NodeId): DripItem | undefined {
    return this.#held.get(keyOf(kind, source, 0n))?.item;
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
    const key = keyOfItem(item);
    const before = this.#held.get(key);
    // What was let go is taken anew when it is heard of again.
    if (before && before.item.rank >= item.rank && !(before.isLetGo && before.item.rank === item.rank)) return;
    const least = isRoutine(item, before?.item) ? ROUTINE_STRETCH : 1;
    const held = this.#held.put(item, () => new Trickle(TRICKLE, this.#context.random));
    if (!held) return this.#context.counters.refuse('drip.limit');
    if (from !== undefined) {
      held.holders.set(from, now.mono);
      held.tellers.add(from);
    }
    if (item.kind === DripKind.State) this.#rescopeBeat(item.source, now);
    this.#answerAskers(key, held, now);
    if (quiet || (held.scope === Scope.Nobody && !held.isParting)) return;
    if (held.scope !== Scope.Nobody) this.#events.spread(item, from, now);
    if (least < held.least) held.trickle.stop();
    held.least = least;
    this.#run(held, now);
  }

  /** `bury`: neighbours still hold it, and must not bring it back. */
  forget(source: NodeId, bury: boolean, now: Instant): void {
    for (const kind of [DripKind.Beat, DripKind.State]) {
      const held = this.#held.get(keyOf(kind, source, 0n));
      if (held) this.remove(held.item, bury, now);
    }
  }

  /** As `forget`, one item alone. */
  remove(item: DripItem, bury: boolean, now: Instant): void {
    const held = this.#held.remove(item, bury, now);
    if (held) this.#running.delete(held);
  }

  /** Whether this was forgotten here not long ago, and nothing newer has been heard of its source since. */
  isBuried(kind: DripKind, source: NodeId, rank: bigint, now: Instant): boolean {
    return this.#held.isBuried(kind, source, rank, now);
  }

  /** A node is in another segment and of no concern any more. What it said last is kept, as one of few, for those that have not heard that yet. */
  letGo(source: NodeId, now: Instant): void {
    const [beat, state] = [DripKind.Beat, DripKind.State].map((kind) => this.#held.get(keyOf(kind, source, 0n)));
    if (beat) this.remove(beat.item, false, now);
    if (state) state.isLetGo = true;
  }

  /** A neighbour passed on a state that is older than the one held here: it is told the newer one. */
  answerStale(source: NodeId, rank: bigint, from: NodeId, now: Instant): boolean {
    const held = this.#held.get(keyOf(DripKind.State, source, 0n));
    if (!held || held.item.rank <= rank) return false;
    if (from === source || !this.#events.isWithUs(from) || this.#events.tellOnAir(held.item, from, now)) return true;
    this.#sendLacked(from, [held.item], now);
    return true;
  }

  neighbourUp(peer: NodeId, now: Instant): void {
    this.#compare.open(peer, now);
  }

  /** Whether the neighbour is known to lack something that is on its way: no need to find out by comparing. */
  owes(peer: NodeId, now: Instant): boolean {
    return (this.#owed.get(peer) ?? 0) > now.mono;
  }

  neighbourDown(peer: NodeId): void {
    this.#owed.delete(peer);
    this.#compare.close(peer);
    this.#askers.gone(peer);
    for (const { holders, tellers } of this.#held.all()) for (const those of [holders, tellers]) those.delete(peer);
  }

  /** The neighbour's digest, `theirs`, is not ours. */
  mismatch(peer: NodeId, theirs: number, now: Instant): void {
    this.#compare.differs(peer, theirs, now);
  }

  /** Asks one neighbour for the newest item of a source. */
  request(peer: NodeId, kind: DripKind, source: NodeId, now: Instant): void {
    this.#askers.asks(keyOf(kind, source, 0n), now);
    const entries = [{ source: nodeIdBytes(source), kind, rank: 0n }];
    this.#events.send(peer, FrameType.DripRequest, encode(Body.DripRequestSchema, { entries }), now);
  }

  received(peer: NodeId, type: FrameType, payload: Uint8Array, now: Instant): void {
    if (type === FrameType.Drip) this.#items(peer, payload, now);
    else if (type === FrameType.DripHashes) this.#compare.received(peer, payload, now);
    else this.#requested(peer, payload, now);
  }

  tick(now: Instant): void {
    this.#startedAt ??= now.mono;
    this.#compare.tick(now);
    if (this.#dueAt > now.mono) return;
    // What is due so soon goes with what is due now: many items in a frame, and few looks at all of them, when much is new.
    const stretch = this.#stretchAt(now);
    const soon = now.mono + TRICKLE.minMs * (stretch === 1 ? 0.5 : stretch);
    const batches = new Map<NodeId, DripItem[]>();
    for (const held of this.#running) {
      const at = held.trickle.nextDeadline();
      const until = held.least > stretch ? now.mono + TRICKLE.minMs * held.least : soon;
      if (at === undefined || at > until) continue;
      const due = held.trickle.due(until);
      const lacking = this.#lacking(held, now);
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
          held.holders.set(peer, now.mono);
          const batch = batches.get(peer);
          if (batch) batch.push(held.item);
          else batches.set(peer, [held.item]);
        }
      }
    }
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const { trickle } of this.#running) this.#dueAt = Math.min(this.#dueAt, trickle.nextDeadline() ?? this.#dueAt);
    const messages = new DripMessages(now);
    for (const [peer, items] of batches) this.#sendItems(peer, items, now, messages);
  }

  nextDeadline(): number | undefined {
    const dueAt = Math.min(this.#dueAt, this.#compare.nextDeadline() ?? this.#dueAt);
    return Number.isFinite(dueAt) ? dueAt : undefined;
  }

  #lacking(held: Held, now: Instant): readonly NodeId[] {
    const lacking: NodeId[] = [];
    if ((held.scope === Scope.Nobody && !held.isParting) || !this.#isWorthTelling(held.item, now)) return lacking;
    for (const peer of this.#events.neighbours()) {
      if (held.holders.has(peer) || peer === held.item.source) continue;
      const isWithUs = this.#events.isWithUs(peer);
      // Its own words a node says to all its neighbours.
      if (held.scope !== Scope.Mesh && !isWithUs && held.item.source !== this.#context.self.id) continue;
      if (!this.#isLeftToOthers(peer, held, isWithUs)) lacking.push(peer);
    }
    return held.item.source === this.#context.self.id ? lacking : someOf(lacking, this.#context.random);
  }

  /** Whether the neighbour hears somebody who told this node, and so tells it, too. */
  #isLeftToOthers(peer: NodeId, { tellers, scope }: Held, isWithUs: boolean): boolean {
    for (const teller of tellers) {
      if (scope !== Scope.Mesh && !(isWithUs && this.#events.isWithUs(teller))) continue;
      if (this.#events.hears(peer, teller)) return true;
    }
    return false;
  }

  /** A node's state tells which segment it is in: its beat may have waited for that. */
  #rescopeBeat(source: NodeId, now: Instant): void {
    const held = this.#held.get(keyOf(DripKind.Beat, source, 0n));
    if (!held) return;
    const before = held.scope;
    this.#held.scope(held);
    const isOwn = source === this.#context.self.id;
    if (isOwn || (before === Scope.Nobody && held.scope === Scope.Segment)) this.#run(held, now);
  }

  #run(held: Held, now: Instant): void {
    const isOwn = held.item.source === this.#context.self.id;
    held.trickle.reset(now.mono, Math.max(held.least, isOwn ? 1 : this.#stretchAt(now)));
    this.#running.add(held);
    this.#dueAt = Math.min(this.#dueAt, held.trickle.nextDeadline() ?? Number.POSITIVE_INFINITY);
  }

  #answerAskers(key: string, held: Held, now: Instant): void {
    for (const peer of this.#askers.of(key, now)) {
      held.holders.set(peer, now.mono);
      this.#sendItems(peer, [held.item], now);
    }
  }

  #stretchAt(now: Instant): number {
    const least = now.mono - (this.#startedAt ?? now.mono) < YOUNG_MS ? YOUNG_STRETCH : 1;
    return Math.max(least, Math.min(BUSY_STRETCH_MAX, Math.floor(this.#running.size / BUSY_ITEMS)));
  }

  /** A state that is about to be replaced is not worth telling; the beat goes with the one that comes. */
  #isWorthTelling({ kind, source }: DripItem, now: Instant): boolean {
    const isOwn = source === this.#context.self.id && (kind === DripKind.State || kind === DripKind.Beat);
    return !isOwn || !this.#events.isChanging(now);
  }

  #holds(peer: NodeId, items: Iterable<DripItem>): void {
    for (const item of items) this.#held.get(keyOfItem(item))?.holders.set(peer, Number.NEGATIVE_INFINITY);
  }

  /** What the neighbour says it lacks, unless it is on its way. */
  #sendLacked(peer: NodeId, items: readonly DripItem[], now: Instant): void {
    const lacked = items.filter((item) => {
      if (!this.#isWorthTelling(item, now)) return false;
      const holders = this.#held.get(keyOfItem(item))?.holders;
      if (!holders || (holders.get(peer) ?? Number.NEGATIVE_INFINITY) > now.mono - UNDERWAY_MS) return false;
      holders.set(peer, now.mono);
      return true;
    });
    this.#sendItems(peer, lacked, now);
  }

  #sendItems(peer: NodeId, items: readonly DripItem[], now: Instant, messages = new DripMessages(now)): void {
    for (const body of messages.of(items)) this.#events.send(peer, FrameType.Drip, body, now);
  }

  #items(peer: NodeId, payload: Uint8Array, now: Instant): void {
    const drip = decode(Body.DripSchema, payload);
    if (!drip || drip.items.length > ITEMS_PER_MESSAGE) return this.#context.counters.refuse('drip.malformed');
    for (const item of drip.items) {
      const { kind, saltHint, sequence, body, priority, ageS } = item;
      const source = sourceOf(item);
      const isAlert = kind === DripKind.Alert;
      if (source === undefined || !isKind(kind) || (isAlert && (priority > Priority.Low || saltHint > 0xffff))) {
        this.#context.counters.refuse('drip.malformed');
        continue;
      }
      const raisedAt = kind === DripKind.State ? undefined : now.mono - ageS * 1_000;
      const said = isAlert ? (priority as Priority) : undefined;
      this.#item(peer, { kind, source, saltHint, sequence, body, priority: said, raisedAt }, now);
    }
  }

  #item(peer: NodeId, item: Omit<DripItem, 'rank'>, now: Instant): void {
    const held = this.#held.get(keyOf(item.kind, item.source, rankOfAlert(item)));
    if (held && !held.isLetGo && held.item.sequence === item.sequence && equalBytes(held.item.body, item.body)) {
      held.holders.set(peer, Number.NEGATIVE_INFINITY);
      held.tellers.add(peer);
      held.trickle.consistent();
      this.#events.heardAgain(held.item, peer, now);
      return;
    }
    if (!held && this.#held.size >= DRIP_ITEMS_MAX) {
      this.#context.counters.refuse('drip.limit');
      return;
    }
    const rank = this.#events.take(item.kind, item, peer, now);
    if (rank === undefined) return;
    const { kind, source, saltHint, sequence, body, priority, raisedAt } = item;
    this.put({ kind, source, saltHint, sequence, rank, body, priority, raisedAt }, peer, now);
  }

  #requested(peer: NodeId, payload: Uint8Array, now: Instant): void {
    const request = decode(Body.DripRequestSchema, payload);
    if (!request || request.entries.length > DRIP_ITEMS_MAX) return this.#context.counters.refuse('drip.malformed');
    // Named twice it is sent once: a request is short, and what it asks for is not.
    const items = new Set<DripItem>();
    for (const entry of request.entries) {
      if (entry.source.length !== 8) continue;
      const key = keyOf(entry.kind, nodeIdOf(entry.source), entry.rank);
      const held = this.#held.get(key)?.item;
      if (held) items.add(held);
      // Who asks is sent what comes: it may have been asked for here, too, and what is held is of an earlier boot.
      if (entry.kind === DripKind.Beat && (!held || this.#askers.isAsking(key, now))) this.#askers.add(key, peer);
    }
    this.#sendItems(peer, [...items], now);
  }
}
