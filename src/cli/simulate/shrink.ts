import { writeFileSync } from 'node:fs';
import { EdgeError } from '../../core/errors.js';
import type { Scenario } from '../../sim/scenario/scenario.js';
import { Shrinker, type Shrunk } from '../../sim/scenario/shrink.js';
import { forPeople, plural } from '../format.js';
import { scenarioToml } from './scenario-toml.js';

interface ShrunkFile {
  readonly file: string;
  readonly what: string;
  readonly symptom: string;
  readonly nodes: number;
  readonly events: number;
  readonly runs: number;
}

/** Makes a failing run small and writes it as a scenario, each smaller one as it is found: whoever ends the search has the smallest so far. Throws EdgeError `scenario.sound` when nothing is wrong with it. */
export async function shrinkToFile(
  scenario: Scenario,
  seed: number,
  file: string,
  say: (text: string) => void,
): Promise<ShrunkFile> {
  const sizes = (nodes: number, events: number): string => `${plural(nodes, 'node')}, ${plural(events, 'event')}`;
  const write = (shrunk: Shrunk): void => {
    const about = `${shrunk.symptom}, of ${scenario.name}, seed ${seed}`;
    writeFileSync(file, scenarioToml({ ...shrunk.scenario, about: about.slice(0, 500) }));
  };
  const shrinker = new Shrinker(scenario, seed, {
    found: (shrunk) => {
      const { nodes, events, runs } = shrunk;
      write(shrunk);
      const { durationMs, restMs } = shrunk.scenario;
      const times = `${forPeople(durationMs)} and ${forPeople(restMs)} of rest`;
      const what = runs === 1 ? `it fails (${shrunk.symptom})` : `smaller after ${plural(runs, 'run')}`;
      say(`${what}: ${sizes(nodes, events)}, ${times}, in ${file}`);
    },
  });
  const shrunk = await shrinker.run();
  if (!shrunk) {
    const fix = 'Give a seed that fails, or expect something of it.';
    throw new EdgeError('scenario.sound', `Nothing is wrong with ${scenario.name}, seed ${seed}.`, { fix });
  }
  const { symptom, nodes, events, runs } = shrunk;
  return { file, what: `${symptom}, ${sizes(nodes, events)}`, symptom, nodes, events, runs };
}
