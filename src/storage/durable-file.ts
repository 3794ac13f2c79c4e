import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EdgeError, messageOf } from '../core/errors.js';

/** Replaces a file so that after a power cut either the old or the new content is there; durable on return. */
export function writeDurably(path: string, content: string | Uint8Array, mode = 0o600): void {
  const draft = `${path}.tmp`;
  guardFiles(path, () => {
    rmSync(draft, { force: true });
    const file = openSync(draft, 'wx', mode);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    syncDirectory(dirname(path));
  });
}

/** Makes names created in, renamed in or removed from a directory survive a power cut. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The content, or `undefined` when there is no such file. */
export function readIfThere(path: string): Buffer | undefined {
  return guardFiles(path, () => {
    try {
      return readFileSync(path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Turns what the file system refuses into an EdgeError that names the path. */
export function guardFiles<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof EdgeError) throw error;
    throw faultOf(path, error);
  }
}

export const systemCode = (error: unknown): string | undefined => (error as { code?: string } | undefined)?.code;

function faultOf(path: string, cause: unknown): EdgeError {
  const details = { path };
  switch (systemCode(cause)) {
    case 'EACCES':
    case 'EPERM':
      return new EdgeError('data.permission', `The agent may not write ${path}.`, {
        status: 500,
        fix: `Give it to the user that runs the agent: sudo chown -R "$(id -un)" ${path}, or choose another directory with --data.`,
        details,
        cause,
      });
    case 'EROFS':
      return new EdgeError('data.permission', `${path} is on a read-only file system.`, {
        status: 500,
        fix: 'Remount it read-write (a worn SD card falls back to read-only), or choose another directory with --data.',
        details,
        cause,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new EdgeError('data.full', `There is no room to write ${path}.`, {
        status: 507,
        fix: 'Free disk space.',
        details,
        cause,
      });
    default:
      return new EdgeError('data.failed', `Cannot use ${path}: ${messageOf(cause)}.`, {
        status: 500,
        fix: 'Check the path and the disk, or choose another directory with --data.',
        details,
        cause,
      });
  }
}
