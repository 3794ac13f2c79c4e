import type { Instant } from '../core/machine.js';

/** It goes with whatever else wakes the engine, and wakes it by itself only after twice the time. */
const UPKEEP_MS = 1_000;

/** Who is alive is found out at once among so many; so much later for each further node, a second at most. */
const REFRESHED_AT_ONCE = 20;
const REFRESH_PAUSE_MS = 2;
const REFRESH_PAUSE_MAX_MS = 1_000;

export interface UpkeepEvents {
  /** Nodes heard of. */
  nodes(): number;
  /** What is looked at now and then, whatever happens. */
  due(now: Instant): void;
  /** Who can be reached is to be found out anew. */
  refresh(now: Instant): void;
}

/** What is done once a second, and finding out who can be reached: when that may have changed, the more rarely the larger the mesh. */
export class Upkeep {
  readonly #events: UpkeepEvents;
  #isStale = false;
  #refreshAt = 0;
  #dueAt = 0;

  constructor(events: UpkeepEvents) {
    this.#events = events;
  }

  /** Who can be reached may have changed. */
  readonly changed = (): void => {
    this.#isStale = true;
  };

  tick(now: Instant): void {
    if (now.mono >= this.#dueAt) {
      this.#dueAt = now.mono + UPKEEP_MS;
      this.#events.due(now);
      this.#isStale = true;
    }
    if (!this.#isStale || now.mono < this.#refreshAt) return;
    this.#isStale = false;
    this.#refreshAt = now.mono + refreshPauseMs(this.#events.nodes());
    this.#events.refresh(now);
  }

  nextDeadline(): number {
    const at = this.#dueAt + UPKEEP_MS;
    return this.#isStale ? Math.min(at, this.#refreshAt) : at;
  }
}

/** Between two looks at who is alive, in a mesh of so many. */
const refreshPauseMs = (nodes: number): number =>
  Math.max(0, Math.min(REFRESH_PAUSE_MAX_MS, (nodes - REFRESHED_AT_ONCE) * REFRESH_PAUSE_MS));
