import { Limit } from '../core/limits.js';
import { tokenOf } from '../wire/frame.js';
import { Priority } from '../wire/frame-types.js';
import type { Link } from './links.js';

/** Transmissions of one frame over one hop before it is given up. */
const MAX_TRIES = 8;
/** Unanswered transmissions of one frame after which the neighbour is looked at. */
const SUSPICIOUS_TRIES = 4;
const RTO_MIN_MS = 40;
const RTO_MAX_MS = 1_500;
/** Before the first round trip is known. */
const RTO_START_MS = 150;
const WINDOW_START = 32;
const WINDOW_MIN = 4;
/** Part of the window that lower priorities leave to critical and high frames. */
const URGENT_RESERVE = 4;

interface InFlight {
  readonly frame: Uint8Array;
  readonly firstSentAt: number;
  sentAt: number;
  tries: number;
  timeoutMs: number;
}

export interface Due {
  readonly again: readonly Uint8Array[];
  readonly failed: readonly Uint8Array[];
  readonly suspicious: boolean;
}

const NOTHING_DUE: Due = { again: [], failed: [], suspicious: false };

/**
 * Selective-repeat acknowledgement over one hop, after RFC 6298 for the timer and AIMD (RFC 5681) for the window.
 * A frame is named by the first four bytes of its tag.
 */
export class HopArq {
  readonly #link: Link;
  readonly #inFlight = new Map<number, InFlight>();
  #smoothedMs: number | undefined;
  #varianceMs = 0;
  #window = WINDOW_START;
  #lastCutAt = Number.NEGATIVE_INFINITY;

  constructor(link: Link) {
    this.#link = link;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get window(): number {
    return Math.floor(this.#window);
  }

  hasRoom(priority: Priority): boolean {
    const reserve = priority <= Priority.High ? 0 : Math.min(URGENT_RESERVE, this.window - 1);
    return this.#inFlight.size < this.window - reserve;
  }

  sent(frame: Uint8Array, now: number): void {
    this.#inFlight.set(tokenOf(frame), {
      frame,
      firstSentAt: now,
      sentAt: now,
      tries: 1,
      timeoutMs: this.#timeoutMs(),
    });
  }

  acknowledged(token: number, now: number): void {
    const entry = this.#inFlight.get(token);
    if (!entry) return;
    this.#inFlight.delete(token);
    // Karn's rule: a retransmitted frame's acknowledgement says nothing about the round trip.
    if (entry.tries === 1) this.#sample(now - entry.sentAt);
    this.#link.quality = this.#link.quality * 0.95 + (1 / entry.tries) * 0.05;
    this.#window = Math.min(Limit.InFlightPerLink, this.#window + 1 / this.#window);
  }

  /** What must be sent again, what is given up, and whether the neighbour seems to be gone. */
  due(now: number): Due {
    if (this.#inFlight.size === 0) return NOTHING_DUE;
    const again: Uint8Array[] = [];
    const failed: Uint8Array[] = [];
    let suspicious = false;
    for (const [token, entry] of this.#inFlight) {
      if (now < entry.sentAt + entry.timeoutMs) continue;
      this.#cutWindow(now);
      if (entry.tries >= MAX_TRIES) {
        this.#inFlight.delete(token);
        this.#link.quality *= 0.9;
        failed.push(entry.frame);
        continue;
      }
      entry.tries++;
      entry.sentAt = now;
      entry.timeoutMs = Math.min(RTO_MAX_MS, entry.timeoutMs * 2);
      if (entry.tries > SUSPICIOUS_TRIES) suspicious = true;
      again.push(entry.frame);
    }
    return { again, failed, suspicious };
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const entry of this.#inFlight.values()) {
      const at = entry.sentAt + entry.timeoutMs;
      if (earliest === undefined || at < earliest) earliest = at;
    }
    return earliest;
  }

  unacknowledged(): Uint8Array[] {
    return [...this.#inFlight.values()].map((entry) => entry.frame);
  }

  #timeoutMs(): number {
    if (this.#smoothedMs === undefined) return RTO_START_MS;
    return Math.min(RTO_MAX_MS, Math.max(RTO_MIN_MS, this.#smoothedMs + 4 * this.#varianceMs + 10));
  }

  #sample(ms: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms;
      this.#varianceMs = ms / 2;
    } else {
      this.#varianceMs = 0.75 * this.#varianceMs + 0.25 * Math.abs(this.#smoothedMs - ms);
      this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms;
    }
  }

  /** Halves the window at most once a round trip: one loss event, one cut. */
  #cutWindow(now: number): void {
    if (now - this.#lastCutAt < Math.max(RTO_MIN_MS, this.#smoothedMs ?? RTO_START_MS)) return;
    this.#lastCutAt = now;
    this.#window = Math.max(WINDOW_MIN, this.#window / 2);
  }
}
