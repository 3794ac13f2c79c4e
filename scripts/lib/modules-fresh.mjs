// Exit code 0 when node_modules holds what package-lock.json asks for, by npm's own record of its last installation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** What of `wanted` is not as asked in `installed`; an optional package for another platform may be absent. */
function stale(wanted, installed) {
  const names = Object.keys(wanted).filter((name) => name !== '');
  return names.filter((name) => {
    const found = installed[name];
    return found === undefined ? !wanted[name].optional : found.version !== wanted[name].version;
  });
}

const wanted = packagesOf('package-lock.json');
const installed = packagesOf('node_modules/.package-lock.json');
process.exitCode = wanted !== undefined && installed !== undefined && stale(wanted, installed).length === 0 ? 0 : 1;
