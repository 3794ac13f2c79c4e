import type { Instant } from '../core/machine.js';
import { Priority } from '../wire/frame-types.js';

/** Frames for all in earshot that wait for one transmitter; beyond, the newest of the lowest priority goes. */
export const OPEN_QUEUE_MAX = 256;

/** A frame for all in earshot. */
export interface OpenFrame {
  readonly priority: Priority;
  /** When its turn has come: the frame as it is to be by then, or `undefined` when nobody needs it any more. */
  take(now: Instant): Uint8Array | undefined;
  /** It was handed over, and its last byte leaves then. */
  left?(at: number): void;
}

/** What one transmitter says to all in earshot, by priority: once, without acknowledgement. */
export class OpenQueue {
  readonly #queues: [OpenFrame[], OpenFrame[], OpenFrame[], OpenFrame[]] = [[], [], [], []];
  /** Handed over last: the radio may still refuse it. */
  #last: { readonly frame: Uint8Array; readonly priority: Priority } | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Frames that found no place or lost it. */
  offer(open: OpenFrame): number {
    this.#queues[open.priority].push(open);
    this.#size++;
    if (this.#size <= OPEN_QUEUE_MAX) return 0;
    for (let lowest = Priority.Low as number; lowest >= 0; lowest--) {
      if (this.#queues[lowest as Priority].pop() === undefined) continue;
      this.#size--;
      return 1;
    }
    return 0;
  }

  mayGo(priority: Priority): boolean {
    return this.#queues[priority].length > 0;
  }

  /** The next frame of this priority that is still wanted. */
  next(priority: Priority, now: Instant): { readonly frame: Uint8Array; readonly open: OpenFrame } | undefined {
    const queue = this.#queues[priority];
    for (let open = queue.shift(); open; open = queue.shift()) {
      this.#size--;
      const frame = open.take(now);
      if (!frame) continue;
      this.#last = { frame, priority };
      return { frame, open };
    }
    return undefined;
  }

  /** The radio had no room for it: it goes first once there is some. False when it is not known here. */
  returned(frame: Uint8Array): boolean {
    const last = this.#last;
    if (last?.frame !== frame) return false;
    this.#last = undefined;
    this.#queues[last.priority].unshift({ priority: last.priority, take: () => frame });
    this.#size++;
    return true;
  }
}
