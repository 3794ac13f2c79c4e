// A process that stands beside the agents: an air, a cable. It has to be up before they are, and is stopped after them.
import { spawn } from 'node:child_process';
import { until } from './agent-process.mjs';

const READY_MS = 10_000;
const STOP_MS = 2_000;
/** Of what it wrote, the end is kept. */
const LOG_CHARS = 4_096;

export class HelperProcess {
  #what;
  #child;
  #exited;
  #log = '';

  /** @param {string} what it is, for people. A program that does not end with its standard input has to be told apart. */
  constructor(what, program, args) {
    this.#what = what;
    // Its standard input stays open as long as this process lives.
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-LOG_CHARS);
      });
    }
    this.#child.stdin.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    });
    void this.#exited.then((how) => {
      this.ended = how;
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** How it ended, and the last it said. */
  get story() {
    return `${this.#what} ended (${this.ended}): ${this.#log.trim()}`;
  }

  /** Waits until `isReady()` is true; throws when the process ends before, or takes too long. */
  async ready(isReady) {
    if (await until(() => this.ended !== undefined || isReady(), READY_MS)) {
      if (this.ended === undefined) return this;
      throw new Error(this.story);
    }
    await this.stop();
    throw new Error(`${this.#what} was not ready within ${READY_MS / 1_000} s: ${this.#log.trim()}`);
  }

  async stop() {
    if (this.ended !== undefined) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
