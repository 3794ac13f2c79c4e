// What takes minutes to make and is the same every time lies in build/bench. Names hold seed, size and version.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CACHE = join(import.meta.dirname, '..', '..', '..', 'build', 'bench');

/** Where something named so lies, or will. */
export function cachePath(name) {
  mkdirSync(CACHE, { recursive: true });
  return join(CACHE, name);
}

/** Whole or not at all: a run that is cut off leaves no half of it. */
export function writeWhole(path, write) {
  const unfinished = `${path}.${process.pid}.tmp`;
  write(unfinished);
  renameSync(unfinished, path);
}

/** What JSON can hold. */
export function cached(name, make) {
  const path = cachePath(name);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  const value = make();
  writeWhole(path, (unfinished) => writeFileSync(unfinished, JSON.stringify(value)));
  return value;
}
