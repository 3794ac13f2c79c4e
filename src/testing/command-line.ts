import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START_MS } from './serving.js';

export interface Finished {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

export interface Started {
  readonly pid: number | undefined;
  readonly finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
}

/** A command that hangs is ended, so that its test fails and says so. */
const LONGEST_MS = 2 * START_MS;

/** Starts the built command line with nothing of this machine's settings; data go to a directory of its own. */
export function startEdgeAgent(args: readonly string[], options: CommandOptions = {}): Started {
  const home = mkdtempSync(join(tmpdir(), 'edge-cli-'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_STATE_HOME: home, ...options.env };
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], { env, timeout: LONGEST_MS });
  const finished = new Promise<Finished>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  return { pid: child.pid, finished, kill: (signal) => child.kill(signal) };
}

/** Runs it to its end. */
export const edgeAgent = (args: readonly string[], options: CommandOptions = {}): Promise<Finished> =>
  startEdgeAgent(args, options).finished;
