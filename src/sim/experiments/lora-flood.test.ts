import test from 'ava';
import { FLOOD_POLICIES, type FloodPolicy } from './flood-mesh.js';
import { type FloodFigures, LORA_FLOOD, loraFlood } from './lora-flood.js';

const policy = (name: string): FloodPolicy => FLOOD_POLICIES.find((one) => one.name === name) as FloodPolicy;

async function mean(name: string, nodes: number, seeds: number): Promise<Record<keyof FloodFigures, number>> {
  const sums: Record<string, number> = {};
  for (let seed = 1; seed <= seeds; seed++) {
    const row = await loraFlood(policy(name), { ...LORA_FLOOD, seed, nodes });
    for (const [key, value] of Object.entries(row)) sums[key] = (sums[key] ?? 0) + Number(value) / seeds;
  }
  return sums as Record<keyof FloodFigures, number>;
}

test('managed flooding does here as in its own simulator: reach, cost, copies and collisions of the published runs', async (t) => {
  // Meshtasticator a304b7dc, 15 × 15 km, hop limit 3, LongFast, 40 B, 900 s, 30 minutes; 5 seeds there, others here.
  const published = [
    { nodes: 10, reach: 0.88, transmissions: 4.8, copies: 1.96, collided: 0.1 },
    { nodes: 30, reach: 0.82, transmissions: 8.5, copies: 2.16, collided: 0.19 },
    { nodes: 50, reach: 0.8, transmissions: 10.5, copies: 2.21, collided: 0.23 },
  ];
  for (const there of published) {
    const here = await mean('meshtasticator', there.nodes, 30);
    const about = `${there.nodes} nodes: ${JSON.stringify(here)}`;
    t.true(Math.abs(here.reach - there.reach) < 0.04, about);
    t.true(Math.abs(here.transmissions / there.transmissions - 1) < 0.18, about);
    t.true(Math.abs(here.copies / there.copies - 1) < 0.22, about);
    t.true(Math.abs(here.collided - there.collided) < 0.05, about);
  }
});

test('every policy has the same places, links and messages, and one seed gives one result', async (t) => {
  const setup = { ...LORA_FLOOD, seed: 4, nodes: 20, warmUpMs: 60_000 };
  const [first, again, plain] = [
    await loraFlood(policy('meshtastic'), setup),
    await loraFlood(policy('meshtastic'), setup),
    await loraFlood(policy('plain'), setup),
  ];
  t.deepEqual(first, again);
  for (const name of ['messages', 'meanDegree', 'reachableOfAll', 'oracleTransmissions', 'oracleCopies'] as const)
    t.is(first[name], plain[name], name);
  t.true(plain.transmissions > first.transmissions && plain.reach > 0.8);
});

test('the shipped engine runs on the same air, and its own frames are counted apart', async (t) => {
  const row = await loraFlood(policy('ours'), { ...LORA_FLOOD, seed: 1, nodes: 6, forMs: 600_000 });
  t.true(row.messages > 0 && row.reach > 0 && row.reach <= 1);
  t.true(row.allTransmissions > row.transmissions);
});
