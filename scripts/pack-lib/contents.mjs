// What is wrong with the files of the package.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';

/** An agent works without any of the others; these it needs, or promises. */
const NEEDED = [
  'package.json',
  'LICENSE',
  'README.md',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cli/main.js',
  'dist/native/hot-path.js',
  'dist/dashboard/index.html',
  'binding.gyp',
  'scripts/install.mjs',
  'examples/01-basic-setup.mjs',
  'scenarios/fence-line.toml',
  'examples/push_detections.py',
];
const UNWANTED = /\.test\.|(?:^|\/)tests?\/|^dist\/testing\/|\.map$|\.log$|(?:^|\/)node_modules\/|^src\/|__pycache__/;
/** Homes of people and of build machines; `$HOME` and the like are fine. */
const MACHINE_PATH = /(?<![\w.$~}/-])\/(?:home|root|work|Users|workspace|builds?)\/[\w.-]+/;
/** A documentation may name a person's home as an example. */
const INVENTED_HOME = /^\/(?:home|Users)\/(?:pi|me|you|user|ada)\b/;

export function filesUnder(folder, at = folder) {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    return entry.isDirectory() ? filesUnder(folder, path) : [relative(folder, path)];
  });
}

function machinePath(bytes, places) {
  const text = bytes.toString('latin1');
  const place = places.find((path) => text.includes(path));
  if (place !== undefined) return place;
  const found = MACHINE_PATH.exec(text)?.[0];
  return found !== undefined && !INVENTED_HOME.test(found) ? found : undefined;
}

/** @returns {{faults: string[], files: number, bytes: number}} */
export function inspect(folder, checkout) {
  const files = filesUnder(folder);
  const places = [checkout, homedir()].filter((path) => path.length > 1).map((path) => `${path}/`);
  const faults = NEEDED.filter((path) => !files.includes(path)).map((path) => `${path} is missing`);
  let bytes = 0;
  for (const path of files) {
    const full = join(folder, path);
    bytes += statSync(full).size;
    if (UNWANTED.test(path)) faults.push(`${path} does not belong into the package`);
    const found = machinePath(readFileSync(full), places);
    if (found !== undefined) faults.push(`${path} names the machine's path ${found}`);
  }
  return { faults, files: files.length, bytes };
}
