import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { Random } from '../ports/random.js';
import { LeftHeads } from './left-heads.js';
import { SCRAP_BELOW } from './segment-merging.js';
import type { SegmentOffer } from './segment-offer.js';
import {
  firstReach,
  HOPS_MOST,
  isFullWith,
  NO_REACH,
  reachWith,
  type SegmentReach,
  SPILL_HOPS,
  STAY_HOPS,
} from './segment-reach.js';

/** A head counts itself up this often; its members leave it when they have heard nothing newer for so long. */
const COUNT_EVERY_MS = 10_000;
export const HEAD_DEAD_MS = 45_000;
/** Who is in no segment waits so long at least, and some more at random, before it heads one itself. */
const ELECT_LEAST_MS = 1_000;
const ELECT_MS = 8_000;
/** Whose segment has become part of another gives that so long to reach it, … */
const FOLLOW_MS = 10_000;
/** … and may be anywhere in it until its head has counted twice. */
const ANYWHERE_MS = 2.5 * COUNT_EVERY_MS;
/** Two heads so young that their first words crossed: one of them yields, while its segment is a scrap. */
const YOUNG_COUNT = 2;
/** Who finds no segment that reaches here joins one a little farther off after so long, where there is room. */
const SPILL_AFTER_MS = 3_000;
/** Who is farther, and who has neighbours but none of its own segment, leaves after so long. */
const OUT_AFTER_MS = 15_000;
/** Between two changes of a radius: until the members have followed. */
const SETTLE_MS = 60_000;
/** For so long a mesh that has become small again says so. */
const WHOLE_MS = 60_000;
/** Numbers of one boot of a head follow those of the boots before. */
const NUMBERS_PER_BOOT = 2 ** 32;
const BOOTS = 2 ** 16;
/** Whoever left a head that was no more knows it by a number that is so much newer at most. */
const LEAD = 3;
/** By how much a number may be newer than the last one heard: a head counts so far before its members leave, and a little. */
const JUMP_MOST = 8;
/** Who has left so many heads joins only those that signed for a segment. */
const CAREFUL_AFTER = 3;
/** A head looks this often whether it is full, or has room again, and says so before its time. */
const LOOK_FULL_MS = 2_000;
/** … but not each time, where members come and go: more than a few numbers ahead of the last one heard is a lie. */
const EARLY_PER_SECOND = 1 / 15;

export interface ElectionEvents {
  /** How many nodes that are in no other segment are known within so many hops, this one among them. */
  within(hops: number): number;
  /** By hops from here: nodes of this one's segment that can be reached, this one first. */
  members(): readonly number[];
  /** Whether this head has signed for a segment of its own. */
  isBacked(head: NodeId): boolean;
  /** The boot counter that a node has vouched for. */
  bootOf(node: NodeId): number | undefined;
  /** What this head signed last of its segment: whether it is the only one, and small. `undefined`: nothing is held of it. */
  isLast(head: NodeId | undefined): boolean | undefined;
  /** The head is another. */
  changed(now: Instant): void;
}

/**
 * Which segment a node is in. Heads offer themselves as far as their radius reaches; the offer goes from neighbour to
 * neighbour with the heartbeats, each a hop further. Who has no offer heads a segment itself after a random time. It
 * stabilises itself: offers carry a number that only the head counts up, so that of a head that is gone does not go
 * round for ever (as in DSDV, Perkins & Bhagwat 1994). Nobody moves because another segment offers more: only when its own
 * head is gone, out of reach, or says that its segment is part of another.
 */
export class SegmentElection {
  readonly #self: NodeId;
  readonly #boot: number;
  readonly #random: Random;
  readonly #most: number;
  readonly #events: ElectionEvents;
  readonly #offers = new Map<NodeId, SegmentOffer>();
  readonly #left: LeftHeads;
  #isSplit = false;
  #head: NodeId | undefined;
  #number = 0;
  #hops = 0;
  #reach: SegmentReach = NO_REACH;
  #lookFullAt = 0;
  readonly #early = new TokenBucket(EARLY_PER_SECOND, 1);
  /** Whether this boot has been in a segment. */
  #hasBeenIn = false;
  /** When the number was last counted up, or heard to be. */
  #numberAt = 0;
  #joinedAt = 0;
  #resizedAt = 0;
  #spillAt = Number.POSITIVE_INFINITY;
  #electAt = Number.POSITIVE_INFINITY;
  /** The segment that this node's became part of. */
  #successor: NodeId | undefined;
  /** Since when all newer numbers come from too far, and since when no neighbour is in this node's segment. */
  #tooFarAt: number | undefined;
  #aloneAt: number | undefined;
  /** What is said of a mesh that was one of segments until lately. */
  #whole:
    | { readonly head: NodeId | undefined; readonly number: number; readonly hops: number; readonly until: number }
    | undefined;
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
    this.#boot = self.boot.counter % BOOTS;
    this.#random = random;
    this.#most = most;
    this.#events = events;
    this.#left = new LeftHeads(events.isBacked);
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

  /** The segment that this node's became part of, while it is on its way there. */
  get successor(): NodeId | undefined {
    return this.#successor;
  }

  /** When this node came into its segment, or out of the last one. Monotonic ms. */
  get joinedAt(): number {
    return this.#joinedAt;
  }

  /** What this node says of its segment, while the mesh is one of segments, or was until lately. */
  offer(digest: number): SegmentOffer | undefined {
    if (this.#whole) {
      const { head, number, hops } = this.#whole;
      return { head, number, hops, ...NO_REACH, isWhole: true, digest };
    }
    if (!this.#isSplit) return undefined;
    return { head: this.#head, number: this.#number, hops: this.#hops, ...this.#reach, isWhole: false, digest };
  }

  /** What a neighbour said last. */
  offerOf(peer: NodeId): SegmentOffer | undefined {
    return this.#offers.get(peer);
  }

  /** The mesh is too large to be one. */
  split(now: Instant): void {
    if (this.#isSplit) return;
    this.#isSplit = true;
    this.#whole = undefined;
    this.#wait(now);
  }

  heard(peer: NodeId, offer: SegmentOffer, now: Instant): void {
    if (offer.isWhole) {
      this.#offers.delete(peer);
      if (this.#isSplit && this.#believesWhole(offer)) this.#becomeWhole(offer.head, offer.number, offer.hops + 1, now);
      return;
    }
    // Neighbours that have not heard yet that it is whole again.
    if (this.#whole && (offer.head === undefined || offer.head === this.#whole.head)) {
      if (offer.number < this.#whole.number) return;
    }
    this.#offers.set(peer, offer);
    // Who has a neighbour in a segment is in a mesh of segments.
    this.split(now);
    this.#consider(now);
  }

  /** Anybody can say it of any head: what that head itself signed must agree. */
  #believesWhole({ head, number }: SegmentOffer): boolean {
    const isSigned = this.#events.isLast(head);
    if (this.#head === undefined)
      return isSigned !== false && (this.#offers.size === 0 || (head !== undefined && this.#left.has(head)));
    const isNext = number > this.#number && number <= this.#number + JUMP_MOST;
    return head === this.#head && isNext && !this.isHead && isSigned === true;
  }

  forget(peer: NodeId, now: Instant): void {
    this.#offers.delete(peer);
    if (this.#head !== undefined && !this.isHead) this.#follow(now);
  }

  /** Nothing shows that this node's head exists. */
  doubt(now: Instant): void {
    if (this.#head !== undefined && !this.isHead) this.#leave(now, Number.MAX_SAFE_INTEGER);
  }

  /** The head says that there is no such segment any more; `successor`: it is part of that one now. */
  dissolved(successor: NodeId | undefined, now: Instant): void {
    if (this.#head === undefined) return;
    this.#successor = successor;
    this.#leave(now, this.#number + (this.isHead ? 0 : LEAD));
  }

  /** The mesh fits into one again. Only its last head says so. */
  whole(now: Instant): void {
    if (this.isHead) this.#becomeWhole(this.#self, this.#number + 1, 0, now);
  }

  tick(now: Instant): void {
    if (this.#whole && now.mono >= this.#whole.until) {
      this.#whole = undefined;
      this.version++;
    }
    if (!this.#isSplit) return;
    if (this.isHead) {
      if (now.mono - this.#numberAt >= COUNT_EVERY_MS || this.#isOtherwiseFull(now)) this.#count(now);
    } else if (this.#head !== undefined) {
      if (now.mono >= this.#outAt) this.#leave(now, this.#number);
    } else if (now.mono >= Math.min(this.#spillAt, this.#electAt)) {
      this.#consider(now);
      if (now.mono >= this.#spillAt) this.#spillAt = Number.POSITIVE_INFINITY;
      if (this.#head === undefined && now.mono >= this.#electAt) this.#becomeHead(now);
    }
  }

  nextDeadline(): number | undefined {
    if (!this.#isSplit) return this.#whole?.until;
    if (this.#head === undefined) return Math.min(this.#spillAt, this.#electAt);
    return this.isHead ? this.#numberAt + COUNT_EVERY_MS : this.#outAt;
  }

  /** When this node leaves its segment unless something changes. */
  get #outAt(): number {
    const since = Math.min(this.#tooFarAt ?? Number.POSITIVE_INFINITY, this.#aloneAt ?? Number.POSITIVE_INFINITY);
    return Math.min(since + OUT_AFTER_MS, this.#numberAt + HEAD_DEAD_MS);
  }

  #consider(now: Instant): void {
    if (this.isHead) return this.#mayYield(now);
    if (this.#head !== undefined) return this.#follow(now);
    for (const offer of this.#offers.values())
      if (this.#isOwnOfBefore(offer)) return this.#becomeHead(now, offer.radius);
    const mayBeyond = now.mono - this.#joinedAt >= SPILL_AFTER_MS;
    let best: SegmentOffer | undefined;
    for (const offer of this.#offers.values())
      if (this.#suits(offer, mayBeyond, now) && (!best || isNearer(offer, best))) best = offer;
    if (best) this.#join(best, now);
  }

  /** Whether neighbours still follow what this node headed before it restarted: it goes on with that, and nobody moves. Who has been in one since does not. */
  #isOwnOfBefore({ head, number }: SegmentOffer): boolean {
    return !this.#hasBeenIn && head === this.#self && number < this.#boot * NUMBERS_PER_BOOT;
  }

  /** Whether its head is alive as far as is known, and reaches here. */
  #suits({ head, number, hops, radius, hasRoom, isFull }: SegmentOffer, beyond: boolean, now: Instant): boolean {
    if (head === undefined || head === this.#self || this.#left.bars(head, number, now)) return false;
    if (this.#left.size >= CAREFUL_AFTER && !this.#events.isBacked(head)) return false;
    if (this.#successor !== undefined && head === this.#successor) return hops < HOPS_MOST;
    return !isFull && hops + 1 <= radius + (beyond && hasRoom ? SPILL_HOPS : 0);
  }

  #follow(now: Instant): void {
    const isAnywhere = this.#successor === this.#head && now.mono - this.#joinedAt < ANYWHERE_MS;
    let [isNear, isTooFar, isAlone] = [false, false, true];
    for (const { head, number, hops, radius, hasRoom, isFull } of this.#offers.values()) {
      if (head !== this.#head) continue;
      isAlone = false;
      const isNewer = number > this.#number;
      if (number > this.#number + JUMP_MOST && !this.#isRestarted(number)) continue;
      if (!isNewer && (number < this.#number || hops + 1 >= this.#hops)) continue;
      if (!isAnywhere && hops + 1 > radius + STAY_HOPS) {
        isTooFar ||= isNewer;
        continue;
      }
      isNear ||= isNewer;
      this.#number = number;
      this.#hops = hops + 1;
      this.#reach = { radius, hasRoom, isFull };
      this.version++;
    }
    if (isNear) this.#numberAt = now.mono;
    if (isNear) this.#tooFarAt = undefined;
    else if (isTooFar) this.#tooFarAt ??= now.mono;
    if (!isAlone || this.#offers.size === 0) this.#aloneAt = undefined;
    else this.#aloneAt ??= now.mono;
  }

  /** Whether its head, which has vouched for a boot since, counts from there. */
  #isRestarted(number: number): boolean {
    const boot = this.#events.bootOf(this.#head as NodeId);
    if (boot === undefined) return false;
    const first = (boot % BOOTS) * NUMBERS_PER_BOOT;
    return this.#number < first && number >= first && number <= first + JUMP_MOST;
  }

  #mayYield(now: Instant): void {
    if (this.#number % NUMBERS_PER_BOOT > YOUNG_COUNT || this.#events.members().length > SCRAP_BELOW * this.#most)
      return;
    for (const offer of this.#offers.values()) {
      if (!this.#suits(offer, false, now)) continue;
      const isOlder = offer.number % NUMBERS_PER_BOOT > YOUNG_COUNT;
      if (isOlder || (offer.head as NodeId) < this.#self) return this.#join(offer, now);
    }
  }

  #join({ head, number, hops, radius, hasRoom, isFull }: SegmentOffer, now: Instant): void {
    if (this.isHead) this.#left.add(this.#self, this.#number, now);
    this.#hasBeenIn = true;
    if (head !== this.#successor) this.#successor = undefined;
    this.#head = head;
    this.#number = number;
    this.#hops = hops + 1;
    this.#reach = { radius, hasRoom, isFull };
    this.#news(now);
  }

  #leave(now: Instant, number: number): void {
    this.#left.add(this.#head as NodeId, number, now);
    this.#wait(now);
    this.#consider(now);
  }

  #wait(now: Instant): void {
    this.#head = undefined;
    this.#number = 0;
    this.#hops = HOPS_MOST;
    this.#spillAt = now.mono + SPILL_AFTER_MS;
    const leastMs = this.#successor === undefined ? ELECT_LEAST_MS : FOLLOW_MS;
    this.#electAt = now.mono + leastMs + this.#random.below(ELECT_MS);
    this.#news(now);
  }

  /** `before`: the radius of its segment before it restarted. */
  #becomeHead(now: Instant, before = 1): void {
    this.#head = this.#self;
    this.#hasBeenIn = true;
    this.#successor = undefined;
    this.#number = Math.max(this.#boot * NUMBERS_PER_BOOT, (this.#left.numberOf(this.#self) ?? -LEAD) + LEAD) + 1;
    this.#hops = 0;
    this.#reach = firstReach((hops) => this.#events.within(hops), this.#most, before);
    this.#news(now);
    this.#numberAt = now.mono - COUNT_EVERY_MS / 2;
  }

  #becomeWhole(head: NodeId | undefined, number: number, hops: number, now: Instant): void {
    this.#whole = { head, number, hops, until: now.mono + WHOLE_MS };
    this.#isSplit = false;
    this.#head = undefined;
    this.#successor = undefined;
    this.#offers.clear();
    this.#news(now);
  }

  #isOtherwiseFull(now: Instant): boolean {
    if (now.mono < this.#lookFullAt) return false;
    this.#lookFullAt = now.mono + LOOK_FULL_MS;
    return isFullWith(this.#events.members().length, this.#most) !== this.#reach.isFull && this.#early.take(now.mono);
  }

  /** A head's sign of life; it looks how many it has, and how far away. */
  #count(now: Instant): void {
    const hops = [...this.#events.members()].sort((a, b) => a - b);
    this.#number++;
    this.#numberAt = now.mono;
    const mayShrink = now.mono - this.#resizedAt >= SETTLE_MS;
    const reach = reachWith(this.#reach, hops, this.#most, mayShrink);
    if (reach.radius < this.#reach.radius) this.#resizedAt = now.mono;
    this.#reach = reach;
    this.version++;
    this.#consider(now);
  }

  #news(now: Instant): void {
    this.#numberAt = now.mono;
    this.#joinedAt = now.mono;
    this.#resizedAt = now.mono;
    this.#tooFarAt = undefined;
    this.#aloneAt = undefined;
    this.version++;
    this.#events.changed(now);
  }
}

const isNearer = (a: SegmentOffer, b: SegmentOffer): boolean =>
  a.hops !== b.hops ? a.hops < b.hops : (a.head as NodeId) < (b.head as NodeId);
