import type { ScenarioRun } from '../../sim/scenario/play.js';
import type { Scenario } from '../../sim/scenario/scenario.js';
import type { SeedFigures } from '../../sim/suite/goal-row.js';

/** One seed's work, as a process is given it. */
export type Job =
  | { readonly kind: 'goal'; readonly experiment: number; readonly seed: number }
  | { readonly kind: 'scenario'; readonly scenario: Scenario; readonly seed: number };

export type Outcome =
  | { readonly kind: 'goal'; readonly figures: readonly SeedFigures[] }
  | { readonly kind: 'scenario'; readonly run: ScenarioRun };

/** What a process says. */
export type Report =
  | { readonly done: Outcome; readonly cpuMs: number }
  | { readonly failed: string; readonly cpuMs: number }
  /** Share of the job, 0 to 1. */
  | { readonly progress: number };
