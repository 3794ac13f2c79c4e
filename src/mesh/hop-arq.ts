import { equalBytes } from '../core/bytes.js';
import { Limit } from '../core/limits.js';
import { relayCopy, tokenOf } from '../wire/frame.js';
import { Priority } from '../wire/frame-types.js';
import { attemptOf, isWholeAwaited, messageOf } from './answers.js';
import { type LinkTiming, linkTiming } from './link-timing.js';
import type { Link } from './links.js';
import { Window } from './window.js';

/** Transmissions of one frame over one hop before it is given up. */
const MAX_TRIES = 8;
/** Unanswered transmissions of one frame after which the neighbour is looked at. */
const SUSPICIOUS_TRIES = 4;
/** … and after which, when nothing at all was acknowledged meanwhile, frames take another way where there is one. */
const STALLED_TRIES = 3;
/** Doublings of the timeout that outlive a frame. */
const BACKOFF_MAX = 16;

interface InFlight {
  readonly frame: Uint8Array;
  readonly firstAt: number;
  /** When its last byte left, or will have. */
  leftAt: number;
  tries: number;
  /** `undefined` while it waits to be sent again. */
  dueAt: number | undefined;
}

interface Due {
  /** To be sent again, each followed by `sentAgain`. */
  readonly again: readonly Uint8Array[];
  readonly failed: readonly Uint8Array[];
  readonly suspicious: boolean;
  readonly stalled: boolean;
}

const NOTHING_DUE: Due = { again: [], failed: [], suspicious: false, stalled: false };

/**
 * Selective-repeat acknowledgement over one hop: the timer after RFC 6298, within bounds that follow from the carrier
 * and counted from when a frame has left; a window of bytes. A frame is named by the first four bytes of its tag.
 */
export class HopArq {
  readonly window: Window;
  readonly #link: Link;
  readonly #timing: LinkTiming;
  readonly #inFlight = new Map<number, InFlight>();
  #inFlightBytes = 0;
  #smoothedMs: number | undefined;
  #varianceMs = 0;
  #backoff = 1;
  #acknowledgedAt = Number.NEGATIVE_INFINITY;
  #backedOffAt = Number.NEGATIVE_INFINITY;
  /** The earliest of all, while nothing has changed. */
  #deadline: number | undefined;
  #changed = false;

  constructor(link: Link) {
    this.#link = link;
    this.#timing = linkTiming(link);
    this.window = new Window(link);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  hasRoom(priority: Priority, bytes: number): boolean {
    if (this.#inFlight.size >= Limit.InFlightPerLink) return false;
    return this.window.hasRoom(this.#inFlightBytes, bytes, priority <= Priority.High);
  }

  /** `leftAt`: when its last byte will have left. */
  sent(frame: Uint8Array, leftAt: number): void {
    this.#changed = true;
    this.#inFlight.set(tokenOf(frame), {
      frame,
      firstAt: leftAt,
      leftAt,
      tries: 1,
      dueAt: leftAt + this.#timeoutMs(1),
    });
    this.#inFlightBytes += frame.length;
  }

  sentAgain(frame: Uint8Array, leftAt: number): void {
    const entry = this.#inFlight.get(tokenOf(frame));
    if (!entry) return;
    this.#changed = true;
    entry.leftAt = leftAt;
    entry.dueAt = leftAt + this.#timeoutMs(entry.tries);
  }

  /** Whether it is still to be sent again: an acknowledgement may have come meanwhile. */
  isAwaited(frame: Uint8Array): boolean {
    const entry = this.#inFlight.get(tokenOf(frame));
    return entry !== undefined && entry.dueAt === undefined;
  }

  /** The radio had no room for it. True when it is to be sent again; it never went, so that counts for nothing. */
  returned(frame: Uint8Array): boolean {
    const entry = this.#inFlight.get(tokenOf(frame));
    if (entry?.dueAt === undefined) return false;
    this.#changed = true;
    entry.dueAt = undefined;
    return true;
  }

  /** The frame that is in flight no more. */
  acknowledged(token: number, now: number): Uint8Array | undefined {
    const entry = this.#inFlight.get(token);
    if (!entry) return undefined;
    const before = this.#inFlightBytes;
    this.#forget(token, entry);
    this.#acknowledgedAt = now;
    this.#link.stalled = false;
    // Karn's rule: a retransmitted frame's acknowledgement says nothing about the round trip.
    const roundTripMs = entry.tries === 1 ? Math.max(0, now - entry.leftAt) : undefined;
    if (roundTripMs !== undefined) this.#sample(roundTripMs);
    this.#link.quality = this.#link.quality * 0.95 + (1 / entry.tries) * 0.05;
    this.window.acknowledged(entry.frame.length, before, roundTripMs, now);
    return entry.frame;
  }

  /** What must be sent again, what is given up, and whether the neighbour seems to be gone. */
  due(now: number): Due {
    if (this.#inFlight.size === 0 || now < (this.nextDeadline() ?? Number.POSITIVE_INFINITY)) return NOTHING_DUE;
    const again: Uint8Array[] = [];
    const failed: Uint8Array[] = [];
    let [suspicious, stalled] = [false, false];
    for (const [token, entry] of this.#inFlight) {
      if (entry.dueAt === undefined || now < entry.dueAt) continue;
      this.#changed = true;
      this.#late(now);
      if (entry.tries >= MAX_TRIES) {
        this.#forget(token, entry);
        this.#link.quality *= 0.9;
        failed.push(entry.frame);
        continue;
      }
      entry.tries++;
      entry.dueAt = undefined;
      if (entry.tries > SUSPICIOUS_TRIES) suspicious = true;
      if (entry.tries > STALLED_TRIES && this.#acknowledgedAt < entry.firstAt) stalled = true;
      again.push(entry.frame);
    }
    return { again, failed, suspicious, stalled };
  }

  nextDeadline(): number | undefined {
    if (!this.#changed) return this.#deadline;
    this.#changed = false;
    let earliest: number | undefined;
    for (const { dueAt } of this.#inFlight.values())
      if (dueAt !== undefined && (earliest === undefined || dueAt < earliest)) earliest = dueAt;
    this.#deadline = earliest;
    return earliest;
  }

  /** It goes another way: nothing more is expected of it here. */
  drop(frame: Uint8Array): void {
    const token = tokenOf(frame);
    const entry = this.#inFlight.get(token);
    if (entry) this.#forget(token, entry);
  }

  /** The neighbour was overheard saying this: the frame that it acknowledges if it is the very copy it was to pass on, tag and all. */
  overheard(relayed: Uint8Array, tagKey: Uint8Array): number | undefined {
    for (const [token, { frame }] of this.#inFlight)
      if (frame.length === relayed.length && equalBytes(relayCopy(frame, tagKey), relayed)) return token;
    return undefined;
  }

  /** The frame of the message that this acknowledges from end to end. */
  answered(ack: Uint8Array): number | undefined {
    const id = this.#inFlight.size > 0 ? messageOf(ack) : undefined;
    if (id === undefined) return undefined;
    for (const [token, { frame }] of this.#inFlight) if (isWholeAwaited(frame) && attemptOf(frame) === id) return token;
    return undefined;
  }

  unacknowledged(): Uint8Array[] {
    return [...this.#inFlight.values()].map((entry) => entry.frame);
  }

  #forget(token: number, { frame }: InFlight): void {
    this.#changed = true;
    this.#inFlight.delete(token);
    this.#inFlightBytes -= frame.length;
  }

  /** Doubled by each try, and at first by what late frames before this one taught. */
  #timeoutMs(tries: number): number {
    const { minTimeoutMs, maxTimeoutMs } = this.#timing;
    const once = Math.max(minTimeoutMs, this.#roundTripMs);
    return Math.min(maxTimeoutMs, once * Math.max(this.#backoff, 2 ** (tries - 1)));
  }

  get #roundTripMs(): number {
    if (this.#smoothedMs === undefined) return this.#timing.firstTimeoutMs;
    return this.#smoothedMs + 4 * this.#varianceMs + 10;
  }

  #sample(ms: number): void {
    this.#backoff = 1;
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms;
      this.#varianceMs = ms / 2;
    } else {
      this.#varianceMs = 0.75 * this.#varianceMs + 0.25 * Math.abs(this.#smoothedMs - ms);
      this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms;
    }
  }

  /**
   * The doubled timeout holds for frames to come until one of them is timed (RFC 6298, 5.5): were each to begin with
   * the old one, a carrier slower than it would have every frame sent twice, and none would ever be timed.
   */
  #late(now: number): void {
    const roundTripMs = Math.max(this.#timing.minTimeoutMs, this.#smoothedMs ?? this.#timing.firstTimeoutMs);
    this.window.lost(roundTripMs, now);
    if (now - this.#backedOffAt < roundTripMs) return;
    this.#backedOffAt = now;
    this.#backoff = Math.min(BACKOFF_MAX, this.#backoff * 2);
  }
}
