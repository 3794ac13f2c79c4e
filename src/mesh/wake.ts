import { earlier } from './egress.js';

interface Timed {
  nextDeadline(): number | undefined;
}

/**
 * When the engine is to be woken: found out when asked for, and good until something changes. Of liveness, which changes with each neighbour that is
 * heard, apart from all others: mostly nothing else has changed.
 */
export class Wake {
  readonly #liveness: Timed;
  readonly #others: readonly Timed[];
  #at: number | undefined;
  #ofOthers = Number.POSITIVE_INFINITY;

  constructor(liveness: Timed, others: readonly Timed[]) {
    this.#liveness = liveness;
    this.#others = others;
  }

  /** Monotonic ms. */
  at(): number | undefined {
    if (this.#at === undefined) {
      let at: number | undefined;
      for (const machine of this.#others) at = earlier(at, machine.nextDeadline());
      this.#ofOthers = at ?? Number.POSITIVE_INFINITY;
      this.#at = earlier(at, this.#liveness.nextDeadline());
    }
    return this.#at;
  }

  /** Whether it is known that nothing at all is due. */
  nothingDue(now: number): boolean {
    return this.#at !== undefined && now < this.#at;
  }

  /** Whether it is known that nothing is due but what liveness has to do. */
  nothingElseDue(now: number): boolean {
    return this.#at !== undefined && now < this.#ofOthers;
  }

  changed(): void {
    this.#at = undefined;
  }

  /** Does what liveness has to do; false when that changed other things, too. */
  passes(tick: () => void): boolean {
    this.#at = this.#ofOthers;
    tick();
    if (this.#at !== undefined) this.#at = earlier(this.#ofOthers, this.#liveness.nextDeadline());
    return this.#at !== undefined;
  }
}
