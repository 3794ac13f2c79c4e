import type { Instant } from '../core/machine.js';
import type { Carrier } from './carrier.js';
import type { MeshContext } from './types.js';
import { presenceMs } from './watch-times.js';

/** Each is late by up to this part of its time: who is first sets the pace. */
const LATE_PER_MILLE = 150;
/**
 * Who hears another speaks with it, unless it spoke itself within this part of the interval: all that spoke together decide alike, and a crowd that
 * follows another one follows it whole. Just above a half: of two crowds one follows the other sooner or later.
 */
const SPOKE_LATELY = 0.55;
/** About so many speak together at most: in a larger crowd each leaves some bursts to others, by lot, for the sake of the air. */
const VOICES_MAX = 24;
const BURST_MS = 100;

interface Presence {
  at: number;
  spokeAt: number;
  /** When somebody was last heard, and whether this node speaks with that burst. */
  heardAt: number;
  joins: boolean;
}

/**
 * When this node says to everybody in earshot that it is there. As fireflies do (Mirollo and Strogatz 1990), neighbours fall into step: what each says
 * comes when the others are awake for it, so that a crowd wakes a node a few times an interval instead of once for each of its neighbours.
 */
export class Presences {
  readonly #context: Pick<MeshContext, 'random' | 'timing'>;
  readonly #of = new Map<Carrier, Presence>();

  constructor(context: Pick<MeshContext, 'random' | 'timing'>) {
    this.#context = context;
  }

  /** The first one at `at`. */
  open(carrier: Carrier, at: number): void {
    if (!this.#of.has(carrier))
      this.#of.set(carrier, {
        at,
        spokeAt: at - this.#intervalMs(carrier),
        heardAt: Number.NEGATIVE_INFINITY,
        joins: true,
      });
  }

  close(carrier: Carrier): void {
    this.#of.delete(carrier);
  }

  /** Somebody else spoke. True when this node is to speak, too. */
  heard(carrier: Carrier, { mono }: Instant): boolean {
    const presence = this.#of.get(carrier);
    if (!presence) return false;
    if (mono - presence.heardAt > BURST_MS)
      presence.joins = carrier.linksUp <= VOICES_MAX || this.#context.random.chance(VOICES_MAX / carrier.linksUp);
    presence.heardAt = mono;
    if (!presence.joins || mono - presence.spokeAt < SPOKE_LATELY * this.#intervalMs(carrier)) return false;
    presence.at = Math.min(presence.at, mono);
    return true;
  }

  /** The carriers over which it is time, each told once. */
  due({ mono }: Instant): Carrier[] {
    const due: Carrier[] = [];
    for (const [carrier, presence] of this.#of) {
      if (presence.at > mono) continue;
      presence.spokeAt = mono;
      presence.at = mono + this.#intervalMs(carrier) * (1 + this.#context.random.below(LATE_PER_MILLE) / 1_000);
      due.push(carrier);
    }
    return due;
  }

  /** There are news: the next ones go out within so long. */
  hurry(withinMs: number, { mono }: Instant): void {
    for (const presence of this.#of.values())
      presence.at = Math.min(presence.at, mono + this.#context.random.below(Math.max(1, withinMs)));
  }

  has(carrier: Carrier): boolean {
    return this.#of.has(carrier);
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { at } of this.#of.values()) if (earliest === undefined || at < earliest) earliest = at;
    return earliest;
  }

  #intervalMs({ linksUp }: Carrier): number {
    return presenceMs(linksUp, this.#context.timing);
  }
}
