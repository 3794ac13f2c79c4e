import { componentsOf, type Pair } from './topologies.js';

/** How things stood from `at` until the next epoch. */
export interface Epoch {
  readonly at: number;
  /** By node: the number of its component, -1 while it does not run or has said goodbye. */
  readonly component: readonly number[];
  /** By node: how often it has started. */
  readonly life: readonly number[];
}

/** The truth the checkers compare with: who could reach whom, at any time of a run. */
export class Ground {
  readonly #nodes: number;
  readonly #pairs = new Map<number, Pair>();
  readonly #group: number[];
  readonly #up: boolean[];
  readonly #life: number[];
  readonly #epochs: Epoch[] = [];
  /** When something changed that is not worked out yet: mostly several things change in one moment. */
  #changedAt: number | undefined;
  #within: { readonly from: number; readonly to: number; readonly epochs: readonly Epoch[] } | undefined;

  constructor(nodes: number) {
    this.#nodes = nodes;
    this.#group = new Array<number>(nodes).fill(0);
    this.#up = new Array<boolean>(nodes).fill(false);
    this.#life = new Array<number>(nodes).fill(0);
  }

  get epochs(): readonly Epoch[] {
    this.#settle();
    return this.#epochs;
  }

  get latest(): Epoch {
    return this.epochs.at(-1) as Epoch;
  }

  pairs(): Iterable<Pair> {
    return this.#pairs.values();
  }

  setPair(a: number, b: number, joined: boolean, at: number): void {
    const name = Math.min(a, b) * this.#nodes + Math.max(a, b);
    if (joined === this.#pairs.has(name)) return;
    this.#before(at);
    if (joined) this.#pairs.set(name, [a, b]);
    else this.#pairs.delete(name);
    this.#note(at);
  }

  setGroups(groups: readonly (readonly number[])[], at: number): void {
    this.#before(at);
    this.#group.fill(0);
    groups.forEach((members, i) => {
      for (const node of members) this.#group[node] = i + 1;
    });
    this.#note(at);
  }

  setUp(node: number, up: boolean, at: number): void {
    this.#before(at);
    this.#up[node] = up;
    if (up) this.#life[node] = (this.#life[node] as number) + 1;
    this.#note(at);
  }

  /** Whether it runs, and has not said goodbye. */
  isUp(node: number): boolean {
    return this.#up[node] ?? false;
  }

  /** Whether the two ran on and could reach each other all the time between the two moments. */
  together(a: number, b: number, from: number, to: number): boolean {
    const within = this.#between(from, to);
    const first = within[0];
    if (!first || first.at > from) return false;
    return within.every(
      ({ component, life }) =>
        component[a] !== -1 && component[a] === component[b] && life[a] === first.life[a] && life[b] === first.life[b],
    );
  }

  lifeAt(node: number, at: number): number {
    return this.#epochAt(at)?.life[node] ?? 0;
  }

  wasUp(node: number, at: number): boolean {
    return (this.#epochAt(at)?.component[node] ?? -1) !== -1;
  }

  /** By node: the number of its component at that time, -1 while it did not run. */
  componentsAt(at: number): readonly number[] {
    return this.#epochAt(at)?.component ?? [];
  }

  /** Since when nothing has changed. */
  get quietSince(): number {
    return this.#changedAt ?? this.latest.at;
  }

  /** Most hops a shortest path can have. */
  get longestPath(): number {
    return this.#nodes - 1;
  }

  /** Asked for each node of one message. */
  #between(from: number, to: number): readonly Epoch[] {
    const { epochs } = this;
    if (this.#within?.from !== from || this.#within.to !== to)
      this.#within = {
        from,
        to,
        epochs: epochs.filter((epoch, i) => epoch.at <= to && (epochs[i + 1]?.at ?? Infinity) > from),
      };
    return this.#within.epochs;
  }

  #epochAt(at: number): Epoch | undefined {
    return this.epochs.findLast((epoch) => epoch.at <= at);
  }

  #note(at: number): void {
    this.#changedAt = at;
  }

  /** Something is about to change: what went before it is settled, unless it was in the same moment. */
  #before(at: number): void {
    if (this.#changedAt !== at) this.#settle();
  }

  #settle(): void {
    const at = this.#changedAt;
    if (at === undefined) return;
    this.#changedAt = undefined;
    this.#within = undefined;
    const edges = [...this.#pairs.values()].filter(([a, b]) => this.#group[a] === this.#group[b]);
    const component = componentsOf(this.#nodes, edges, (node) => this.#up[node] as boolean);
    // Of several changes in one moment only the outcome counts.
    if (this.#epochs.at(-1)?.at === at) this.#epochs.pop();
    this.#epochs.push({ at, component, life: [...this.#life] });
  }
}
