import type { Position } from './lora/landscape.js';
import type { Pair } from './topologies.js';

/** Who is within so many metres of whom. */
export interface RangePlan {
  /** One for each node. */
  readonly positions: readonly Position[];
  readonly reachM: number;
}

/** Which nodes are in range of each other on one carrier: by their distance, by being joined, unless they are cut. */
export class Reach {
  readonly #nodes: number;
  readonly #reachM: number;
  readonly #positions: Position[];
  readonly #joined = new Set<number>();
  readonly #cut = new Set<number>();

  constructor(nodes: number, range: RangePlan | undefined) {
    this.#nodes = nodes;
    this.#reachM = range?.reachM ?? -1;
    this.#positions = [...(range?.positions ?? [])];
  }

  has(a: number, b: number): boolean {
    const pair = this.#pair(a, b);
    if (this.#cut.has(pair)) return false;
    return this.#joined.has(pair) || this.#isNear(a, b);
  }

  join(a: number, b: number): void {
    this.#cut.delete(this.#pair(a, b));
    this.#joined.add(this.#pair(a, b));
  }

  cut(a: number, b: number): void {
    this.#joined.delete(this.#pair(a, b));
    this.#cut.add(this.#pair(a, b));
  }

  /** Moves a node; those that are in range now and were not, or the other way round. */
  move(node: number, position: Position): number[] {
    const before = this.#positions.map((_, other) => this.has(node, other));
    this.#positions[node] = position;
    return [...before.keys()].filter((other) => other !== node && before[other] !== this.has(node, other));
  }

  *pairs(): Iterable<Pair> {
    for (let a = 0; a < this.#positions.length; a++)
      for (let b = a + 1; b < this.#positions.length; b++) if (this.has(a, b)) yield [a, b];
  }

  #isNear(a: number, b: number): boolean {
    const [here, there] = [this.#positions[a], this.#positions[b]];
    if (here === undefined || there === undefined) return false;
    return Math.hypot(here.x - there.x, here.y - there.y) <= this.#reachM;
  }

  #pair(a: number, b: number): number {
    return Math.min(a, b) * this.#nodes + Math.max(a, b);
  }
}
