import { EdgeError, messageOf } from '../core/errors.js';
import type { Log } from '../ports/log.js';
import type { Store } from '../ports/store.js';
import type { DataDir } from '../storage/data-dir.js';
import type { Agent } from './agent.js';
import type { Runner } from './runner.js';

/** An interface through which people and programs reach the agent. */
export interface Face {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the agent's face; compose is told how by whoever stands above it. */
type OpenFace = (agent: Agent) => Promise<Face | undefined>;

export interface LifecycleParts {
  readonly log: Log;
  readonly runner: Runner;
  readonly store: Store;
  readonly dataDir: DataDir;
  readonly openFace: OpenFace;
  readonly begin: () => Promise<void>;
  /** Says goodbye to the mesh. */
  readonly leave: () => void;
  readonly end: () => void;
}

/** A goodbye takes this long to leave the radios. */
const GOODBYE_MS = 150;

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped';

/** Starting and stopping in order, once each; whatever was opened is closed, also when a start fails halfway. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  #phase: Phase = 'new';
  #face: Face | undefined;
  #opening: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  url(): string | undefined {
    return this.#face?.url;
  }

  async start(agent: Agent): Promise<void> {
    if (this.#phase !== 'new') throw new Error('an agent starts once; create another one');
    this.#phase = 'starting';
    this.#opening = this.#open(agent);
    try {
      await this.#opening;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Also while it starts: what was opened until then is closed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #open(agent: Agent): Promise<void> {
    const { openFace, runner, begin, dataDir } = this.#parts;
    // The port first: a second agent on this device is told so before anything else happens.
    this.#face = await openFace(agent);
    this.#goOn();
    await runner.start();
    this.#goOn();
    await begin();
    this.#goOn();
    const { nodeId } = agent;
    dataDir.publish({ pid: process.pid, url: this.#face?.url ?? '', nodeId, startedAt: agent.status().startedAt });
    this.#phase = 'running';
  }

  #goOn(): void {
    if (!this.#stopping) return;
    throw new EdgeError('agent.stopped', 'the agent was stopped while it started', {
      status: 503,
      fix: 'create another one',
    });
  }

  async #stop(): Promise<void> {
    const { log, runner, store, dataDir } = this.#parts;
    await this.#opening?.catch(() => undefined);
    const wasRunning = this.#phase === 'running';
    this.#phase = 'stopping';
    if (wasRunning) {
      this.#parts.leave();
      await new Promise((resolve) => this.#parts.runner.clock.timer('goodbye', GOODBYE_MS, () => resolve(undefined)));
    }
    const steps: readonly [string, () => Promise<void> | void][] = [
      ['face', () => this.#face?.close()],
      ['services', () => this.#parts.end()],
      ['radios', () => runner.stop()],
      ['store', () => store.close()],
      ['data directory', () => dataDir.close()],
    ];
    for (const [what, close] of steps) {
      try {
        await close();
      } catch (error) {
        log.error(`closing the ${what} failed`, { error: messageOf(error) });
      }
    }
    this.#phase = 'stopped';
  }
}
