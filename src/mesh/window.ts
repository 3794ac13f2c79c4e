import { Limit } from '../core/limits.js';
import { airtimeMs, capacityOf, isSlowAir } from './carrier.js';
import type { Link } from './links.js';

const START_FRAMES = 28;
const MIN_FRAMES = 4;
/** Two frames keep a slow line busy: one on its way, one whose acknowledgement is. */
const PACED_MIN_FRAMES = 2;
/** A slow carrier begins with what it sends in this time, and never has more under way than in the other. */
const PACED_START_MS = 150;
const PACED_MAX_MS = 2_000;
/** On top of the window, for critical and high frames. */
const URGENT_FRAMES = 4;
/** Longer than the best round trip by this much, and frames wait in a queue somewhere below. */
const QUEUE_MS = 50;
const QUEUE_FRAMES = 2;
const QUEUE_CUT = 0.75;
/** The best round trip is that of the last one to two of these. */
const BEST_MS = 60_000;

/**
 * Bytes that may be under way on a link: grows by a frame each time it was used up and acknowledged, halves at a loss
 * (RFC 5681). On slow carriers it also shrinks when frames begin to queue beneath the engine (after RFC 6817), because
 * there an urgent one cannot overtake them: a carrier slower than it says is found out this way.
 */
export class Window {
  readonly #frameBytes: number;
  readonly #min: number;
  readonly #max: number;
  readonly #paced: boolean;
  /** One at a time: who follows at once meets the relay of the one before where it is to be heard. */
  readonly #single: boolean;
  readonly #queueMs: number;
  #bytes: number;
  #lastCutAt = Number.NEGATIVE_INFINITY;
  #best = Number.POSITIVE_INFINITY;
  #bestBefore = Number.POSITIVE_INFINITY;
  #bestSince = 0;

  constructor({ carrier, mtuBytes }: Pick<Link, 'carrier' | 'mtuBytes'>) {
    const bytesIn = (ms: number): number => (capacityOf(carrier.traits) * ms) / 8_000;
    this.#paced = carrier.pace.isPaced;
    this.#single = isSlowAir(carrier) && carrier.traits.overhears === true;
    this.#frameBytes = mtuBytes;
    this.#min = mtuBytes * (this.#paced ? PACED_MIN_FRAMES : MIN_FRAMES);
    const most = mtuBytes * Limit.InFlightPerLink;
    this.#max = this.#paced ? Math.min(most, Math.max(2 * this.#min, bytesIn(PACED_MAX_MS))) : most;
    const start = mtuBytes * START_FRAMES;
    this.#bytes = this.#paced ? Math.min(start, Math.max(this.#min, bytesIn(PACED_START_MS))) : start;
    this.#queueMs = QUEUE_MS + QUEUE_FRAMES * airtimeMs(carrier.traits, mtuBytes);
  }

  get bytes(): number {
    return Math.floor(this.#bytes);
  }

  hasRoom(inFlightBytes: number, bytes: number, urgent: boolean): boolean {
    if (this.#single && !urgent) return inFlightBytes === 0;
    const room = this.#bytes + (urgent ? URGENT_FRAMES * this.#frameBytes : 0);
    return inFlightBytes === 0 || inFlightBytes + bytes <= room;
  }

  /** A frame was acknowledged while so many bytes, itself included, were under way. `roundTripMs` when it was timed. */
  acknowledged(bytes: number, inFlightBytes: number, roundTripMs: number | undefined, now: number): void {
    if (this.#paced && roundTripMs !== undefined) {
      this.#remember(roundTripMs, now);
      const waited = roundTripMs - Math.min(this.#best, this.#bestBefore);
      if (waited > this.#queueMs) {
        this.#cut(QUEUE_CUT, Math.max(roundTripMs, this.#queueMs), now);
        return;
      }
      if (waited > this.#queueMs / 2) return;
    }
    // What was not used up proves nothing.
    if (inFlightBytes < this.#bytes / 2) return;
    this.#bytes = Math.min(this.#max, this.#bytes + (this.#frameBytes * bytes) / this.#bytes);
  }

  /** A frame was not acknowledged in time. One loss event, one cut: at most one in `roundTripMs`. */
  lost(roundTripMs: number, now: number): void {
    this.#cut(0.5, roundTripMs, now);
  }

  #cut(factor: number, roundTripMs: number, now: number): void {
    if (now - this.#lastCutAt < roundTripMs) return;
    this.#lastCutAt = now;
    this.#bytes = Math.max(this.#min, this.#bytes * factor);
  }

  #remember(roundTripMs: number, now: number): void {
    if (now - this.#bestSince >= BEST_MS) {
      this.#bestBefore = this.#best;
      this.#best = Number.POSITIVE_INFINITY;
      this.#bestSince = now;
    }
    this.#best = Math.min(this.#best, roundTripMs);
  }
}
