import { Limit } from '../core/limits.js';
import { Priority } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { HopArq } from './hop-arq.js';
import type { Link } from './links.js';

type Queues = [Uint8Array[], Uint8Array[], Uint8Array[], Uint8Array[]];

/** What leaves over one link: frames by priority, those to be sent again before the others, and acknowledgements owed. */
export class Lane {
  readonly link: Link;
  readonly arq: HopArq;
  /** Tokens of frames that arrived and were not acknowledged yet. */
  acks: number[] = [];
  ackDueAt: number | undefined;
  readonly #queues: Queues = [[], [], [], []];
  /** Bounded by what is in flight. */
  readonly #again: Queues = [[], [], [], []];
  #frames = 0;
  #bytes = 0;

  constructor(link: Link) {
    this.link = link;
    this.arq = new HopArq(link);
  }

  get queuedFrames(): number {
    return this.#frames;
  }

  /**
   * Queues the frames of one message, or none of them. Drops the newest of the lowest priority to make room, never
   * something at least as urgent. `dropped`: frames that found no place or lost it.
   */
  offer(frames: readonly Uint8Array[], priority: Priority): { taken: boolean; dropped: number } {
    let bytes = 0;
    for (const frame of frames) bytes += frame.length;
    const { length } = frames;
    if (length > Limit.QueuedFramesPerLink || bytes > Limit.QueuedBytesPerLink)
      return { taken: false, dropped: length };
    let dropped = 0;
    for (let lowest = Priority.Low as number; lowest > priority; lowest--) {
      const queue = this.#queues[lowest as Priority];
      while (!this.#fits(length, bytes) && queue.length > 0) {
        this.#taken(queue.pop() as Uint8Array);
        dropped++;
      }
    }
    if (!this.#fits(length, bytes)) return { taken: false, dropped: dropped + length };
    for (const frame of frames) this.#queues[priority].push(frame);
    this.#frames += length;
    this.#bytes += bytes;
    return { taken: true, dropped };
  }

  /** A frame in flight that is to be sent again. */
  again(frame: Uint8Array): void {
    this.#again[readHeader(frame).priority].push(frame);
  }

  /** Whether something of this priority may go now. */
  mayGo(priority: Priority): boolean {
    const again = this.#again[priority];
    while (again[0] !== undefined && !this.arq.isAwaited(again[0])) again.shift();
    if (again.length > 0) return true;
    const frame = this.#queues[priority][0];
    return frame !== undefined && this.arq.hasRoom(priority, frame.length);
  }

  /** Takes what `mayGo` told of; `leavesAt` says when its last byte will have left. */
  take(priority: Priority, leavesAt: (frame: Uint8Array) => number): { frame: Uint8Array; isFirst: boolean } {
    const again = this.#again[priority].shift();
    if (again) {
      this.arq.sentAgain(again, leavesAt(again));
      return { frame: again, isFirst: false };
    }
    const frame = this.#queues[priority].shift() as Uint8Array;
    this.#taken(frame);
    this.arq.sent(frame, leavesAt(frame));
    return { frame, isFirst: true };
  }

  /** All it still carries, most urgent first. */
  leftovers(): Uint8Array[] {
    return [...this.arq.unacknowledged(), ...this.#queues.flat()];
  }

  #taken(frame: Uint8Array): void {
    this.#frames--;
    this.#bytes -= frame.length;
  }

  #fits(frames: number, bytes: number): boolean {
    return this.#frames + frames <= Limit.QueuedFramesPerLink && this.#bytes + bytes <= Limit.QueuedBytesPerLink;
  }
}
