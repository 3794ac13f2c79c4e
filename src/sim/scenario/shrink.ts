import { EdgeError, messageOf } from '../../core/errors.js';
import { type Concrete, concrete, scenarioOf, withNodes } from './concrete.js';
import { EXPECTATION_KEYS } from './expectations.js';
import { play, type ScenarioRun } from './play.js';
import type { Expectations, Scenario, ScenarioRadio } from './scenario.js';

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
  /** So many runs are over. */
  tried?(runs: number): void;
}

type Play = (scenario: Scenario, seed: number) => Promise<ScenarioRun>;

/** What is wrong with a run. */
export interface Symptom {
  /** In a word that a smaller run can share: the check that found it, the expectation that was missed, or the fault that was thrown. */
  readonly text: string;
  /** All that has to be expected for it to show. */
  readonly expect: Expectations;
  /** The key of what there was nothing to measure of, where that is all that is wrong. */
  readonly unmeasured?: string;
}

/** A figure that misses what was expected of it is another thing than one that there is nothing to measure of: a run without any traffic is not slow. */
export function symptomOf(run: ScenarioRun): Symptom | undefined {
  const check = /^\[([^\]]+)\]/.exec(run.findings.list[0] ?? '')?.[1];
  if (check !== undefined) return { text: `check ${check}`, expect: { findings: 0 } };
  const missed = run.shortfalls.find(({ found }) => found !== undefined) ?? run.shortfalls[0];
  if (!missed) return undefined;
  const { name, expected, found } = missed;
  const [key, expect] = [EXPECTATION_KEYS[name], { [name]: expected }];
  if (found !== undefined) return { text: `expectation ${key}`, expect };
  return { text: `expectation ${key}, nothing to measure`, expect, unmeasured: key };
}

/** The smallest run without anything to measure is an empty one, and tells nobody anything. */
function nothingMeasured({ name }: Scenario, seed: number, key: string): EdgeError {
  const what = `Nothing was measured of what ${name}, seed ${seed} expects (${key}): nothing of it was sent, or nobody was in reach. There is nothing to make small.`;
  const fix = 'Let it send what is measured, to nodes in reach, or take the expectation out.';
  return new EdgeError('scenario.unmeasured', what, { fix });
}

async function symptom(run: Play, scenario: Scenario, seed: number): Promise<Symptom | undefined> {
  try {
    return symptomOf(await run(scenario, seed));
  } catch (error) {
    return { text: `thrown ${messageOf(error).slice(0, 60)}`, expect: {} };
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

  /** `undefined` when nothing is wrong with the run. Throws EdgeError `scenario.unmeasured` when all that is wrong is that nothing was measured. */
  async run(): Promise<Shrunk | undefined> {
    this.#runs = 1;
    const found = await symptom(this.#play, scenarioOf(this.#best), this.#seed);
    if (found === undefined) return undefined;
    if (found.unmeasured !== undefined) throw nothingMeasured(this.#best.base, this.#seed, found.unmeasured);
    this.#symptom = found.text;
    // What else was expected of the large run may be beside the point of a small one.
    this.#best = { ...this.#best, base: { ...this.#best.base, expect: found.expect } };
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
    const found = await symptom(this.#play, scenarioOf(candidate), this.#seed);
    this.#events.tried?.(this.#runs);
    if (found?.text !== this.#symptom) return false;
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
