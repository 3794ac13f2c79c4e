import { parseArgs } from 'node:util';
import type { ModemName } from '../lora/modem.js';
import { LOSS_MODELS } from '../lora/path-loss.js';
import type { RegionName } from '../lora/regions.js';
import { FLOOD_POLICIES } from './flood-mesh.js';
import { type FloodFigures, LORA_FLOOD, loraFlood } from './lora-flood.js';

const { values } = parseArgs({
  options: {
    policy: { type: 'string', default: 'ours,meshtastic,meshtasticator,plain' },
    nodes: { type: 'string', default: '10,30,50' },
    seeds: { type: 'string', default: '3' },
    period: { type: 'string', default: '900' },
    minutes: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '3600' },
    hops: { type: 'string', default: '3' },
    preset: { type: 'string', default: 'LongFast' },
    region: { type: 'string', default: 'US915' },
    side: { type: 'string', default: '15000' },
    model: { type: 'string', default: LOSS_MODELS[0] },
    each: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const numbers = (list: string): number[] => list.split(',').map(Number);
const seeds = values.seeds.includes(',')
  ? numbers(values.seeds)
  : Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);

const share = (value: number): string => value.toFixed(3);
const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

const COLUMNS: readonly (readonly [string, (row: FloodFigures) => string])[] = [
  ['policy', (row) => row.policy.padEnd(14)],
  ['nodes', (row) => String(row.nodes)],
  ['degree', (row) => row.meanDegree.toFixed(1)],
  ['of all', (row) => share(row.reachedOfAll)],
  ['could', (row) => share(row.reachableOfAll)],
  ['reach', (row) => share(row.reach)],
  ['tx/msg', (row) => row.transmissions.toFixed(2)],
  ['oracle', (row) => row.oracleTransmissions.toFixed(2)],
  ['all tx', (row) => row.allTransmissions.toFixed(1)],
  ['copies', (row) => row.copies.toFixed(2)],
  ['oracle', (row) => row.oracleCopies.toFixed(2)],
  ['collided', (row) => share(row.collided)],
  ['mean s', (row) => seconds(row.meanDelayMs)],
  ['p95 s', (row) => seconds(row.p95DelayMs)],
  ['airtime', (row) => share(row.airtime)],
];

function mean(rows: readonly FloodFigures[]): FloodFigures {
  const result: Record<string, unknown> = { ...rows[0] };
  for (const [name, value] of Object.entries(rows[0] as FloodFigures)) {
    if (typeof value !== 'number') continue;
    result[name] = rows.reduce((sum, row) => sum + (row[name as keyof FloodFigures] as number), 0) / rows.length;
  }
  return result as unknown as FloodFigures;
}

const line = (row: FloodFigures, extra: string): string =>
  `| ${COLUMNS.map(([, text]) => text(row)).join(' | ')} | ${extra} |`;

print(`| ${COLUMNS.map(([name]) => name).join(' | ')} | CPU s a seed |`);
print(`|${' --- |'.repeat(COLUMNS.length + 1)}`);
const all: FloodFigures[] = [];
for (const nodes of numbers(values.nodes)) {
  for (const name of values.policy.split(',')) {
    const policy = FLOOD_POLICIES.find((one) => one.name === name);
    if (policy === undefined) throw new RangeError(`policies: ${FLOOD_POLICIES.map((one) => one.name).join(', ')}`);
    const rows: FloodFigures[] = [];
    const before = process.cpuUsage();
    for (const seed of seeds) {
      const row = await loraFlood(policy, {
        ...LORA_FLOOD,
        seed,
        nodes,
        periodMs: Number(values.period) * 1_000,
        forMs: Number(values.minutes) * 60_000,
        warmUpMs: Number(values['warm-up']) * 1_000,
        hopLimit: Number(values.hops),
        preset: values.preset as ModemName,
        region: values.region as RegionName,
        sideM: Number(values.side),
        physics: { model: LOSS_MODELS.find((model) => model === values.model) ?? 'suburban' },
      });
      rows.push(row);
      if (values.each) print(line(row, `seed ${seed}`));
    }
    all.push(...rows);
    const cpu = process.cpuUsage(before);
    print(line(mean(rows), ((cpu.user + cpu.system) / 1e6 / seeds.length).toFixed(1)));
  }
}
if (values.json) print(JSON.stringify(all));
