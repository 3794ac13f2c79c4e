// What the figures were measured on.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export function machine() {
  const processors = cpus();
  const model = processors[0]?.model.trim() || 'unknown processor';
  return {
    cpu: model,
    cores: processors.length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    arch: process.arch,
    kernel: release(),
    node: process.versions.node,
    // Above the number of cores, times are longer than they would be; CPU time and memory are not touched by it.
    load: Number(loadavg()[0].toFixed(2)),
  };
}

export const machineText = (it) =>
  `${it.cpu}, ${it.cores} cores, ${it.memoryMb} MiB, ${it.arch}, Linux ${it.kernel}, Node ${it.node}, load ${it.load}`;

/** The commit that was measured, `-dirty` when files differ from it, `null` outside a checkout. */
export function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '-dirty'}`;
  } catch {
    return null;
  }
}
