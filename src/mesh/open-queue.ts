import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Priority } from '../wire/frame-types.js';
import { FairQueue, type Flow, OWN_INGRESS } from './fair-queue.js';

/** Frames for all in earshot that wait for one transmitter; beyond, the newest of the lowest priority goes, of whoever has most waiting. */
export const OPEN_QUEUE_MAX = 256;
/** What a frame counts as that does not say how long it will be. */
const USUAL_BYTES = 64;

/** A frame for all in earshot. */
export interface OpenFrame {
  readonly priority: Priority;
  /** About how long it will be: so much of its flow's turn it takes. */
  readonly bytes?: number;
  /** Who made this node say it; default: nobody but itself. */
  readonly flow?: Flow;
  /** When its turn has come: the frame as it is to be by then, or `undefined` when nobody needs it any more. */
  take(now: Instant): Uint8Array | undefined;
  /** It was handed over, and its last byte leaves then. */
  left?(at: number): void;
  /** It found no place, or lost it: its turn never comes. */
  lost?(): void;
}

interface Entry {
  readonly length: number;
  readonly open: OpenFrame;
}

type Queues = readonly [FairQueue<Entry>, FairQueue<Entry>, FairQueue<Entry>, FairQueue<Entry>];

const OWN_FLOW: Flow = { ingress: OWN_INGRESS, origin: '' as NodeId };

/**
 * What one transmitter says to all in earshot, by priority: once, without acknowledgement. Of equal priority those who made
 * this node speak take turns by bytes: the neighbours that transmitted, and within each the authors.
 */
export class OpenQueue {
  readonly #queues: Queues = [new FairQueue(), new FairQueue(), new FairQueue(), new FairQueue()];
  /** Handed over last: the radio may still refuse it. */
  #last: { readonly frame: Uint8Array; readonly priority: Priority } | undefined;
  /** The one that was refused: it goes first. */
  #returned: { readonly frame: Uint8Array; readonly priority: Priority } | undefined;
  #size = 0;

  get size(): number {
    return this.#size + (this.#returned ? 1 : 0);
  }

  /** Frames that found no place or lost it. */
  offer(open: OpenFrame): number {
    const { bytes = USUAL_BYTES, flow = OWN_FLOW } = open;
    this.#queues[open.priority].push({ length: bytes, open }, flow);
    this.#size++;
    if (this.#size <= OPEN_QUEUE_MAX) return 0;
    for (let lowest = Priority.Low as number; lowest >= 0; lowest--) {
      const lost = this.#queues[lowest as Priority].pop();
      if (!lost) continue;
      this.#size--;
      lost.open.lost?.();
      return 1;
    }
    return 0;
  }

  mayGo(priority: Priority): boolean {
    return this.#returned?.priority === priority || this.#queues[priority].length > 0;
  }

  /** The next frame of this priority that is still wanted. */
  next(priority: Priority, now: Instant): { readonly frame: Uint8Array; readonly open: OpenFrame } | undefined {
    const again = this.#returned;
    if (again?.priority === priority) {
      this.#returned = undefined;
      this.#last = again;
      return { frame: again.frame, open: { priority, take: () => again.frame } };
    }
    const queue = this.#queues[priority];
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      this.#size--;
      const { open } = entry;
      const frame = open.take(now);
      if (!frame) continue;
      this.#last = { frame, priority };
      return { frame, open };
    }
    return undefined;
  }

  /** The radio had no room for it: it goes first once there is some. False when it is not known here. */
  returned(frame: Uint8Array): boolean {
    if (this.#last?.frame !== frame) return false;
    this.#returned = this.#last;
    this.#last = undefined;
    return true;
  }
}
