import { randomInt } from 'node:crypto';

export type Phase = 'both' | 'central' | 'peripheral';

/** Refusals of one role while the other is at work, until we believe that they exclude each other. */
const REFUSALS = 3;
const TURN_MIN_MS = 2_000;
const TURN_MAX_MS = 6_000;

/** For controllers that take one role at a time: turns of random length, so that two such nodes meet in different roles. A link keeps its role. */
export class RolePhase {
  #phase: Phase = 'both';
  #until: number;
  #refusals = 0;

  constructor(now: number) {
    this.#until = now;
  }

  get current(): Phase {
    return this.#phase;
  }

  get isSliced(): boolean {
    return this.#phase !== 'both';
  }

  slice(): void {
    if (!this.isSliced) this.#phase = randomInt(2) === 0 ? 'central' : 'peripheral';
  }

  /** True when this refusal was one too many and the roles take turns from now on. */
  refused(): boolean {
    if (this.isSliced || ++this.#refusals < REFUSALS) return false;
    this.slice();
    return true;
  }

  /** True when the role changed. */
  tick(now: number, links: number, isBusy: boolean): boolean {
    if (!this.isSliced || now < this.#until || links > 0 || isBusy) return false;
    this.#until = now + randomInt(TURN_MIN_MS, TURN_MAX_MS);
    this.#phase = this.#phase === 'central' ? 'peripheral' : 'central';
    return true;
  }
}
