import { FLOOD_POLICIES, type FloodPolicy } from '../experiments/flood-mesh.js';
import { type FloodFigures, LORA_FLOOD, loraFlood } from '../experiments/lora-flood.js';
import { type Experiment, Fold, type GoalRow, type SeedFigures } from './goal-row.js';

const DENSITIES = [10, 30, 50] as const;
const OURS = 'ours';

const scene = 'flood, hop limit 3, 15 × 15 km, LongFast, one 40 B message per node and 900 s, 10 / 30 / 50 nodes';

const reach: GoalRow = {
  id: 'lora-reach',
  what: `${scene}: reached within 60 s ÷ reachable, the least of the three`,
  unit: 'of reachable',
  target: { least: 0.95 },
  peers: { 'Meshtastic in its simulator': 0.8 },
};

const cost: GoalRow = {
  id: 'lora-cost',
  what: `${scene}: transmissions per message ÷ the oracle’s, the most of the three`,
  unit: '× oracle',
  target: { most: 1.5, also: { reach: { least: 0.95 } } },
  note: 'the oracle knows all links and loses nothing',
};

const worst = (figures: readonly FloodFigures[], pick: (one: FloodFigures) => number, fold: Fold): number =>
  fold(figures.map(pick));

const leastReach = (all: readonly FloodFigures[]): number => worst(all, (one) => one.reach, Fold.Least);
const ratio = ({ transmissions, oracleTransmissions }: FloodFigures): number => transmissions / oracleTransmissions;

const byDensity = (all: readonly FloodFigures[], name: string, pick: (one: FloodFigures) => number) =>
  Object.fromEntries(all.map((one) => [`${name} ${one.nodes}`, pick(one)]));

const flood = async (policy: FloodPolicy, seed: number): Promise<FloodFigures[]> => {
  const figures: FloodFigures[] = [];
  for (const nodes of DENSITIES) figures.push(await loraFlood(policy, { ...LORA_FLOOD, seed, nodes }));
  return figures;
};

/** Every policy on the same places, links and times of messages; the shipped engine is one of them. */
export const loraFloodRows: Experiment = {
  rows: [reach, cost],
  async measure(seed): Promise<readonly SeedFigures[]> {
    const policies = new Map<string, FloodFigures[]>();
    for (const policy of FLOOD_POLICIES) policies.set(policy.name, await flood(policy, seed));
    const ours = policies.get(OURS) as FloodFigures[];
    const rivals = [...policies].filter(([name]) => name !== OURS);
    const peers = (pick: (all: readonly FloodFigures[]) => number) =>
      Object.fromEntries(rivals.map(([name, all]) => [name, pick(all)]));
    const mostRatio = (all: readonly FloodFigures[]): number => worst(all, ratio, Fold.Most);
    return [
      {
        ours: leastReach(ours),
        peers: peers(leastReach),
        details: {
          ...byDensity(ours, 'reach', (one) => one.reach),
          ...byDensity(ours, 'mean delay s', (one) => one.meanDelayMs / 1_000),
          ...byDensity(ours, 'collided', (one) => one.collided),
        },
      },
      {
        ours: mostRatio(ours),
        also: { reach: leastReach(ours) },
        peers: peers(mostRatio),
        details: {
          ...byDensity(ours, 'transmissions', (one) => one.transmissions),
          ...byDensity(ours, 'oracle', (one) => one.oracleTransmissions),
          ...byDensity(ours, 'all transmissions', (one) => one.allTransmissions),
          ...byDensity(ours, 'copies', (one) => one.copies),
          ...byDensity(ours, 'oracle copies', (one) => one.oracleCopies),
        },
      },
    ];
  },
};
