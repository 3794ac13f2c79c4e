import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EdgeError } from '../core/errors.js';
import { guardFiles, systemCode } from './durable-file.js';

interface DirLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** Start of the process in clock ticks since boot: tells a reused pid from the holder. */
  readonly startTicks: string;
  readonly bootId: string;
}

const LOCK_NAME = /^lock\.(\d{1,15})$/;
const RELEASED = 'released\n';
const ATTEMPTS_MAX = 8;

let drafts = 0;

/**
 * Takes the only lock of a directory, or throws `data.locked` with the pid that holds it. A lock dies with its
 * process, also under kill -9: it counts only while that very process lives (pid, start time and boot agree).
 *
 * Safe between starters without removing a stale file first: lock files are numbered, the highest number counts, and
 * a taker links the next number, which only one can. Numbers never start over, so a taker that looked long ago can
 * only make a number below the highest, sees that, and withdraws. Processes in other pid namespaces are not seen.
 */
export function lockDirectory(directory: string): DirLock {
  return guardFiles(directory, () => {
    const draft = join(directory, `lock-draft.${process.pid}.${drafts++}`);
    writeFileSync(draft, describe(self()), { mode: 0o600 });
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const number = tryOnce(directory, draft);
        if (number !== undefined) return heldLock(join(directory, `lock.${number}`));
      }
      throw new EdgeError('data.locked', `Other agents keep starting in ${directory}.`, {
        status: 409,
        fix: 'Start one agent only.',
      });
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

/** The number of the lock taken; `undefined` when another starter was faster. */
function tryOnce(directory: string, draft: string): number | undefined {
  const top = highest(directory);
  const holder = top === undefined ? undefined : liveHolder(join(directory, `lock.${top}`));
  if (holder !== undefined)
    throw new EdgeError('data.locked', `The agent with pid ${holder} already uses ${directory}.`, {
      status: 409,
      fix: `Stop it (kill ${holder}) or give this one its own directory with --data.`,
      details: { pid: holder, path: directory },
    });
  const mine = (top ?? 0) + 1;
  const path = join(directory, `lock.${mine}`);
  try {
    linkSync(draft, path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined;
    throw error;
  }
  if (highest(directory) !== mine) {
    rmSync(path, { force: true });
    return undefined;
  }
  for (const number of numbers(directory))
    if (number < mine) rmSync(join(directory, `lock.${number}`), { force: true });
  return mine;
}

const heldLock = (path: string): DirLock => ({
  // The file stays, so that numbers never start over.
  release: () => guardFiles(path, () => writeFileSync(path, RELEASED)),
});

const numbers = (directory: string): number[] =>
  readdirSync(directory).flatMap((name) => {
    const match = LOCK_NAME.exec(name);
    return match ? [Number(match[1])] : [];
  });

const highest = (directory: string): number | undefined =>
  numbers(directory).reduce<number | undefined>((top, n) => (top === undefined || n > top ? n : top), undefined);

/** The pid of the living process that holds a lock file; `undefined` when it is stale, released or gone. */
function liveHolder(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const [pid, startTicks, bootId] = text.trim().split(' ');
  const live = liveProcess(Number(pid));
  return live && live.startTicks === startTicks && live.bootId === bootId ? live.pid : undefined;
}

const describe = (holder: Holder): string => `${holder.pid} ${holder.startTicks} ${holder.bootId}\n`;

function self(): Holder {
  const live = liveProcess(process.pid);
  if (!live)
    throw new EdgeError('data.lock', 'Cannot read /proc/self/stat, which the lock of the data directory needs.', {
      status: 500,
      fix: 'Mount /proc.',
    });
  return live;
}

function liveProcess(pid: number): Holder | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the process stands in brackets and may hold anything, so count the fields after the last one.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTicks = fields[18];
    if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
    return { pid, startTicks, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() };
  } catch {
    return undefined;
  }
}
