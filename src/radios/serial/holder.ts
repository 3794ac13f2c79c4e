import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';

const LOCK_FOLDER = '/run/lock';
/** An agent is a node process; its script tells. */
const AGENT = /(?:^|[/\0])(?:edge-agent\0|dist\/cli\/main\.js\0)/;

/**
 * Who holds a port, or `undefined` when nobody does as far as can be seen: by the kernel's table of locks, and by the
 * lock files that terminal programs write. Asked before opening, since to open a port changes its settings under the
 * one who uses it.
 */
export async function holderOf(path: string): Promise<string | undefined> {
  return (await lockHolder(path)) ?? (await lockFileHolder(path));
}

async function lockHolder(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    const table = await readFile('/proc/locks', 'utf8');
    const line = table
      .split('\n')
      .find((text) => text.includes(' FLOCK ') && text.includes(` ${deviceText(dev)}:${ino} `));
    const pid = line === undefined ? undefined : /\s(-?\d+)\s+[0-9a-f]+:/.exec(line)?.[1];
    return pid === undefined ? undefined : await processText(Number(pid));
  } catch {
    return undefined;
  }
}

/** As `/proc/locks` writes the number of a file system's device. */
function deviceText(dev: number): string {
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${hex((dev >>> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >>> 12) & 0xfff00))}`;
}

async function lockFileHolder(path: string): Promise<string | undefined> {
  try {
    const pid = Number.parseInt(await readFile(`${LOCK_FOLDER}/LCK..${basename(path)}`, 'utf8'), 10);
    await stat(`/proc/${pid}`);
    return await processText(pid);
  } catch {
    return undefined;
  }
}

async function processText(pid: number): Promise<string> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const name = AGENT.test(command) ? 'an edge-agent' : (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
    return `process ${pid} (${name})`;
  } catch {
    return pid > 0 ? `process ${pid}` : 'another program';
  }
}
