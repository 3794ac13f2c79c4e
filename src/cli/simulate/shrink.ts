import { EdgeError } from '../../core/errors.js';
import type { Scenario } from '../../sim/scenario/scenario.js';
import { Shrinker, type Shrunk } from '../../sim/scenario/shrink.js';
import { forPeople, plural } from '../format.js';
import { writeOutput } from './output-file.js';
import { scenarioToml } from './scenario-toml.js';

interface ShrunkFile {
  readonly file: string;
  readonly what: string;
  readonly symptom: string;
  readonly nodes: number;
  readonly events: number;
  readonly runs: number;
}

/** What is told while it goes on. */
export interface ShrinkTold {
  /** To stay. */
  say(line: string): void;
  /** How far it is; the next takes its place. */
  doing(text: string): void;
}

const sizes = ({ nodes, events }: { readonly nodes: number; readonly events: number }): string =>
  `${plural(nodes, 'node')}, ${plural(events, 'event')}`;

/**
 * Makes a failing run small and writes it as a scenario, each smaller one as it is found: whoever ends the search has the smallest so far.
 * Throws EdgeError `scenario.sound` when nothing is wrong with it, `scenario.unmeasured` when nothing was measured, `simulate.write`.
 */
export async function shrinkToFile(
  scenario: Scenario,
  seed: number,
  file: string,
  told: ShrinkTold,
): Promise<ShrunkFile> {
  let smallest: Shrunk | undefined;
  const shrinker = new Shrinker(scenario, seed, {
    found: (shrunk) => {
      smallest = shrunk;
      const about = `${shrunk.symptom}, of ${scenario.name}, seed ${seed}`;
      writeOutput(file, scenarioToml({ ...shrunk.scenario, about: about.slice(0, 500) }));
      const { durationMs, restMs } = shrunk.scenario;
      const where = `${sizes(shrunk)}, ${forPeople(durationMs)} and ${forPeople(restMs)} of rest, in ${file}`;
      if (shrunk.runs === 1) told.say(`it fails (${shrunk.symptom}): ${where}; Ctrl-C keeps the smallest so far`);
      else told.say(`smaller after ${plural(shrunk.runs, 'run')}: ${where}`);
    },
    tried: (runs) => smallest && told.doing(`${plural(runs, 'run')} tried, ${sizes(smallest)} so far`),
  });
  told.doing(`${scenario.name}, seed ${seed}: whether it fails`);
  const shrunk = await shrinker.run();
  if (!shrunk) {
    const fix = 'Give a seed that fails, or expect something of it.';
    throw new EdgeError('scenario.sound', `Nothing is wrong with ${scenario.name}, seed ${seed}.`, { fix });
  }
  const { symptom, nodes, events, runs } = shrunk;
  return { file, what: `${symptom}, ${sizes(shrunk)}`, symptom, nodes, events, runs };
}
