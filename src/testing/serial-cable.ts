import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** No test takes so long. */
const LONGEST_S = 300;

/** Why there can be no cable here, or `undefined`. */
export function cableTrouble(): string | undefined {
  return spawnSync('socat', ['-V']).status === 0 ? undefined : 'needs socat';
}

/** A serial cable between two device files, as pseudo terminals: it can be pulled and put back. */
export class SerialCable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cable-'));
  readonly ends: readonly [string, string] = [join(this.#folder, 'ttyA'), join(this.#folder, 'ttyB')];
  #process: ChildProcess | undefined;

  /** Resolves once both device files are there. */
  async plug(): Promise<void> {
    const ptys = this.ends.map((path) => `pty,rawer,link=${path}`);
    // Ends by itself when the test's process is gone before it could.
    const child = spawn('timeout', [String(LONGEST_S), 'socat', ...ptys], { stdio: 'ignore' });
    this.#process = child;
    while (!this.ends.every((path) => existsSync(path) && existsSync(readlinkSync(path)))) {
      if (child.exitCode !== null) throw new Error(`socat ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Both device files vanish, in the middle of whatever was under way. */
  async unplug(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
    for (const path of this.ends) rmSync(path, { force: true });
  }

  async remove(): Promise<void> {
    await this.unplug();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
