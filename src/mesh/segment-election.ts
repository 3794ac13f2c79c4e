import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Random } from '../ports/random.js';
import type { SegmentOffer } from './segment-offer.js';

/** A head counts itself up this often; its members leave it when they have heard nothing newer for so long. */
const COUNT_EVERY_MS = 10_000;
export const HEAD_DEAD_MS = 45_000;
/** Who is in no segment waits so long at least, and some more at random, before it heads one itself. */
const ELECT_LEAST_MS = 1_000;
const ELECT_MS = 8_000;
/** Two heads so young that their first words crossed: one of them yields. */
const YOUNG_COUNT = 2;
const RADIUS_MAX = 15;
/** Where there is room, who finds no other segment joins so far beyond the radius, after so long. */
const SPILL_HOPS = 2;
const SPILL_AFTER_MS = 3_000;
/** Shares of the most nodes of a segment: it is made for so many, has room below the next, and is tiny below the last. */
const MADE_FOR = 0.7;
const ROOM_BELOW = 0.5;
const TINY_BELOW = 0.12;
/** A head that is left with a handful for so long joins a neighbour's segment. */
const TINY_MS = 20_000;
/** Between two changes of a radius: until the members have followed. */
const SETTLE_MS = 25_000;
/** Numbers of one boot of a head follow those of the boots before. */
const NUMBERS_PER_BOOT = 2 ** 32;
/** Heads that were left and are not joined again before they say something newer; the oldest is forgotten. */
const LEFT_MAX = 64;

export interface ElectionEvents {
  /** How many nodes are known within so many hops, this one among them. */
  within(hops: number): number;
  /** Nodes of this one's segment that can be reached, this one among them. */
  members(): number;
  /** The head is another. */
  changed(now: Instant): void;
}

/**
 * Which segment a node is in. Heads offer themselves as far as their radius reaches; the offer goes from neighbour to
 * neighbour with the heartbeats, each a hop further. Who has no offer heads a segment itself after a random time. It
 * stabilises itself: offers carry a number that only the head counts up, so that of a head that is gone does not go
 * round for ever (as in DSDV, Perkins & Bhagwat 1994).
 */
export class SegmentElection {
  readonly #self: NodeId;
  readonly #boot: number;
  readonly #random: Random;
  readonly #most: number;
  readonly #events: ElectionEvents;
  readonly #offers = new Map<NodeId, SegmentOffer>();
  /** Heads that were left, at which number. */
  readonly #left = new Map<NodeId, number>();
  #isSplit = false;
  #head: NodeId | undefined;
  #number = 0;
  #hops = 0;
  #radius = 1;
  #hasRoom = true;
  #isTiny = false;
  /** When the number was last counted up, or heard to be. */
  #numberAt = 0;
  #joinedAt = 0;
  #shrunkAt = 0;
  #spillAt = Number.POSITIVE_INFINITY;
  #electAt = Number.POSITIVE_INFINITY;
  /** Goes up with everything that neighbours are to know. */
  version = 0;

  /** `most`: nodes of a segment. */
  constructor(
    self: { readonly id: NodeId; readonly boot: { readonly counter: number } },
    random: Random,
    most: number,
    events: ElectionEvents,
  ) {
    this.#self = self.id;
    this.#boot = self.boot.counter % 2 ** 16;
    this.#random = random;
    this.#most = most;
    this.#events = events;
  }

  /** Whether the mesh is one of segments. */
  get isSplit(): boolean {
    return this.#isSplit;
  }

  get head(): NodeId | undefined {
    return this.#head;
  }

  get isHead(): boolean {
    return this.#head === this.#self;
  }

  /** When this node came into its segment, or out of the last one. Monotonic ms. */
  get joinedAt(): number {
    return this.#joinedAt;
  }

  /** What this node says of its segment, while the mesh is one of segments. */
  offer(digest: number): SegmentOffer | undefined {
    if (!this.#isSplit) return undefined;
    const [number, hops, radius] = [this.#number, this.#hops, this.#radius];
    return { head: this.#head, number, hops, radius, hasRoom: this.#hasRoom, isTiny: this.#isTiny, digest };
  }

  /** What a neighbour said last. */
  offerOf(peer: NodeId): SegmentOffer | undefined {
    return this.#offers.get(peer);
  }

  /** The mesh is too large to be one. */
  split(now: Instant): void {
    if (this.#isSplit) return;
    this.#isSplit = true;
    this.#wait(now);
  }

  heard(peer: NodeId, offer: SegmentOffer, now: Instant): void {
    this.#offers.set(peer, offer);
    // Who has a neighbour in a segment is in a mesh of segments.
    this.split(now);
    this.#consider(now);
  }

  forget(peer: NodeId): void {
    this.#offers.delete(peer);
  }

  /** Nothing shows that this node's head exists. */
  doubt(now: Instant): void {
    if (this.#head !== undefined && !this.isHead) this.#leave(now, Number.MAX_SAFE_INTEGER);
  }

  tick(now: Instant): void {
    if (!this.#isSplit) return;
    if (this.isHead) {
      if (now.mono - this.#numberAt >= COUNT_EVERY_MS) this.#count(now);
    } else if (this.#head !== undefined) {
      if (now.mono - this.#numberAt >= HEAD_DEAD_MS) this.#leave(now, this.#number);
    } else if (now.mono >= Math.min(this.#spillAt, this.#electAt)) {
      this.#consider(now);
      if (now.mono >= this.#spillAt) this.#spillAt = Number.POSITIVE_INFINITY;
      if (this.#head === undefined && now.mono >= this.#electAt) this.#becomeHead(now);
    }
  }

  nextDeadline(): number | undefined {
    if (!this.#isSplit) return undefined;
    if (this.#head === undefined) return Math.min(this.#spillAt, this.#electAt);
    return this.#numberAt + (this.isHead ? COUNT_EVERY_MS : HEAD_DEAD_MS);
  }

  #consider(now: Instant): void {
    if (this.isHead) return this.#mayYield(now);
    if (this.#head !== undefined) return this.#follow(now);
    const mayBeyond = now.mono - this.#joinedAt >= SPILL_AFTER_MS;
    let best: SegmentOffer | undefined;
    for (const offer of this.#offers.values())
      if (this.#suits(offer, mayBeyond) && (!best || isNearer(offer, best))) best = offer;
    if (best) this.#join(best, now);
  }

  /** Whether its head is alive as far as is known, and reaches here. */
  #suits({ head, number, hops, radius, hasRoom }: SegmentOffer, beyond: boolean): boolean {
    if (head === undefined || head === this.#self || number <= (this.#left.get(head) ?? -1)) return false;
    return hops + 1 <= radius + (beyond && hasRoom ? SPILL_HOPS : 0);
  }

  #follow(now: Instant): void {
    for (const { head, number, hops, radius, hasRoom, isTiny } of this.#offers.values()) {
      if (head !== this.#head || number < this.#number) continue;
      const isNewer = number > this.#number;
      // Who is in stays in a little beyond the radius: a way that changes is no reason to move.
      if ((!isNewer && hops + 1 >= this.#hops) || hops + 1 > radius + SPILL_HOPS + 1) continue;
      if (isNewer) this.#numberAt = now.mono;
      this.#number = number;
      this.#hops = hops + 1;
      this.#radius = radius;
      this.#hasRoom = hasRoom;
      this.#isTiny = isTiny;
      this.version++;
    }
  }

  #mayYield(now: Instant): void {
    const isYoung = this.#number % NUMBERS_PER_BOOT <= YOUNG_COUNT;
    const isLeft = this.#isTiny && now.mono - this.#joinedAt >= TINY_MS;
    if (!isYoung && !isLeft) return;
    for (const offer of this.#offers.values()) {
      if (!this.#suits(offer, isLeft)) continue;
      const isOlder = offer.number % NUMBERS_PER_BOOT > YOUNG_COUNT;
      const isBetter = isLeft ? !offer.isTiny : isOlder;
      if (isBetter || (offer.head as NodeId) < this.#self) return this.#join(offer, now);
    }
  }

  #join({ head, number, hops, radius, hasRoom, isTiny }: SegmentOffer, now: Instant): void {
    if (this.isHead) this.#left.set(this.#self, this.#number);
    this.#head = head;
    this.#number = number;
    this.#hops = hops + 1;
    this.#radius = radius;
    this.#hasRoom = hasRoom;
    this.#isTiny = isTiny;
    this.#news(now);
  }

  #leave(now: Instant, number: number): void {
    this.#left.delete(this.#head as NodeId);
    this.#left.set(this.#head as NodeId, number);
    if (this.#left.size > LEFT_MAX) this.#left.delete(this.#left.keys().next().value as NodeId);
    this.#wait(now);
    this.#consider(now);
  }

  #wait(now: Instant): void {
    this.#head = undefined;
    this.#number = 0;
    this.#hops = 255;
    this.#spillAt = now.mono + SPILL_AFTER_MS;
    this.#electAt = now.mono + ELECT_LEAST_MS + this.#random.below(ELECT_MS);
    this.#news(now);
  }

  #becomeHead(now: Instant): void {
    this.#head = this.#self;
    this.#number = Math.max(this.#boot * NUMBERS_PER_BOOT, this.#left.get(this.#self) ?? 0) + 1;
    this.#hops = 0;
    this.#radius = 1;
    const most = MADE_FOR * this.#most;
    for (let last = 0; this.#radius < RADIUS_MAX; this.#radius++) {
      const next = this.#events.within(this.#radius + 1);
      // Where it ends what is known does, too.
      if (next > most || next === last) break;
      last = next;
    }
    this.#hasRoom = true;
    this.#isTiny = false;
    this.#news(now);
    this.#numberAt = now.mono - COUNT_EVERY_MS / 2;
  }

  /** A head's sign of life; it looks how many it has. */
  #count(now: Instant): void {
    const members = this.#events.members();
    this.#number++;
    this.#numberAt = now.mono;
    this.#hasRoom = members < ROOM_BELOW * this.#most;
    this.#isTiny = members < TINY_BELOW * this.#most;
    if (members > this.#most && this.#radius > 1 && now.mono - this.#shrunkAt >= SETTLE_MS) {
      this.#radius--;
      this.#shrunkAt = now.mono;
    }
    this.version++;
    this.#consider(now);
  }

  #news(now: Instant): void {
    this.#numberAt = now.mono;
    this.#joinedAt = now.mono;
    this.#shrunkAt = now.mono;
    this.version++;
    this.#events.changed(now);
  }
}

const isNearer = (a: SegmentOffer, b: SegmentOffer): boolean =>
  a.hops !== b.hops ? a.hops < b.hops : (a.head as NodeId) < (b.head as NodeId);
