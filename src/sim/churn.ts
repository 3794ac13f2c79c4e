import type { Random } from '../ports/random.js';
import type { Observer } from './observer.js';

export interface ChurnPlan {
  /** How often a node that runs fails, in a mean hour. */
  readonly crashesPerHour?: number;
  /** How long it is gone, at least and at most, ms. Default 5 to 60 s. */
  readonly downMs?: readonly [number, number];
  /** How often its processor stands still, in a mean hour, and how long, ms. */
  readonly stallsPerHour?: number;
  readonly stallMs?: readonly [number, number];
  /** Nodes it leaves alone. */
  readonly spare?: readonly number[];
}

/** Whom it happens to: a world. */
interface Mortal {
  readonly nodes: readonly { readonly running: boolean }[];
  crash(node: number): void;
  start(node: number): void;
  stall(node: number, ms: number): void;
}

const HOUR_MS = 3_600_000;
const DOWN_MS = [5_000, 60_000] as const;
const STALL_MS = [100, 1_000] as const;
const STEPS = 2 ** 32;

/** Nodes fail and come back, and stand still now and then, at random. Watch it with the world. */
export class Churn implements Observer {
  readonly #world: Mortal;
  readonly #random: Random;
  readonly #plan: ChurnPlan;
  readonly #backAt = new Map<number, number>();
  #sampledAt: number | undefined;
  #isOn = true;
  crashes = 0;
  stalls = 0;

  constructor(world: Mortal, random: Random, plan: ChurnPlan) {
    this.#world = world;
    this.#random = random;
    this.#plan = plan;
  }

  /** Nothing happens any more; who is down comes back when it was to. */
  stop(): void {
    this.#isOn = false;
  }

  sampled(now: number): void {
    const hours = (now - (this.#sampledAt ?? now)) / HOUR_MS;
    this.#sampledAt = now;
    for (const [node, at] of this.#backAt) {
      if (at > now) continue;
      this.#backAt.delete(node);
      this.#world.start(node);
    }
    if (this.#isOn)
      this.#world.nodes.forEach(({ running }, node) => {
        if (running && this.#plan.spare?.includes(node) !== true) this.#befall(node, hours, now);
      });
  }

  #befall(node: number, hours: number, now: number): void {
    const { crashesPerHour = 0, stallsPerHour = 0, downMs = DOWN_MS, stallMs = STALL_MS } = this.#plan;
    if (crashesPerHour > 0 && this.#random.chance(crashesPerHour * hours)) {
      this.crashes += 1;
      this.#world.crash(node);
      this.#backAt.set(node, now + this.#between(downMs));
    } else if (stallsPerHour > 0 && this.#random.chance(stallsPerHour * hours)) {
      this.stalls += 1;
      this.#world.stall(node, this.#between(stallMs));
    }
  }

  #between([least, most]: readonly [number, number]): number {
    return least + (this.#random.u32() / STEPS) * (most - least);
  }
}
