import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SHIM = fileURLToPath(new URL('../../hw-tests/btvirt/shim.c', import.meta.url));
/** No test takes so long: it ends by itself when the test's process is gone before it could end it. */
const LONGEST_S = 300;
const START_MS = 10_000;

export interface Btvirt {
  /** Each connection is a low energy controller of its own. */
  readonly socket: string;
  stop(): Promise<void>;
}

/** Why it cannot be had here, if it cannot. */
export function btvirtTrouble(): string | undefined {
  if (spawnSync('btvirt', ['--version']).status !== 0) return 'needs btvirt: apt-get install bluez-test-tools';
  if (spawnSync('cc', ['--version']).status !== 0) return 'needs a C compiler: apt-get install gcc libc6-dev';
  return undefined;
}

/** BlueZ's emulator in a folder of its own. */
export async function startBtvirt(): Promise<Btvirt> {
  const folder = mkdtempSync(join(tmpdir(), 'btvirt-'));
  const shim = join(folder, 'shim.so');
  const built = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', shim, SHIM, '-ldl'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`cc: ${built.stderr}`);
  const env = { ...process.env, BTVIRT_FOLDER: folder, LD_PRELOAD: shim };
  const child = spawn('timeout', [String(LONGEST_S), 'btvirt', '-s'], { env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const socket = join(folder, 'bt-server-le');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const from = performance.now();
  while (!existsSync(socket)) {
    if (child.exitCode !== null || performance.now() - from > START_MS) {
      await stop();
      throw new Error(`btvirt does not listen (${child.exitCode ?? 'still running'})`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { socket, stop };
}
