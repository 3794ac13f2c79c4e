import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import type { Job, Outcome, Report } from './job.js';

/** However many processors there are: each process may hold a mesh of thousands. */
const PROCESSES_MAX = 16;
/** Of the memory there is, for all processes together: more than Node's own limit allows, as a mesh of thousands takes some 1.5 MB a node. */
const MEMORY_SHARE = 0.75;
/** Frames in flight outlive many a collection of a small nursery: with this one a mesh of hundreds takes a seventh less CPU. */
const SEMI_SPACE_MB = 64;

export type Settled = { readonly cpuMs: number } & ({ readonly done: Outcome } | { readonly failed: string });

export interface PoolEvents {
  settled(index: number, result: Settled): void;
  /** Share of a job under way, 0 to 1. */
  progress(index: number, share: number): void;
}

/**
 * Runs jobs in processes, each job by itself in one of them. `stop` ends all at once. Processes rather than threads: Node 20 aborts
 * now and then when a thread ends whose code is being optimised, and hours of other jobs go with it.
 */
export class Pool {
  readonly #processes: number;
  readonly #running = new Set<ChildProcess>();
  #stopped = false;

  constructor(processes?: number) {
    this.#processes = Math.max(1, Math.min(PROCESSES_MAX, processes ?? availableParallelism()));
  }

  /** Resolves when every job has settled, or the pool was stopped. */
  async run(jobs: readonly Job[], events: PoolEvents): Promise<void> {
    let next = 0;
    const drive = async (): Promise<void> => {
      while (next < jobs.length && !this.#stopped) {
        const index = next++;
        const result = await this.#one(jobs[index] as Job, (share) => events.progress(index, share));
        if (result) events.settled(index, result);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#processes, jobs.length) }, drive));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const ended = [...this.#running].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.#running) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  /** A process of its own for each job: what one leaves behind slows no other. `undefined` when it was stopped. */
  #one(job: Job, progress: (share: number) => void): Promise<Settled | undefined> {
    const memoryMb = Math.floor((MEMORY_SHARE * totalmem()) / 2 ** 20 / this.#processes);
    const child = fork(new URL('./worker.js', import.meta.url), {
      execArgv: [`--max-old-space-size=${memoryMb}`, `--max-semi-space-size=${SEMI_SPACE_MB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', process.env['EDGE_AGENT_DEBUG'] ? 'inherit' : 'ignore', 'ipc'],
    });
    this.#running.add(child);
    return new Promise((resolve) => {
      const end = (result: Settled | undefined): void => {
        resolve(result);
        child.kill('SIGKILL');
      };
      child.on('message', (report: Report) => {
        if ('progress' in report) progress(report.progress);
        else end(report);
      });
      child.on('error', (error) => end({ failed: error.message, cpuMs: 0 }));
      child.on('exit', (code, signal) => {
        this.#running.delete(child);
        const how = signal ?? `exit code ${code}`;
        const failed = `its process ended (${how}); if memory was short, fewer --jobs leave more for each`;
        resolve(this.#stopped ? undefined : { failed, cpuMs: 0 });
      });
      child.send(job);
    });
  }
}
