import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Counters } from './counters.js';
import { EndCause } from './link-end.js';
import type { Link } from './links.js';

/**
 * Route flap damping (RFC 2439) with the times of a mesh: each time a link goes down counts so much, half of that when its neighbour restarted, and the
 * sum halves within a minute. A link that goes down more often than about once a minute is damped from its third time on, until it has held for two
 * minutes. Only the neighbour's own coming and going counts.
 */
const PENALTIES: Partial<Readonly<Record<EndCause, number>>> = { [EndCause.Lost]: 1_000, [EndCause.Restarted]: 500 };
/** Links that went down so shortly before their radio did went down with it. */
export const WITH_RADIO_MS = 2_000;
const SUPPRESS_FROM = 2_000;
const REUSE_BELOW = 750;
const HALF_LIFE_MS = 60_000;
/** However often it went down before, a link that holds is used again after four half-lives. */
const PENALTY_MAX = REUSE_BELOW * 2 ** 4;
/** Below this it is forgotten. */
const FORGET_BELOW = 100;
/** Neighbours remembered; the one with the least penalty goes first. */
export const FLAPPING_MAX = 512;

interface Entry {
  readonly carrier: number;
  penalty: number;
  /** When the penalty was so much. */
  at: number;
  damped: boolean;
  /** As it was before the link went down last. */
  readonly before: { readonly penalty: number; readonly damped: boolean };
}

type Where = Pick<Link['carrier'], 'index'>;

const keyOf = (carrier: Where, peer: NodeId): string => `${carrier.index}|${peer}`;

const decayed = ({ penalty, at }: Pick<Entry, 'penalty' | 'at'>, now: number): number =>
  penalty * 2 ** -(Math.max(0, now - at) / HALF_LIFE_MS);

/** Which links come and go, by radio and neighbour: their addresses may change each time. */
export class Flapping {
  readonly #counters: Counters['links'];
  readonly #entries = new Map<string, Entry>();

  constructor(counters: Counters['links']) {
    this.#counters = counters;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A link that was up is not any more. */
  wentDown({ carrier, peer }: Pick<Link, 'carrier' | 'peer'>, cause: EndCause, now: Instant): void {
    const penalty = PENALTIES[cause];
    if (peer === undefined || penalty === undefined) return;
    this.#counters.flaps++;
    const key = keyOf(carrier, peer);
    const known = this.#entries.get(key);
    const before = { penalty: known ? decayed(known, now.mono) : 0, damped: known?.damped ?? false };
    const sum = Math.min(PENALTY_MAX, before.penalty + penalty);
    const damped = before.damped || sum >= SUPPRESS_FROM;
    if (damped && !before.damped) this.#counters.damped++;
    this.#entries.set(key, { carrier: carrier.index, penalty: sum, at: now.mono, damped, before });
    if (this.#entries.size > FLAPPING_MAX) this.#forgetLeast(now.mono);
  }

  /** This node's own radio stopped: what went down with it is no fault of the neighbours. */
  forgive(carrier: Where, now: Instant): void {
    for (const entry of this.#entries.values()) {
      if (entry.carrier !== carrier.index || now.mono - entry.at > WITH_RADIO_MS) continue;
      entry.penalty = entry.before.penalty;
      entry.damped = entry.before.damped;
    }
  }

  isDamped({ carrier, peer }: Pick<Link, 'carrier' | 'peer'>, now: Instant): boolean {
    const entry = peer === undefined ? undefined : this.#entries.get(keyOf(carrier, peer));
    if (entry?.damped && decayed(entry, now.mono) < REUSE_BELOW) entry.damped = false;
    return entry?.damped ?? false;
  }

  /** Forgets what is long past. */
  tick(now: Instant): void {
    for (const [key, entry] of this.#entries) if (decayed(entry, now.mono) < FORGET_BELOW) this.#entries.delete(key);
  }

  #forgetLeast(now: number): void {
    let least: string | undefined;
    let penalty = Number.POSITIVE_INFINITY;
    for (const [key, entry] of this.#entries) {
      const value = decayed(entry, now);
      if (value >= penalty) continue;
      least = key;
      penalty = value;
    }
    if (least !== undefined) this.#entries.delete(least);
  }
}
