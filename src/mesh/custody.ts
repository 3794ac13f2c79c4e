import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import type { Header } from '../wire/header.js';
import type { Way } from './arrival-rate.js';
import type { Delivery, DirectedMessage } from './delivery.js';
import { type Handover, Handovers } from './handovers.js';
import { Intake, ORIGIN_FIRST_MS } from './intake.js';
import { KeepLog } from './keep-log.js';
import { KEEPERS, nextKeeper } from './keepers.js';
import type { Item } from './kept-items.js';
import type { Links } from './links.js';
import { encodeCore, PARCEL_BODY_BYTES_MAX, PARCEL_LIFE_MAX_MS } from './parcels.js';
import { RECEIPT_KEYS, type Receipt, Receipts, readReceipt, Said } from './receipts.js';
import type { Routing } from './routing.js';
import { CUSTODY_SPACE, ITEM_OVERHEAD_BYTES, PARCEL_KEYS, Shelf, type StoreReader, TELL_MS } from './shelf.js';
import type { CustodyStanding } from './standing.js';
import { TRANSFER_FROM_BYTES, Transfers } from './transfers.js';
import type { MeshContext, MessageOutcome, WayBack } from './types.js';

/** How long one hand-over is tried, to the destination and to a keeper. */
const HAND_MS = 20_000;
const HAND_TO_KEEPER_MS = 8_000;
const RETRY_START_MS = 5_000;
const RETRY_MAX_MS = 300_000;
/** A neighbour that did not take a message is left alone with it for so long. */
const AVOID_MS = 60_000;
/** One that is full; one that gave a copy up is not asked again, or copies would push each other out for ever. */
const AVOID_FULL_MS = 600_000;
/** Messages a node that leaves hands to a neighbour on its way out. */
const FAREWELL_PARCELS = 32;

export type CustodyInput =
  /** After a start, before the radios: what was in custody here goes on. */
  | { readonly kind: 'restore' }
  /** The disk has what a `keep` effect asked for, or could not take it. */
  | { readonly kind: 'kept'; readonly ticket: number }
  | { readonly kind: 'keep-failed'; readonly ticket: number; readonly code: string };

export interface CustodyParts {
  readonly context: MeshContext;
  readonly store: StoreReader;
  readonly links: Links;
  readonly routing: Routing;
  readonly delivery: Delivery;
  direct(to: NodeId, type: FrameType, body: Uint8Array, priority: Priority, now: Instant): void;
  reserve(): { readonly id: MessageId; readonly sequence: number };
}

/**
 * Store and forward: users' messages that could not be delivered at once. The sender keeps each on its disk, neighbours
 * keep copies on theirs, and whoever has one hands it over when a path leads to the destination. Origins sign, ages
 * travel, and receipts tell the origin what became of it.
 */
export class Custody {
  readonly #parts: CustodyParts;
  readonly #shelf: Shelf;
  readonly #intake: Intake;
  readonly #transfers: Transfers;
  readonly #handovers: Handovers;
  /** Of the last tick. */
  #now = 0;
  readonly #log: KeepLog;
  readonly #receipts: Receipts;

  constructor(parts: CustodyParts) {
    this.#parts = parts;
    const { context, delivery } = parts;
    this.#handovers = new Handovers(delivery, parts.reserve);
    this.#log = new KeepLog(context, delivery.delivered);
    this.#receipts = new Receipts(context, this.#handovers, this.#log, CUSTODY_SPACE, this.#reaches);
    this.#shelf = new Shelf(context, parts.store, this.#log, this.#receipts);
    const shared = { handovers: this.#handovers, log: this.#log, receipts: this.#receipts };
    this.#transfers = new Transfers({
      ...parts,
      ...shared,
      reaches: this.#reaches,
      hops: (node) => parts.routing.path(node)?.hops ?? 1,
    });
    this.#intake = new Intake({ ...parts, shelf: this.#shelf, receipts: this.#receipts });
  }

  /** Messages: of this node, of others; and receipts that wait. */
  sizes(): { readonly [name: string]: number } {
    return {
      own: this.#shelf.items.own,
      kept: this.#shelf.items.kept,
      receipts: this.#receipts.size,
      ...this.#transfers.sizes(),
    };
  }

  /** Bytes that count towards the quotas. */
  bytes(): { readonly own: number; readonly kept: number; readonly out: number; readonly in: number } {
    const { ownBytes: own, keptBytes: kept } = this.#shelf.items;
    return { own, kept, ...this.#transfers.bytes() };
  }

  /** What is done for a message that is in custody here, of whomever. */
  standing(id: MessageId): CustodyStanding | undefined {
    const item = this.#shelf.items.get(id);
    return item ? { ...item, doing: item.atDoor ? 'handing-over' : 'waiting' } : this.#transfers.standing(id);
  }

  /** Of messages of others: what stands in their own frames, and how their keeping here ended. */
  get ofOthers(): Pick<Shelf, 'keptBody' | 'parted'> {
    return this.#shelf;
  }

  // ---- this node's own messages -------------------------------------------------------------------------------------

  /**
   * Takes a message of this node into its keeping: delivery is to try it meanwhile, unless it is too large for that.
   * `refused` when there are too many.
   */
  accept(message: DirectedMessage, now: Instant): 'try' | 'wait' | 'refused' {
    if (message.body.length > TRANSFER_FROM_BYTES) return this.#transfers.accept(message, now) ? 'wait' : 'refused';
    return this.#accept(message, now) ? 'try' : 'refused';
  }

  #accept(message: DirectedMessage, now: Instant): boolean {
    const { id, to, type, priority, body } = message;
    const { self, pulse } = this.#parts.context;
    if (body.length > PARCEL_BODY_BYTES_MAX || !this.#shelf.items.hasRoomForOwn(body.length + ITEM_OVERHEAD_BYTES))
      return false;
    const lifeMs = Math.min(PARCEL_LIFE_MAX_MS, Math.max(1, Math.round(message.timeoutMs)));
    const madeAtMs = pulse.isKnown ? Math.max(0, Math.floor(now.wall)) : 0;
    const view = { id, origin: self.id, to, type, priority, lifeMs, body, madeAtMs };
    const parcel = { core: encodeCore(view), publicKey: NOTHING, signature: NOTHING };
    const item = this.#shelf.add(view, { memory: parcel, own: true, ageMs: 0 }, now);
    item.direct = true;
    this.#shelf.write(item, parcel, now, (code) => {
      if (!this.#shelf.has(item)) return;
      this.#parts.context.emit({ kind: 'receipt', id, what: code === undefined ? 'kept' : 'unkept', ...codeOf(code) });
    });
    return true;
  }

  /** Delivery has given it up for now: from here on it waits, with keepers. */
  park(id: MessageId, now: Instant): void {
    const item = this.#shelf.items.get(id);
    if (!item?.own) return;
    item.direct = false;
    this.#shelf.due(item, now.mono);
  }

  /** What became of a message of this node that delivery tried, or of a hand-over. False when it is neither. */
  settled(
    message: DirectedMessage,
    outcome: MessageOutcome,
    code: string | undefined,
    now: Instant,
    back?: WayBack,
  ): boolean {
    if (this.#handovers.settled(message, outcome, code, now)) {
      this.#shelf.wakeAt = Math.min(this.#shelf.wakeAt, now.mono);
      this.#receipts.wake(now);
      return true;
    }
    const item = this.#shelf.items.get(message.id);
    if (!item?.own) return false;
    const by = outcome === 'delivered' ? { node: item.to } : {};
    this.#finish(item, outcome, { ...codeOf(code), ...by, ...(back && { back }) }, now);
    return true;
  }

  /** The destination acknowledged an attempt of delivery's after it was given up there. */
  late(id: MessageId, from: NodeId, now: Instant): void {
    const item = this.#shelf.items.get(id);
    if (item?.own && item.to === from) this.#finish(item, 'delivered', { node: from }, now);
    else if (!item) this.#parts.context.emit({ kind: 'trail', id, what: 'again', node: from });
  }

  /** This node goes: what nobody else has is left with a neighbour. */
  leaving(now: Instant): void {
    let left = FAREWELL_PARCELS;
    for (const item of this.#shelf.items.all()) {
      if (left === 0) return;
      if (!item.own || item.keepers.size > 0) continue;
      const keeper = nextKeeper(item, this.#parts.links, this.#parts.routing, now);
      if (keeper !== undefined && this.#handToKeeper(item, keeper, now)) left--;
    }
  }

  // ---- from other nodes ---------------------------------------------------------------------------------------------

  /** A message in custody, meant for this node or to be kept by it. */
  parcel(way: Way, header: Header, payload: Uint8Array, now: Instant): void {
    this.#intake.parcel(way, header, payload, now);
  }

  /** A part of the talk over a payload that goes in chunks. */
  transfer(header: Header, payload: Uint8Array, now: Instant): void {
    this.#transfers.received(header, payload, now);
  }

  /** What another node says of a message of this one; or that one kept here is not needed any more. */
  receipt(from: NodeId, body: Uint8Array, now: Instant): void {
    const receipt = readReceipt(body);
    if (!receipt) return this.#parts.context.counters.refuse('receipt.malformed');
    const item = this.#shelf.items.get(receipt.message);
    if (!item) return this.#transfers.told(from, receipt, now);
    if (item.own) this.#told(item, { ...receipt, node: from }, now);
    else if (receipt.what === Said.CalledBack && from === item.origin) this.#shelf.calledBack(item, now);
  }

  // ---- time, neighbours, disk ---------------------------------------------------------------------------------------

  /** A path leads to this node again. */
  reached(node: NodeId, now: Instant): void {
    this.#receipts.reached(node, now);
    this.#transfers.reached(node, now);
    for (const item of this.#shelf.items.all()) {
      if (item.direct || item.to !== node) continue;
      item.tries = 0;
      const wait = !item.own && this.#reaches(item.origin) ? ORIGIN_FIRST_MS : 0;
      this.#shelf.due(item, now.mono + wait);
    }
  }

  /** A neighbour more: it may keep what has too few keepers. */
  linkUp(now: Instant): void {
    for (const item of this.#shelf.items.all()) if (item.own && !item.direct) this.#shelf.due(item, now.mono);
  }

  step(input: CustodyInput, now: Instant): void {
    if (input.kind === 'restore') this.#restore(now);
    else this.#log.written(input.ticket, input.kind === 'kept' ? undefined : input.code, now);
  }

  /** Reads what was kept before a restart. */
  #restore(now: Instant): void {
    const { store, delivery, context } = this.#parts;
    delivery.delivered.restore(store);
    const most = Limit.OwnParcels + Limit.KeptParcels;
    for (const { key, value } of store.range(CUSTODY_SPACE, { ...PARCEL_KEYS, limit: most })) {
      const item = this.#shelf.restore(key, value, now);
      if (item) this.#shelf.due(item, now.mono);
    }
    const receipts = store.range(CUSTODY_SPACE, { ...RECEIPT_KEYS, limit: Limit.Receipts });
    for (const entry of receipts) this.#receipts.restore(entry, (id) => id.slice(0, 16) as NodeId, now);
    this.#transfers.restore(now);
    context.counters.custody.restored += this.#shelf.items.own + this.#shelf.items.kept;
  }

  tick(now: Instant): void {
    if (this.#shelf.wakeAt <= now.mono) this.#pass(now);
    this.#transfers.tick(now);
    this.#receipts.tick(now);
    this.#now = now.mono;
    this.#log.tick(now);
  }

  nextDeadline(): number | undefined {
    const at = Math.min(
      this.#transfers.nextDeadline(this.#now),
      this.#shelf.wakeAt,
      this.#receipts.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.#log.nextDeadline() ?? Number.POSITIVE_INFINITY,
    );
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  #pass(now: Instant): void {
    const due: Item[] = [];
    for (const item of [...this.#shelf.items.all()]) {
      // While delivery tries it, its end is delivery's to tell.
      if (item.direct) continue;
      if (this.#shelf.isOver(item, now)) this.#expire(item, now);
      else if (item.dueAt <= now.mono) due.push(item);
    }
    due.sort((a, b) => a.priority - b.priority || a.bornAt - b.bornAt);
    for (const item of due) this.#act(item, now);
    this.#shelf.wakeAt = Number.POSITIVE_INFINITY;
    for (const { direct, dueAt, expiresAt } of this.#shelf.items.all())
      if (!direct) this.#shelf.wakeAt = Math.min(this.#shelf.wakeAt, expiresAt, dueAt > now.mono ? dueAt : Infinity);
  }

  /** One thing at a time for each item: to its destination where a path leads there, else to one more keeper. */
  #act(item: Item, now: Instant): void {
    const isOpen = this.#reaches(item.to);
    // Without room it stays due, and has its turn when something was taken over.
    if (isOpen && !item.atDoor && !this.#handToDestination(item, now)) return;
    item.dueAt = Number.POSITIVE_INFINITY;
    if (!item.own || (isOpen && item.tries === 0)) return;
    for (;;) {
      const keeper = nextKeeper(item, this.#parts.links, this.#parts.routing, now);
      if (keeper === undefined) break;
      if (this.#handToKeeper(item, keeper, now)) continue;
      item.dueAt = now.mono;
      return;
    }
    if (item.keepers.size >= KEEPERS) return;
    for (const until of item.avoid.values()) if (until > now.mono) item.dueAt = Math.min(item.dueAt, until);
  }

  #handToDestination(item: Item, now: Instant): boolean {
    const done: Handover['done'] = (outcome, code, at) => this.#answeredAtDoor(item, outcome, code, at);
    item.atDoor = this.#hand(item, item.to, HAND_MS, now, done);
    if (item.atDoor && item.own)
      this.#parts.context.emit({ kind: 'trail', id: item.id, what: 'handing', node: item.to });
    // A disk that has lost it has ended it.
    return item.atDoor || !this.#shelf.has(item);
  }

  #hand(item: Item, to: NodeId, timeoutMs: number, now: Instant, done: Handover['done']): boolean {
    if (!this.#handovers.hasRoom(to)) return false;
    const body = this.#shelf.parcelOf(item, now);
    if (body) {
      const { priority, expiresAt } = item;
      const life = Math.min(timeoutMs, expiresAt - now.mono);
      return this.#handovers.begin({ to, type: FrameType.Parcel, body, priority, timeoutMs: life, done }, now);
    }
    if (item.own) this.#finish(item, 'refused', { code: 'custody.disk' }, now);
    else this.#shelf.drop(item, now);
    return false;
  }

  #answeredAtDoor(item: Item, outcome: MessageOutcome, code: string | undefined, now: Instant): void {
    item.atDoor = false;
    if (!this.#shelf.has(item)) return;
    if (outcome === 'expired' || code === 'custody.rate') {
      if (item.own)
        this.#parts.context.emit({ kind: 'trail', id: item.id, what: 'put-off', node: item.to, ...codeOf(code) });
      return this.#shelf.due(item, now.mono + Math.min(RETRY_MAX_MS, RETRY_START_MS * 2 ** item.tries++));
    }
    if (item.own) return this.#finish(item, outcome, { ...codeOf(code), node: item.to }, now);
    const what = outcome === 'delivered' ? Said.Delivered : Said.Refused;
    this.#parts.context.counters.custody[outcome === 'delivered' ? 'delivered' : 'refused']++;
    this.#shelf.say(item, what, code ?? '', now);
    this.#shelf.drop(item, now);
  }

  #handToKeeper(item: Item, keeper: NodeId, now: Instant): boolean {
    const begun = this.#hand(item, keeper, HAND_TO_KEEPER_MS, now, (outcome, code, at) => {
      if (!this.#shelf.has(item)) return;
      if (outcome === 'delivered') return this.#held(item, keeper);
      item.keepers.delete(keeper);
      item.avoid.set(keeper, at.mono + (code === 'custody.full' ? AVOID_FULL_MS : AVOID_MS));
      if (!item.direct) this.#shelf.due(item, at.mono);
    });
    if (begun) this.#shelf.handTo(item, keeper, now);
    return begun;
  }

  #held(item: Item, keeper: NodeId): void {
    this.#parts.context.counters.custody.handedOn++;
    this.#parts.context.emit({ kind: 'receipt', id: item.id, what: 'held', node: keeper });
  }

  /** What somebody says of a message of this node. */
  #told(item: Item, { what, node, code }: Receipt, now: Instant): void {
    const { context } = this.#parts;
    // Ids can be guessed: a stranger's word would end what nobody has received.
    if (node !== item.to && !item.handed.has(node)) return context.counters.refuse('receipt.stranger');
    if (what === Said.Delivered) return this.#finish(item, 'delivered', { node }, now);
    // Only the destination can refuse, and its keeper says so for it; custody's own reasons end a copy, not the message.
    if (what === Said.Refused && !code.startsWith('custody.'))
      return this.#finish(item, 'refused', { code, node }, now);
    if (what === Said.Held) {
      item.keepers.add(node);
      return context.emit({ kind: 'receipt', id: item.id, what: 'held', node });
    }
    if (what === Said.CalledBack) return;
    if (!item.keepers.delete(node)) return;
    item.avoid.set(node, Number.POSITIVE_INFINITY);
    context.emit({ kind: 'receipt', id: item.id, what: what === Said.Expired ? 'expired' : 'given-up', node, code });
    if (!item.direct) this.#shelf.due(item, now.mono);
  }

  #expire(item: Item, now: Instant): void {
    if (item.own) return this.#finish(item, 'expired', {}, now);
    this.#parts.context.counters.custody.expired++;
    this.#shelf.say(item, Said.Expired, '', now);
    this.#shelf.drop(item, now);
  }

  /** A message of this node has its end. */
  #finish(
    item: Item,
    outcome: MessageOutcome,
    more: { readonly code?: string; readonly node?: NodeId; readonly back?: WayBack },
    now: Instant,
  ): void {
    this.#parts.delivery.forget(item.id);
    if (!item.direct) this.#parts.context.counters.custody[outcome]++;
    this.#parts.context.emit({ kind: 'outcome', id: item.id, outcome, ...more });
    const said = { message: item.id, what: Said.CalledBack, code: '' };
    const until = { durable: false, expiresAt: now.mono + TELL_MS };
    if (outcome !== 'expired')
      for (const keeper of item.keepers) if (keeper !== more.node) this.#receipts.add(said, keeper, until, now);
    this.#shelf.drop(item, now);
  }

  readonly #reaches = (node: NodeId): boolean => this.#parts.routing.reaches(node);
}

const NOTHING = new Uint8Array(0);
const codeOf = (code: string | undefined): { readonly code?: string } => (code === undefined ? {} : { code });
