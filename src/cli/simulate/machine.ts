import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** What figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly arch: string;
  readonly kernel: string;
  readonly node: string;
  /** Above the number of cores, times are longer than they would be; CPU time and memory are not touched by it. */
  readonly load: number;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || 'unknown processor',
    cores: processors.length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    arch: process.arch,
    kernel: release(),
    node: process.versions.node,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

export const machineText = (it: Machine): string =>
  `${it.cpu}, ${it.cores} cores, ${it.memoryMb} MiB, ${it.arch}, Linux ${it.kernel}, Node ${it.node}, load ${it.load}`;

/** The commit that was measured, `-dirty` when files differ from it, `null` outside a checkout. */
export function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    // An installed package may lie in somebody else's checkout.
    if (git('rev-parse', '--show-toplevel') !== join(ROOT)) return null;
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '-dirty'}`;
  } catch {
    return null;
  }
}
