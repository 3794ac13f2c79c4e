import type { Clock, Timer } from '../../ports/clock.js';
import { type Flight, Flights, type FrameFlight, type Notice } from './flights.js';
import { carries, type Edge, type Place } from './place.js';

/** Frames in one `heard`. */
const MAX_BATCH = 256;
/** Sums of fractions of a millisecond may miss the mark by less than this. */
const INSTANT_MS = 1e-6;

/** Brings everything on its way to its end, with one timer for the whole air. */
export class Delivery {
  readonly #clock: Clock;
  readonly #flights = new Flights();
  #order = 0;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #arriving = false;
  delivered = 0;
  corrupted = 0;
  /** Could not arrive any more: cut, failed or closed on the way. */
  lost = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#flights.size;
  }

  /** Bounded by its callers: frames by `MAX_IN_FLIGHT` a place, notices by the links there are. */
  add(flight: Flight): void {
    this.#flights.add({ flight, at: flight.at, order: this.#order++ });
    this.#arm();
  }

  /** The timer stands at the earliest arrival. */
  #arm(): void {
    const at = this.#flights.first?.at;
    if (at === undefined || at >= this.#timerAt || this.#arriving) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.timer('memory.air', Math.max(0, at - this.#clock.now()), () => this.#arrive());
  }

  #arrive(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#arriving = true;
    try {
      this.#deliverDue();
    } finally {
      this.#arriving = false;
      this.#arm();
    }
  }

  #deliverDue(): void {
    const due = this.#clock.now() + INSTANT_MS;
    // Only what was on its way already: an answer given in this instant waits for the next timer.
    const last = this.#order;
    const heard: Place[] = [];
    for (let first = this.#flights.first; first !== undefined; first = this.#flights.first) {
      if (first.at > due || first.order >= last) break;
      this.#flights.takeFirst();
      const { flight } = first;
      if (flight.notice !== undefined) this.#notify(flight.edge, flight.notice);
      else if (this.#land(flight)) heard.push(flight.edge.to);
    }
    // One that heard several comes up again with nothing left.
    for (const place of heard) this.#flush(place);
  }

  #land({ edge, flippedBit, epoch, bytes: sent, isShared }: FrameFlight): boolean {
    const { to, from } = edge;
    to.inFlight -= 1;
    if (!carries(edge) || epoch !== edge.epoch) {
      this.lost += 1;
      return false;
    }
    const bytes = isShared ? sent.slice() : sent;
    if (flippedBit >= 0) {
      bytes[flippedBit >> 3] = (bytes[flippedBit >> 3] as number) ^ (1 << (flippedBit & 7));
      this.corrupted += 1;
    }
    this.delivered += 1;
    to.inbox.push({ from: from.name, bytes });
    if (to.inbox.length >= MAX_BATCH) this.#flush(to);
    return true;
  }

  #notify(edge: Edge, notice: Notice): void {
    // What came over the link before stays before.
    this.#flush(edge.from);
    notice.radio.linkChanged(edge.to.name, notice.mtuBytes, notice.reason);
  }

  #flush(place: Place): void {
    const frames = place.inbox;
    if (frames.length === 0) return;
    place.inbox = [];
    place.radio?.deliver(frames);
  }
}
