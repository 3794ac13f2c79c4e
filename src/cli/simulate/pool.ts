import { availableParallelism, totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Job, Outcome, Report } from './job.js';

/** However many processors there are: each thread may hold a mesh of thousands. */
const THREADS_MAX = 16;
/** Of the memory there is, for all threads together: more than Node's own limit allows, as a mesh of thousands takes some 1.5 MB a node. */
const MEMORY_SHARE = 0.75;
/** Frames in flight outlive many a collection of a small nursery: with this one a mesh of hundreds takes a seventh less CPU. */
const YOUNG_MB = 192;

export type Settled = { readonly cpuMs: number } & ({ readonly done: Outcome } | { readonly failed: string });

export interface PoolEvents {
  settled(index: number, result: Settled): void;
  /** Share of a job under way, 0 to 1. */
  progress(index: number, share: number): void;
}

/** Runs jobs in threads, each job by itself in one of them. `stop` ends all at once. */
export class Pool {
  readonly #threads: number;
  readonly #workers = new Set<Worker>();
  #stopped = false;

  constructor(threads?: number) {
    this.#threads = Math.max(1, Math.min(THREADS_MAX, threads ?? availableParallelism()));
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
    await Promise.all(Array.from({ length: Math.min(this.#threads, jobs.length) }, drive));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  /** A thread of its own for each job: what one leaves behind slows no other. `undefined` when it was stopped. */
  #one(job: Job, progress: (share: number) => void): Promise<Settled | undefined> {
    const memoryMb = Math.floor((MEMORY_SHARE * totalmem()) / 2 ** 20 / this.#threads);
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#workers.add(worker);
    return new Promise((resolve) => {
      const end = (result: Settled | undefined): void => {
        this.#workers.delete(worker);
        resolve(result);
        void worker.terminate();
      };
      worker.on('message', (report: Report) => {
        if ('progress' in report) progress(report.progress);
        else end(report);
      });
      worker.on('error', (error) => end({ failed: error.message, cpuMs: 0 }));
      worker.on('exit', () => end(undefined));
      worker.postMessage(job);
    });
  }
}
