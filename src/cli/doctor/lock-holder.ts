import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The pid of the living agent that holds a data directory, without touching the lock: taking it for a look could
 * keep an agent from starting. The highest number counts; start time tells a reused pid.
 */
export function lockHolder(directory: string): number | undefined {
  const numbers = readdirSync(directory).flatMap((name) => /^lock\.(\d{1,15})$/.exec(name)?.[1] ?? []);
  if (numbers.length === 0) return undefined;
  const top = Math.max(...numbers.map(Number));
  try {
    const [pid, startTicks] = readFileSync(join(directory, `lock.${top}`), 'utf8').split(' ');
    const stat = readFileSync(`/proc/${Number(pid)}/stat`, 'latin1');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[18] === startTicks && state !== 'Z' ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}
