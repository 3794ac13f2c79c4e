import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A machine that also compiles and tests something else is slow to start a process; and so slow for agents to meet. */
export const START_MS = 60_000;
const POLL_MS = 40;

/** Looks until `condition` gives something; what it throws counts as not yet. Fails with what was awaited and the last error. */
export async function until<T>(what: string, ms: number, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + ms;
  let trouble: unknown;
  do {
    try {
      const found = await condition();
      if (found !== undefined && found !== null && found !== false) return found;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    await sleep(POLL_MS);
  } while (performance.now() < deadline);
  throw new Error(`waited ${ms} ms in vain: ${what}${trouble === undefined ? '' : ` (${String(trouble)})`}`);
}

/** What an agent leaves of itself in its data directory. */
export interface Runtime {
  readonly pid: number;
  readonly nodeId: string;
  readonly url: string;
}

/** Waits until the agent of process `pid` has left its address in `data`; fails at once when it `ended`, with what that says. */
export async function untilServing(
  what: string,
  data: string,
  pid: number | undefined,
  ended: () => string | undefined,
): Promise<Runtime> {
  const runtime = await until(`${what} serves`, START_MS, () => {
    const how = ended();
    if (how !== undefined) return how;
    const found = JSON.parse(readFileSync(join(data, 'runtime.json'), 'utf8')) as Runtime;
    // A killed agent leaves its own behind.
    return found.pid === pid ? found : undefined;
  });
  if (typeof runtime === 'string') throw new Error(`${what} ended: ${runtime}`);
  return runtime;
}
