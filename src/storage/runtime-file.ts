import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { guardFiles, readIfThere, writeDurably } from './durable-file.js';

/** Tells commands on this device where the running agent serves. */
export interface RuntimeInfo {
  readonly pid: number;
  readonly url: string;
  readonly nodeId: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

const pathIn = (directory: string): string => join(directory, 'runtime.json');

export function writeRuntime(directory: string, { pid, url, nodeId, startedAt }: RuntimeInfo): void {
  writeDurably(pathIn(directory), `${JSON.stringify({ pid, url, nodeId, startedAt })}\n`);
}

/** What the agent wrote, or `undefined` when none runs there (or its file is unreadable garbage). */
export function readRuntime(directory: string): RuntimeInfo | undefined {
  const text = readIfThere(pathIn(directory))?.toString('utf8');
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, url, nodeId, startedAt } = value as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof url !== 'string' || typeof nodeId !== 'string' || typeof startedAt !== 'number')
    return undefined;
  return { pid, url, nodeId, startedAt };
}

export function removeRuntime(directory: string): void {
  guardFiles(directory, () => rmSync(pathIn(directory), { force: true }));
}
