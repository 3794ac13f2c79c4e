import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { lockDirectory } from './dir-lock.js';
import { guardFiles } from './durable-file.js';
import { FORMAT_VERSION, MIGRATIONS, type Migration, settleFormat } from './format-file.js';
import { type RuntimeInfo, removeRuntime, writeRuntime } from './runtime-file.js';

export interface DataDir {
  readonly path: string;
  /** Publishes where the agent serves; replaces what was published before. */
  publish(info: RuntimeInfo): void;
  /** Removes what was published and gives the lock back. */
  close(): void;
}

export interface DataDirOptions {
  /** Default: `defaultDataDir()`. */
  readonly path?: string;
  readonly version?: number;
  readonly migrations?: readonly Migration[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const SYSTEM_DIR = '/var/lib/edge-agent';

/** Where the data lives when nobody says: systemd's state directory, else the user's. */
export function defaultDataDir(env: Environment = process.env, home = homedir()): string {
  const given = env['STATE_DIRECTORY']?.split(':')[0];
  if (given) return given;
  // Terminals of a desktop inherit INVOCATION_ID too: believe it only where the directory can be ours.
  if (env['INVOCATION_ID'] && (process.getuid?.() === 0 || writable(SYSTEM_DIR))) return SYSTEM_DIR;
  const state = env['XDG_STATE_HOME'];
  return state && isAbsolute(state) ? join(state, 'edge-agent') : join(home, '.local', 'state', 'edge-agent');
}

/**
 * Creates (0700), locks and migrates the data directory. Throws `data.permission`, `data.locked`, `data.format`,
 * `data.migration`, `data.full` or `data.failed`, each naming the path and what to do.
 */
export function openDataDir(options: DataDirOptions = {}): DataDir {
  const path = resolve(options.path ?? defaultDataDir());
  guardFiles(path, () => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  const lock = lockDirectory(path);
  try {
    settleFormat(path, options.version ?? FORMAT_VERSION, options.migrations ?? MIGRATIONS);
    removeRuntime(path); // of an agent that was killed
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    path,
    publish: (info) => writeRuntime(path, info),
    close: () => {
      removeRuntime(path);
      lock.release();
    },
  };
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
