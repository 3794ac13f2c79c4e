import { Limit } from '../core/limits.js';
import { TokenBucket } from '../core/token-bucket.js';
import { Priority } from '../wire/frame-types.js';
import { overheadBytes, readHeader } from '../wire/header.js';
import { airtimeMs, capacityOf, isSlowAir, readyAt } from './carrier.js';
import { FairQueue, type Flow } from './fair-queue.js';
import { HopArq } from './hop-arq.js';
import { linkTiming } from './link-timing.js';
import type { ByPriority } from './link-traffic.js';
import type { Link } from './links.js';

type Queues = readonly [FairQueue, FairQueue, FairQueue, FairQueue];
type Again = readonly [Uint8Array[], Uint8Array[], Uint8Array[], Uint8Array[]];

/**
 * Of what came over one link so much a second may overtake the rest on another, as a share of what that carries; more
 * waits among the middling, or who calls everything urgent would silence everybody else. As much may be saved up.
 */
const URGENT_SHARE = 1 / 8;
const URGENT_SAVED_MS = 4_000;
const URGENT_SAVED_BYTES_MIN = 2_048;
/** Links whose urgent frames are counted; the one counted longest is begun anew. */
const URGENT_FLOWS_MAX = 256;

/** Tokens in one HopAck, fewer where the link is narrow; at the bound it goes at once. */
const ACK_TOKENS_MAX = 64;
const TOKEN_BYTES = 4;
/** Protobuf's tag and length before the tokens. */
const ACK_BODY_BYTES = 3;
/** Tokens said a second time, with the next acknowledgement: cheaper than a frame that is sent again for want of it. */
const ACK_AGAIN_MAX = 8;

/** A relay begins a moment after the frame has come. */
const RELAY_AIRTIMES = 1.1;

const PRIORITIES = [Priority.Critical, Priority.High, Priority.Medium, Priority.Low] as const;

export interface Offered {
  readonly taken: boolean;
  readonly dropped: ByPriority;
}

/** What leaves over one link: frames by priority, those to be sent again before the others, and acknowledgements owed. */
export class Lane {
  readonly link: Link;
  readonly arq: HopArq;
  /** Tokens of frames that arrived and were not acknowledged yet. */
  acks: number[] = [];
  ackDueAt: number | undefined;
  /** Nothing leaves before. */
  quietUntil = Number.NEGATIVE_INFINITY;
  /** What the last acknowledgement said, and when. */
  #acksSaid: readonly number[] = [];
  #acksSaidAt = Number.NEGATIVE_INFINITY;
  readonly #queues: Queues = [new FairQueue(), new FairQueue(), new FairQueue(), new FairQueue()];
  /** Bounded by what is in flight. */
  readonly #again: Again = [[], [], [], []];
  readonly #urgent = new Map<Flow['ingress'], TokenBucket>();
  /** Frames that are less urgent here than they say. */
  readonly #demoted = new WeakSet<Uint8Array>();
  #frames = 0;
  #bytes = 0;

  constructor(link: Link) {
    this.link = link;
    link.traffic.queued.fill(0);
    this.arq = new HopArq(link);
  }

  get queuedFrames(): number {
    return this.#frames;
  }

  /** What leaves before a further frame of this priority. */
  queuedBytes(priority: Priority): number {
    let bytes = 0;
    for (let urgent = 0; urgent <= priority; urgent++) bytes += this.#queues[urgent as Priority].bytes;
    return bytes;
  }

  /** Frames that wait, for their first time or to be sent again. */
  get hasWaiting(): boolean {
    return this.#frames > 0 || this.#again.some((frames) => frames.length > 0);
  }

  /** Nothing waits, nothing is in flight, no acknowledgement is owed. */
  get isIdle(): boolean {
    return this.arq.inFlight === 0 && this.acks.length === 0 && !this.hasWaiting;
  }

  /**
   * Queues the frames of one message, or none of them. Drops the newest of the lowest priority to make room; of its own
   * priority only what came over a link that has more waiting; never something more urgent. `dropped`: frames that
   * found no place or lost it, by priority.
   */
  offer(frames: readonly Uint8Array[], says: Priority, flow: Flow, now: number): Offered {
    let bytes = 0;
    for (const frame of frames) bytes += frame.length;
    const { length } = frames;
    const mayOvertake = says > Priority.High || this.#allowanceOf(flow.ingress).take(now, bytes);
    const priority = mayOvertake ? says : Priority.Medium;
    if (!mayOvertake) for (const frame of frames) this.#demoted.add(frame);
    const dropped: ByPriority = [0, 0, 0, 0];
    if (length > Limit.QueuedFramesPerLink || bytes > Limit.QueuedBytesPerLink) {
      dropped[priority] = length;
      return this.#offered(false, dropped);
    }
    for (let lowest = Priority.Low as number; lowest >= priority; lowest--) {
      const queue = this.#queues[lowest as Priority];
      const mayLose = (): boolean => (lowest > priority ? queue.length > 0 : queue.isExceededBy(flow.ingress, bytes));
      while (!this.#fits(length, bytes) && mayLose()) {
        this.#taken(queue.pop() as Uint8Array, lowest);
        (dropped[lowest] as number) += 1;
      }
    }
    if (!this.#fits(length, bytes)) {
      dropped[priority] += length;
      return this.#offered(false, dropped);
    }
    for (const frame of frames) this.#queues[priority].push(frame, flow);
    this.#frames += length;
    this.#bytes += bytes;
    this.link.traffic.queued[priority] += length;
    return this.#offered(true, dropped);
  }

  #offered(taken: boolean, dropped: ByPriority): Offered {
    for (const priority of PRIORITIES) this.link.traffic.dropped[priority] += dropped[priority];
    return { taken, dropped };
  }

  /** An acknowledgement that goes alone: once the air is left to that of what this node said last. */
  owesInWords(token: number, now: number): void {
    const { ackDelayMs, ackMs, frameMs } = linkTiming(this.link);
    const leftAt = Math.min(now + frameMs, this.link.carrier.pace.readyAt());
    this.acks.push(token);
    this.ackDueAt = Math.max(now, leftAt + 2 * ackDelayMs + ackMs);
  }

  /** Tokens that one acknowledgement holds. */
  get acksMost(): number {
    const room = this.link.mtuBytes - overheadBytes(0) - ACK_BODY_BYTES;
    return Math.max(1, Math.min(ACK_TOKENS_MAX, Math.floor(room / TOKEN_BYTES)));
  }

  /** What is to be acknowledged now, by frames; where the last of them may have been lost, what that said, too. */
  takeAcks(now: number): number[][] {
    const { link, acks, acksMost: most } = this;
    const isHeard = link.carrier.traits.reliable || now - this.#acksSaidAt > linkTiming(link).firstTimeoutMs;
    const again = isHeard ? [] : this.#acksSaid.slice(0, (most - (acks.length % most)) % most);
    const owed = [...acks, ...again];
    [this.#acksSaid, this.#acksSaidAt] = [acks.slice(-ACK_AGAIN_MAX), now];
    this.acks = [];
    this.ackDueAt = undefined;
    return Array.from({ length: Math.ceil(owed.length / most) }, (_, i) => owed.slice(i * most, (i + 1) * most));
  }

  /** From when on this frame may go. */
  readyAt(priority: Priority, frame: Uint8Array): number {
    return Math.max(this.quietUntil, readyAt(this.link.carrier, priority, frame));
  }

  /**
   * The neighbour has this frame. What it passes on over the same air those behind it say next, unheard here: they are not spoken over.
   * `isOverheard`: it has passed it on.
   */
  acknowledged(token: number, isOverheard: boolean, now: number): void {
    const { carrier, peer } = this.link;
    const frame = this.arq.acknowledged(token, now);
    if (!frame || !isSlowAir(carrier)) return;
    const { destination } = readHeader(frame);
    if (destination === undefined || destination === peer) return;
    const relayMs = airtimeMs(carrier.traits, frame.length) * RELAY_AIRTIMES + 2 * (carrier.traits.latencyMs ?? 0);
    this.quietUntil = Math.max(this.quietUntil, now + (isOverheard ? relayMs : 2 * relayMs));
  }

  /** A frame in flight that is to be sent again. */
  again(frame: Uint8Array): void {
    this.#again[this.#demoted.has(frame) ? Priority.Medium : readHeader(frame).priority].push(frame);
  }

  /** The frame of this priority that the window lets go now, if any. */
  next(priority: Priority): Uint8Array | undefined {
    const again = this.#again[priority];
    while (again[0] !== undefined && !this.arq.isAwaited(again[0])) again.shift();
    if (again[0]) return again[0];
    const frame = this.#queues[priority].peek();
    return frame && this.arq.hasRoom(priority, frame.length) ? frame : undefined;
  }

  /** Takes what `next` told of; `leavesAt` says when its last byte will have left. */
  take(priority: Priority, leavesAt: (frame: Uint8Array) => number): { frame: Uint8Array; isFirst: boolean } {
    const again = this.#again[priority].shift();
    if (again) {
      this.arq.sentAgain(again, leavesAt(again));
      return { frame: again, isFirst: false };
    }
    const frame = this.#queues[priority].shift() as Uint8Array;
    this.#taken(frame, priority);
    this.arq.sent(frame, leavesAt(frame));
    return { frame, isFirst: true };
  }

  /** It goes another way. */
  drop(frame: Uint8Array): void {
    this.arq.drop(frame);
    for (const priority of PRIORITIES) if (this.#queues[priority].remove(frame)) return this.#taken(frame, priority);
  }

  /** All it still carries, most urgent first. */
  leftovers(): Uint8Array[] {
    return [...this.arq.unacknowledged(), ...this.#queues.flatMap((queue) => queue.all())];
  }

  #allowanceOf(ingress: Flow['ingress']): TokenBucket {
    let allowance = this.#urgent.get(ingress);
    if (!allowance) {
      const bytesPerSecond = (capacityOf(this.link.carrier.traits) / 8) * URGENT_SHARE;
      const saved = Math.max(URGENT_SAVED_BYTES_MIN, (bytesPerSecond * URGENT_SAVED_MS) / 1_000);
      allowance = new TokenBucket(bytesPerSecond, saved);
      this.#urgent.set(ingress, allowance);
      if (this.#urgent.size > URGENT_FLOWS_MAX) this.#urgent.delete(this.#urgent.keys().next().value as number);
    }
    return allowance;
  }

  #taken(frame: Uint8Array, priority: number): void {
    this.#frames--;
    (this.link.traffic.queued[priority] as number) -= 1;
    this.#bytes -= frame.length;
  }

  #fits(frames: number, bytes: number): boolean {
    return this.#frames + frames <= Limit.QueuedFramesPerLink && this.#bytes + bytes <= Limit.QueuedBytesPerLink;
  }
}
