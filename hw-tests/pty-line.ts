import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync, rmSync } from 'node:fs';

const LONGEST_S = 300;

/** A serial device in front of a Unix socket, which can be pulled and put back: a pseudo terminal that socat feeds. */
export class PtyLine {
  readonly path: string;
  readonly #socket: string;
  #process: ChildProcess | undefined;

  constructor(path: string, socket: string) {
    this.path = path;
    this.#socket = socket;
  }

  /** Resolves once the device file is there. */
  async plug(): Promise<void> {
    const ends = [`pty,rawer,link=${this.path}`, `UNIX-CONNECT:${this.#socket}`];
    // Ends by itself when the test's process is gone before it could.
    const child = spawn('timeout', [String(LONGEST_S), 'socat', ...ends], { stdio: 'ignore' });
    this.#process = child;
    while (!existsSync(this.path) || !existsSync(readlinkSync(this.path))) {
      if (child.exitCode !== null) throw new Error(`socat ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async unplug(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(this.path, { force: true });
  }
}
