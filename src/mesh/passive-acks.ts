import { tokenOf } from '../wire/frame.js';
import { attemptOf, isWholeAwaited, messageOf } from './answers.js';
import { airtimeMs, isSlowAir } from './carrier.js';
import type { Lane } from './lane.js';
import { linkTiming } from './link-timing.js';
import type { Link } from './links.js';

/** Frames whose relay is to be their acknowledgement; beyond, the one that waits longest is acknowledged at once. */
export const PASSIVE_MAX = 256;
/** Of those that left, so many tokens are remembered for each link: one that comes again was not overheard. */
const LEFT_MAX = 32;
/** So many that were not overheard, the older ones less and less, and a link is told in words again, for so long. */
const MISSED_MOST = 2;
const MISSED_FADES = 0.8;
const WORDS_MS = 600_000;

export interface OwedAck {
  readonly link: Link;
  /** Of the frame as it came. */
  readonly token: number;
  readonly dueAt: number;
}

const NONE: readonly OwedAck[] = [];

interface Overhearing {
  /** Tokens of frames that came and whose relays have left. */
  readonly left: number[];
  /** By message, of those that came to be acknowledged from end to end. */
  readonly wanted: Map<string, number>;
  missed: number;
  /** Acknowledged in words until then. */
  wordsUntil: number;
}

/**
 * Where all in earshot hear who speaks, a frame that is passed on acknowledges itself: who sent it here overhears that. So nothing is said
 * of it, unless it waits too long for its turn. Who turns out to overhear little is told as before.
 */
export class PassiveAcks {
  /** By token of the copy that is passed on. Insertion order is about the order in which they are due. */
  readonly #owed = new Map<number, OwedAck>();
  readonly #by = new WeakMap<Link, Overhearing>();

  get size(): number {
    return this.#owed.size;
  }

  /** A frame that came over a lane's link goes on as this copy. What there is no more room for is to be acknowledged in words. */
  passesOn(lane: Lane, frame: Uint8Array, next: Link, copy: Uint8Array, now: number): readonly OwedAck[] {
    if (!lane.link.carrier.traits.overhears || next.carrier !== lane.link.carrier) return NONE;
    return copy.length > next.mtuBytes ? NONE : this.#owe(lane, tokenOf(frame), copy, now);
  }

  /** This acknowledgement from end to end goes back over the link that its message came over: it is one of that hop, too. */
  answers(lane: Lane, ack: Uint8Array, now: number): readonly OwedAck[] {
    const id = messageOf(ack);
    const token = id === undefined ? undefined : this.#of(lane.link).wanted.get(id);
    return token === undefined ? NONE : this.#owe(lane, token, ack, now);
  }

  #owe(lane: Lane, token: number, copy: Uint8Array, now: number): readonly OwedAck[] {
    const { link } = lane;
    const at = lane.acks.lastIndexOf(token);
    if (at < 0 || !isSlowAir(link.carrier) || this.#of(link).wordsUntil > now) return NONE;
    lane.acks.splice(at, 1);
    if (lane.acks.length === 0) lane.ackDueAt = undefined;
    // It must have left before the other end sends again.
    const { minTimeoutMs, ackDelayMs } = linkTiming(link);
    const waitMs = minTimeoutMs - airtimeMs(link.carrier.traits, copy.length) - 2 * ackDelayMs;
    this.#owed.set(tokenOf(copy), { link, token, dueAt: now + Math.max(ackDelayMs, waitMs) });
    if (this.#owed.size <= PASSIVE_MAX) return NONE;
    const [oldest, first] = this.#owed.entries().next().value as [number, OwedAck];
    this.#owed.delete(oldest);
    return [first];
  }

  /** A frame left for the first time. */
  left(token: number): void {
    const owed = this.#owed.get(token);
    if (!owed) return;
    this.#owed.delete(token);
    const overhearing = this.#of(owed.link);
    overhearing.missed *= MISSED_FADES;
    overhearing.left.push(owed.token);
    if (overhearing.left.length > LEFT_MAX) overhearing.left.shift();
  }

  /** A frame came over a link: again, if its relay was not overheard. */
  came(link: Link, frame: Uint8Array, now: number): void {
    if (!isSlowAir(link.carrier)) return;
    const overhearing = this.#of(link);
    const token = tokenOf(frame);
    const { wanted } = overhearing;
    if (isWholeAwaited(frame)) {
      wanted.set(attemptOf(frame), token);
      if (wanted.size > LEFT_MAX) wanted.delete(wanted.keys().next().value as string);
    }
    const at = overhearing.left.indexOf(token);
    if (at < 0) return;
    overhearing.left.splice(at, 1);
    overhearing.missed++;
    if (overhearing.missed < MISSED_MOST) return;
    overhearing.missed = 0;
    overhearing.wordsUntil = now + WORDS_MS;
  }

  /** Those that waited too long. */
  due(now: number): readonly OwedAck[] {
    if (this.#owed.size === 0) return NONE;
    const due: OwedAck[] = [];
    for (const [token, owed] of this.#owed) {
      if (owed.dueAt > now) continue;
      this.#owed.delete(token);
      due.push(owed);
    }
    return due;
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { dueAt } of this.#owed.values()) if (earliest === undefined || dueAt < earliest) earliest = dueAt;
    return earliest;
  }

  #of(link: Link): Overhearing {
    let overhearing = this.#by.get(link);
    if (!overhearing) {
      overhearing = { left: [], wanted: new Map(), missed: 0, wordsUntil: Number.NEGATIVE_INFINITY };
      this.#by.set(link, overhearing);
    }
    return overhearing;
  }
}
