import type { Random } from '../ports/random.js';
import type { Position } from './lora/landscape.js';
import type { Observer } from './observer.js';

export interface MobilityPlan {
  /** Where the nodes stand at first, metres. */
  readonly positions: readonly Position[];
  /** Of the square they stay in. */
  readonly sideM: number;
  /** Share of the nodes that move. Default 1. */
  readonly share?: number;
  /** Metres a second, at least and at most; drawn for each way. */
  readonly speed: readonly [number, number];
  /** Longest rest at a goal, ms. Default 0. */
  readonly pauseMs?: number;
  /** Positions change this often. Default a second. */
  readonly stepMs?: number;
}

/** Who moves nodes: a world. */
export interface Movable {
  readonly now: number;
  move(node: number, position: Position): void;
}

interface Walker {
  readonly node: number;
  readonly random: Random;
  at: Position;
  goal: Position;
  speed: number;
  restUntil: number;
}

const STEP_MS = 1_000;
const STEPS = 2 ** 32;

const share = (random: Random): number => random.u32() / STEPS;

/** Random waypoints: each walker goes straight to a random goal at a speed of its own, rests, and takes the next. Watch it with the world. */
export class Mobility implements Observer {
  readonly #world: Movable;
  readonly #plan: MobilityPlan;
  readonly #walkers: Walker[] = [];
  readonly #stepMs: number;
  #steppedAt: number;
  #isOn = true;

  constructor(world: Movable, random: Random, plan: MobilityPlan) {
    this.#world = world;
    this.#plan = plan;
    this.#stepMs = plan.stepMs ?? STEP_MS;
    this.#steppedAt = world.now;
    plan.positions.forEach((at, node) => {
      const own = random.fork(`walker ${node}`);
      if (!own.chance(plan.share ?? 1)) return;
      const walker = { node, random: own, at, goal: at, speed: 0, restUntil: 0 };
      this.#setOut(walker);
      this.#walkers.push(walker);
    });
  }

  get moving(): number {
    return this.#walkers.length;
  }

  /** Everybody stays where they are. */
  stop(): void {
    this.#isOn = false;
  }

  sampled(now: number): void {
    if (!this.#isOn || now - this.#steppedAt < this.#stepMs) return;
    const seconds = (now - this.#steppedAt) / 1_000;
    this.#steppedAt = now;
    for (const walker of this.#walkers) if (this.#walk(walker, seconds, now)) this.#world.move(walker.node, walker.at);
  }

  #walk(walker: Walker, seconds: number, now: number): boolean {
    if (now < walker.restUntil) return false;
    const { at, goal, speed } = walker;
    const far = Math.hypot(goal.x - at.x, goal.y - at.y);
    const step = speed * seconds;
    if (step < far) {
      walker.at = { x: at.x + ((goal.x - at.x) * step) / far, y: at.y + ((goal.y - at.y) * step) / far };
      return true;
    }
    walker.at = goal;
    walker.restUntil = now + share(walker.random) * (this.#plan.pauseMs ?? 0);
    this.#setOut(walker);
    return far > 0;
  }

  #setOut(walker: Walker): void {
    const { sideM, speed } = this.#plan;
    walker.goal = { x: share(walker.random) * sideM, y: share(walker.random) * sideM };
    walker.speed = speed[0] + share(walker.random) * (speed[1] - speed[0]);
  }
}
