import type { Clock, Timer } from '../ports/clock.js';

/** Unix milliseconds at which every simulated world begins. */
export const SIM_EPOCH_MS = 1_800_000_000_000;

/** The timers that will still run. */
interface Live {
  count: number;
}

class Entry implements Timer {
  readonly at: number;
  /** Of two due together the one set first runs first. */
  readonly order: number;
  readonly name: string;
  /** `undefined` once cancelled or run. */
  fn: (() => void) | undefined;
  readonly #live: Live;

  constructor(at: number, order: number, name: string, fn: () => void, live: Live) {
    this.at = at;
    this.order = order;
    this.name = name;
    this.fn = fn;
    this.#live = live;
    live.count++;
  }

  cancel(): void {
    if (!this.fn) return;
    this.fn = undefined;
    this.#live.count--;
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Virtual time: it stands still until told, and then jumps from timer to timer. Timers due together run in the order they were set. */
export class SimClock implements Clock {
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;
  readonly #live: Live = { count: 0 };

  now(): number {
    return this.#now;
  }

  wall(): number {
    return SIM_EPOCH_MS + this.#now;
  }

  /** A delay that is no number, or negative, counts as 0. */
  timer(name: string, delayMs: number, fn: () => void): Timer {
    const delay = Math.max(0, delayMs || 0);
    const entry = new Entry(this.#now + delay, this.#order++, name, fn, this.#live);
    this.#push(entry);
    return entry;
  }

  /** Timers that will still run. */
  get pending(): number {
    return this.#live.count;
  }

  /** Names of the timers that will still run, to see who leaks. */
  names(): readonly string[] {
    return this.#heap.filter((entry) => entry.fn).map((entry) => entry.name);
  }

  /** When the next timer is due. */
  next(): number | undefined {
    this.#discardCancelled();
    return this.#heap[0]?.at;
  }

  /** Runs the next timer if it is due by `untilMs`; false, and time at `untilMs`, when none is. */
  step(untilMs: number): boolean {
    this.#discardCancelled();
    const entry = this.#heap[0];
    if (!entry || entry.at > untilMs) {
      this.#now = Math.max(this.#now, untilMs);
      return false;
    }
    this.#pop();
    this.#now = Math.max(this.#now, entry.at);
    const { fn } = entry;
    entry.cancel();
    fn?.();
    return true;
  }

  /** Runs everything due within the next `ms`, what is set on the way included. */
  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.step(until));
  }

  #discardCancelled(): void {
    while (this.#heap[0] && !this.#heap[0].fn) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!before(entry, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = last;
  }
}
