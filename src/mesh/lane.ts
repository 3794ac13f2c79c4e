import { Limit } from '../core/limits.js';
import { TokenBucket } from '../core/token-bucket.js';
import { Priority } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { capacityOf } from './carrier.js';
import { FairQueue, type Flow } from './fair-queue.js';
import { HopArq } from './hop-arq.js';
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
  /** What the last acknowledgement said, and when: said again with the next, because it may have been lost. */
  acksSaid: readonly number[] = [];
  acksSaidAt = Number.NEGATIVE_INFINITY;
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
