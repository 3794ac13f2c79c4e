import type { Clock, Timer } from '../ports/clock.js';

/** How often the memory is looked at. */
const LOOK_EVERY_MS = 5_000;
/** Steps of the engine in that time above which the agent is at work and left alone. */
const BUSY_STEPS = 400;
/** Growth since the last collection that is worth a pause. */
const GROWTH_BYTES = 8 << 20;

/** The first collection lets go of buffers whose memory, and the space V8 kept for them, only the next ones give back. */
const PASSES = 3;

export interface MemoryKeeperParts {
  readonly clock: Clock;
  /** Steps of the engine so far. */
  readonly steps: () => number;
  readonly residentBytes: () => number;
  readonly collect: () => void;
  readonly trim: () => void;
}

/**
 * Gives back what a burst of work left behind, once the agent is quiet: devices of this class share little memory
 * with a vision pipeline, and neither V8 nor the C library returns it by itself.
 */
export class MemoryKeeper {
  readonly #parts: MemoryKeeperParts;
  #timer: Timer | undefined;
  #steps = 0;
  #kept = 0;
  #passes = 0;

  constructor(parts: MemoryKeeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.timer('memory', LOOK_EVERY_MS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { steps, residentBytes, collect, trim } = this.#parts;
    const busy = steps() - this.#steps > BUSY_STEPS;
    this.#steps = steps();
    if (busy) return;
    if (residentBytes() >= this.#kept + GROWTH_BYTES) this.#passes = PASSES;
    if (this.#passes === 0) return;
    this.#passes--;
    collect();
    trim();
    this.#kept = residentBytes();
  }
}
