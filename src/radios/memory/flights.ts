import type { MemoryRadio } from './memory-radio.js';
import type { Edge } from './place.js';

/** A link came up or went down. */
export interface Notice {
  readonly radio: MemoryRadio;
  readonly mtuBytes: number;
  /** Why it went down, `undefined` when it came up. */
  readonly reason: string | undefined;
}

/** A frame or a notice on its way. */
export type Flight = FrameFlight | NoticeFlight;

interface AnyFlight {
  /** Arrival, monotonic ms. */
  readonly at: number;
  readonly edge: Edge;
}

export interface FrameFlight extends AnyFlight {
  /** Shared by all receivers of a broadcast, and copied on arrival unless it is for one alone. */
  readonly bytes: Uint8Array;
  readonly isShared: boolean;
  /** The bit that flips on the way, -1 for none. */
  readonly flippedBit: number;
  /** The edge's when it left: what left over one link does not arrive over the next. */
  readonly epoch: number;
  readonly notice: undefined;
}

interface NoticeFlight extends AnyFlight {
  readonly bytes: undefined;
  readonly notice: Notice;
}

export interface Queued {
  readonly flight: Flight;
  /** Of the flight: kept here, as the heap compares it again and again. */
  readonly at: number;
  /** Of two arriving together the one that left first is first. */
  readonly order: number;
}

const before = (a: Queued, b: Queued): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap, the earliest first. */
export class Flights {
  readonly #heap: Queued[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get first(): Queued | undefined {
    return this.#heap[0];
  }

  add(flight: Queued): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(flight);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Queued;
      if (!before(flight, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = flight;
  }

  takeFirst(): Queued | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Queued, heap[child] as Queued)) child += 1;
      if (!before(heap[child] as Queued, last)) break;
      heap[i] = heap[child] as Queued;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
