// Prints the coverage c8 measured by room, and fails when a room that has a floor of its own is below it.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Per cent of lines. The other rooms are reported only. */
const REQUIRED = { core: 90, wire: 90 };

const root = join(import.meta.dirname, '..', '..');

/** A file of types compiles to nothing: no test can cover it. */
function isTypesOnly(path) {
  try {
    const compiled = readFileSync(join(root, 'dist', relative('src', path)).replace(/\.tsx?$/, '.js'), 'utf8');
    return compiled.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '').trim() === 'export {};';
  } catch {
    return false;
  }
}

const summary = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'));
const rooms = new Map();
for (const [file, { lines }] of Object.entries(summary)) {
  const path = relative(root, file);
  const room = /^src\/([\w-]+)\//.exec(path)?.[1];
  if (room === undefined || isTypesOnly(path)) continue;
  const sum = rooms.get(room) ?? { covered: 0, total: 0 };
  rooms.set(room, { covered: sum.covered + lines.covered, total: sum.total + lines.total });
}

for (const [room, { covered, total }] of [...rooms].sort()) {
  const percent = (100 * covered) / total;
  const required = REQUIRED[room];
  const low = required !== undefined && percent < required;
  if (low) process.exitCode = 1;
  const note = required === undefined ? '' : ` (at least ${required} %${low ? ': too low' : ''})`;
  console.log(`src/${room}: ${percent.toFixed(1)} % of ${total} lines${note}`);
}
for (const room of Object.keys(REQUIRED)) {
  if (rooms.has(room)) continue;
  console.log(`src/${room}: no coverage was measured`);
  process.exitCode = 1;
}
