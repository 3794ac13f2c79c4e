import type { Instant } from '../core/machine.js';
import type { Random } from '../ports/random.js';
import type { Link } from './links.js';
import type { Routing } from './routing.js';

/** A damped link that was the only way is looked at again after this, and up to as long again by lot: of two that make each other needless one goes first. */
export const LOOK_AGAIN_MS = 10_000;

/** Damped links that serve because they were the only way to their neighbours: until another has grown. */
export class Bridges {
  readonly #routing: Pick<Routing, 'reachesWithout'>;
  readonly #random: Pick<Random, 'below'>;
  readonly #lookAt = new WeakMap<Link, number>();

  constructor(routing: Pick<Routing, 'reachesWithout'>, random: Pick<Random, 'below'>) {
    this.#routing = routing;
    this.#random = random;
  }

  /** Whether its neighbour is reached without it by now. */
  isNeedless(link: Link, now: Instant): boolean {
    const lookAt = this.#lookAt.get(link);
    if (!link.isBridge || link.peer === undefined) {
      if (lookAt !== undefined) this.#lookAt.delete(link);
      return false;
    }
    if (lookAt !== undefined && now.mono < lookAt) return false;
    this.#lookAt.set(link, now.mono + LOOK_AGAIN_MS + this.#random.below(LOOK_AGAIN_MS));
    return lookAt !== undefined && this.#routing.reachesWithout(link.peer);
  }
}
