import type { ExecutionContext } from 'ava';
import type { Findings } from './checkers/findings.js';

const DEFAULT_SEEDS = 15;

/**
 * The seeds a scenario is tried with: `SIM_SEED=7` (or a list) replays those, `SIM_SEEDS=100` tries the first hundred,
 * with `SIM_FIRST=16` a hundred from there on.
 * A scenario that costs much may ask for a `share` of them.
 */
export function seeds(share = 1): number[] {
  const named = process.env['SIM_SEED'];
  if (named !== undefined) return named.split(',').map(Number);
  const count = Number(process.env['SIM_SEEDS'] ?? DEFAULT_SEEDS);
  const first = Number(process.env['SIM_FIRST'] ?? 1);
  return Array.from({ length: Math.max(1, Math.round(count * share)) }, (_, i) => first + i);
}

/** Fails with all findings and with what replays them. */
export function assertNothingFound(t: ExecutionContext, seed: number, { list, total }: Findings): void {
  if (total === 0) t.pass();
  else t.fail(`${total} findings; replay with SIM_SEED=${seed}\n${list.join('\n')}`);
}
