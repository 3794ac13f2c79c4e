// native/bench/sketch-scan.cpp, compiled for this machine and asked for one pass at a time.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cachePath, writeWhole } from './cache.mjs';

const SOURCE = join(import.meta.dirname, '..', '..', '..', 'native', 'bench', 'sketch-scan.cpp');
/** Nearest sketches that a pass keeps: fifty times what is asked for, which is what a recall of .96 takes. */
const POOL = 500;

/** Throws where there is no compiler. */
function compiled() {
  const version = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 12);
  const path = cachePath(`sketch-scan-${process.arch}-${version}`);
  if (!existsSync(path)) {
    const flags = ['-std=c++20', '-O3', '-march=native'];
    writeWhole(path, (unfinished) => execFileSync('g++', [...flags, SOURCE, '-o', unfinished], { stdio: 'pipe' }));
  }
  return path;
}

/** @returns {Promise<{pass: () => Promise<number>, close: () => void}>} `pass` answers microseconds of CPU time */
export async function openSketchScan(rows) {
  const child = spawn(compiled(), [String(rows), String(POOL)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const end = () => child.kill();
  process.once('exit', end);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const pass = async () => {
    child.stdin.write('\n');
    const { value, done } = await lines.next();
    if (done) throw new Error('the sketch scan ended');
    return Number(value.split(' ')[0]);
  };
  const close = () => {
    process.off('exit', end);
    child.stdin.end();
  };
  await pass();
  return { pass, close };
}
