// scripts/build: compiles src/ to dist/ and the dashboard to dist/dashboard/, and removes from dist/ what has no source any more.
// The addon is built apart, by scripts/build-native.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const COMPILED = /\.(?:d\.ts|js\.map|js)$/;
const isSource = (path) => /\.tsx?$/.test(path) || path.endsWith('tsconfig.json');

function* filesUnder(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

/** Removes what an earlier build left in dist/ of a source that is gone: a stale test would still run, and pass. */
export function removeStale(root) {
  const [src, dist] = [join(root, 'src'), join(root, 'dist')];
  const removed = [];
  for (const path of filesUnder(dist)) {
    const place = relative(dist, path);
    const stem = join(src, place.replace(COMPILED, ''));
    const alive =
      existsSync(join(src, place)) || (COMPILED.test(place) && ['.ts', '.tsx'].some((end) => existsSync(stem + end)));
    if (alive) continue;
    rmSync(path);
    removed.push(place);
  }
  return removed;
}

/** Copies every file of `from` that `wanted` takes to the same place under `to`; answers how many. */
function copyTree(from, to, wanted) {
  let count = 0;
  for (const path of filesUnder(from)) {
    if (!wanted(path)) continue;
    const target = join(to, relative(from, path));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
    count++;
  }
  return count;
}

function compile(root, project) {
  const compiler = join(root, 'node_modules/.bin/tsc');
  if (!existsSync(compiler)) throw new Error('the compiler is missing: run scripts/setup first');
  return spawnSync(compiler, ['-p', project], { cwd: root, stdio: 'inherit' }).status === 0;
}

/** The page has its own compiler options (a browser, not Node) and brings its HTML and CSS along. */
function buildDashboard(root) {
  const [source, out] = [join(root, 'src/dashboard'), join(root, 'build/dashboard')];
  const target = join(root, 'dist/dashboard');
  rmSync(out, { recursive: true, force: true });
  const hasScript = [...filesUnder(source)].some((path) => /\.tsx?$/.test(path));
  const compiled = !hasScript || compile(root, 'src/dashboard');
  // The page's types come from src/http, which its compiler therefore emits again: only its own folder is taken.
  const scripts = copyTree(join(out, 'dashboard'), target, () => true);
  const assets = copyTree(source, target, (path) => !isSource(path));
  return { compiled, files: scripts + assets };
}

export function build(root) {
  const library = compile(root, '.');
  const { compiled, files } = buildDashboard(root);
  const stale = removeStale(root);
  return { ok: library && compiled, dashboardFiles: files, stale };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { ok, dashboardFiles, stale } = build(join(import.meta.dirname, '..', '..'));
  for (const path of stale) console.log(`build: removed dist/${path}, whose source is gone`);
  console.log(ok ? `build: done, ${dashboardFiles} files in dist/dashboard` : 'build: failed (see above)');
  process.exitCode = ok ? 0 : 1;
}
