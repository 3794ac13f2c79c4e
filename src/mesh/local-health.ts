import type { Counters } from './counters.js';

/** A step that comes so much later than it was asked for: this node stood still meanwhile. */
export const LATE_MS = 100;
/** The score at its worst, and what it stretches patience by then. */
const SCORE_MAX = 8;
const STRETCH_MAX = 3;
/** A longer standstill counts for more: one for each of these. */
const STALL_UNIT_MS = 500;

/**
 * How far this node is to believe itself when a neighbour does not answer (Lifeguard's local health, Dadgar et al. 2017): who stood still, or hears
 * nobody at all, is slow to call others dead.
 */
export class LocalHealth {
  readonly #counters: Counters['liveness'];
  #score = 0;

  constructor(counters: Counters['liveness']) {
    this.#counters = counters;
  }

  /** 0 when well. */
  get score(): number {
    return this.#score;
  }

  /** What to stretch timeouts by: 1 when well. */
  get stretch(): number {
    return 1 + ((STRETCH_MAX - 1) * this.#score) / SCORE_MAX;
  }

  /** This node was woken so late. */
  stalled(lateMs: number): void {
    this.#counters.stalls++;
    this.#worse(1 + Math.floor(lateMs / STALL_UNIT_MS));
  }

  /** Most neighbours fell silent together: that is more likely here than there. */
  deaf(): void {
    this.#worse(1);
  }

  /** Somebody answered in time. */
  well(): void {
    if (this.#score > 0) this.#score--;
  }

  #worse(by: number): void {
    this.#score = Math.min(SCORE_MAX, this.#score + by);
  }
}
