import { messageOf } from '../../core/errors.js';
import { type Concrete, concrete, scenarioOf, withNodes } from './concrete.js';
import { play, type ScenarioRun } from './play.js';
import type { Scenario, ScenarioRadio } from './scenario.js';

/** Runs of one shrinking; then the smallest so far is the result. */
const SHRINK_RUNS_MAX = 300;
const NODES_LEAST = 2;
const DURATION_LEAST_MS = 1_000;

export interface Shrunk {
  readonly scenario: Scenario;
  /** What went wrong in the first run, and goes wrong in the small one. */
  readonly symptom: string;
  readonly runs: number;
  readonly nodes: number;
  readonly events: number;
}

export interface ShrinkEvents {
  /** The first run that fails, and each smaller one: the smallest so far, should the search be ended before it is done. */
  found(shrunk: Shrunk): void;
}

type Play = (scenario: Scenario, seed: number) => Promise<ScenarioRun>;

/** What is wrong with a run, in a word that a smaller run can share: the check that found it, the expectation that was missed, or the fault that was thrown. */
export function symptomOf(run: ScenarioRun): string | undefined {
  const check = /^\[([^\]]+)\]/.exec(run.findings.list[0] ?? '')?.[1];
  if (check !== undefined) return `check ${check}`;
  const [missed] = run.shortfalls;
  return missed && `expectation ${missed.name}`;
}

async function symptom(run: Play, scenario: Scenario, seed: number): Promise<string | undefined> {
  try {
    return symptomOf(await run(scenario, seed));
  } catch (error) {
    return `thrown ${messageOf(error).slice(0, 60)}`;
  }
}

/** A run that fails, made small: fewer events, fewer nodes, less time, tamer radios, as long as the same thing is wrong. */
export class Shrinker {
  readonly #seed: number;
  readonly #events: ShrinkEvents;
  readonly #play: Play;
  #symptom = '';
  #runs = 0;
  #best: Concrete;

  /** Nothing is played yet. */
  constructor(scenario: Scenario, seed: number, events: ShrinkEvents, run: Play = play) {
    this.#seed = seed;
    this.#events = events;
    this.#play = run;
    this.#best = concrete(scenario, seed);
  }

  /** `undefined` when nothing is wrong with the run. */
  async run(): Promise<Shrunk | undefined> {
    this.#runs = 1;
    const found = await symptom(this.#play, scenarioOf(this.#best), this.#seed);
    if (found === undefined) return undefined;
    this.#symptom = found;
    this.#events.found(this.#shrunk());
    for (let size = Number.POSITIVE_INFINITY; this.#size() < size && this.#hasRunsLeft(); ) {
      size = this.#size();
      await this.#shorten();
      await this.#fewerEvents();
      await this.#fewerNodes();
      await this.#tamer();
    }
    return this.#shrunk();
  }

  #shrunk(): Shrunk {
    const { base, events } = this.#best;
    return {
      scenario: scenarioOf(this.#best),
      symptom: this.#symptom,
      runs: this.#runs,
      nodes: base.nodes.count,
      events: events.length,
    };
  }

  #size(): number {
    const { base, events } = this.#best;
    return base.nodes.count * 10 + events.length + base.durationMs / 1_000 + base.restMs / 1_000;
  }

  #hasRunsLeft(): boolean {
    return this.#runs < SHRINK_RUNS_MAX;
  }

  /** Takes a smaller one when the same is wrong with it. */
  async #try(candidate: Concrete): Promise<boolean> {
    if (!this.#hasRunsLeft()) return false;
    this.#runs++;
    if ((await symptom(this.#play, scenarioOf(candidate), this.#seed)) !== this.#symptom) return false;
    this.#best = candidate;
    this.#events.found(this.#shrunk());
    return true;
  }

  async #shorten(): Promise<void> {
    for (const key of ['durationMs', 'restMs'] as const) {
      for (;;) {
        const { base, events } = this.#best;
        const half = Math.round(base[key] / 2);
        if (half < DURATION_LEAST_MS) break;
        const candidate = { base: { ...base, [key]: half }, events };
        if (!(await this.#try(key === 'durationMs' ? before(candidate, half) : candidate))) break;
      }
    }
  }

  #fewerEvents(): Promise<void> {
    return this.#fewer(
      () => this.#best.events.length,
      0,
      (kept) => ({ base: this.#best.base, events: kept.map((i) => this.#best.events[i] as never) }),
    );
  }

  #fewerNodes(): Promise<void> {
    return this.#fewer(
      () => this.#best.base.nodes.count,
      NODES_LEAST,
      (kept) => withNodes(this.#best, kept),
    );
  }

  /** Leaves out half of them, a quarter, an eighth …, down to each by itself (Zeller and Hildebrandt 2002, without the subsets). */
  async #fewer(count: () => number, least: number, without: (kept: number[]) => Concrete): Promise<void> {
    for (
      let part = Math.ceil(count() / 2);
      part >= 1 && this.#hasRunsLeft();
      part = part === 1 ? 0 : Math.ceil(part / 2)
    ) {
      for (let from = 0; from < count() && this.#hasRunsLeft(); ) {
        const kept = Array.from({ length: count() }, (_, i) => i).filter((i) => i < from || i >= from + part);
        if (kept.length < least || !(await this.#try(without(kept)))) from += part;
      }
    }
  }

  /** Radios that lose nothing, nodes that stand still. */
  async #tamer(): Promise<void> {
    const { base, events } = this.#best;
    for (const [i] of base.radios.entries()) {
      const { loss: _loss, reorder: _reorder, ...tame } = this.#best.base.radios[i] as ScenarioRadio;
      if (_loss === undefined && _reorder === undefined) continue;
      const radios = this.#best.base.radios.map((radio, j) => (j === i ? tame : radio));
      await this.#try({ base: { ...this.#best.base, radios }, events: this.#best.events });
    }
    const { mobility, ...still } = this.#best.base;
    if (mobility) await this.#try({ base: still, events });
  }
}

const before = ({ base, events }: Concrete, untilMs: number): Concrete => ({
  base,
  events: events.filter((event) => ('act' in event ? event.act.atMs : event.fault.atMs) < untilMs),
});
