import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/errors.js';
import { play } from '../../sim/scenario/play.js';
import { EXPERIMENTS } from '../../sim/suite/all.js';
import type { Job, Outcome, Report } from './job.js';

/** CPU time of the whole process: threads that collect garbage included. */
function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** CPU time of this thread; of the process where the kernel does not tell. */
function threadCpuMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return processCpuMs();
  }
}

const parent = process.ppid;

/** Who has lost its parent goes, too: nobody is to hear of it. */
function say(report: Report): void {
  if (process.ppid !== parent) process.exit(1);
  process.send?.(report);
}

async function work(job: Job): Promise<Outcome> {
  if (job.kind === 'scenario') {
    const progress = (doneMs: number, totalMs: number): void => say({ progress: doneMs / totalMs });
    return { kind: 'scenario', run: await play(job.scenario, job.seed, { progress }) };
  }
  const experiment = EXPERIMENTS[job.experiment];
  if (!experiment) throw new RangeError(`there is no experiment ${job.experiment}`);
  const cpuMs = experiment.alone ? processCpuMs : threadCpuMs;
  return { kind: 'goal', figures: await experiment.measure(job.seed, { cpuMs }) };
}

// Ctrl-C reaches all processes of a terminal: the parent says what becomes of this one.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));
process.on('message', async (job: Job) => {
  const from = threadCpuMs();
  try {
    const done = await work(job);
    say({ done, cpuMs: threadCpuMs() - from });
  } catch (error) {
    const stack = process.env['EDGE_AGENT_DEBUG'] && error instanceof Error ? error.stack : undefined;
    say({ failed: stack ?? messageOf(error), cpuMs: threadCpuMs() - from });
  }
});
