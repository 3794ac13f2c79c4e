// The checks of the house that the linter cannot make. Prints `file:line rule: what to do`; exit code 1 when it found any.
// What biome.json already refuses (floors, globals, circles, sizes of TypeScript) is not repeated here.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { roomNames } from './lib/floors.mjs';

const CLOCK_ROOMS = ['system', 'cli', 'dashboard', 'testing'];
const LINES_MAX = 400;
const TEST_LINES_MAX = 500;
/** Files that quote the past, where an old version is right. */
const HISTORY = ['CHANGELOG.md', 'DECISIONS.md'];
const UPSTREAM = ['LICENSE', 'package-lock.json'];

/** It breaks every rule on purpose. */
const OWN_TEST = 'scripts/tidy.test.mjs';

const GENERATED = /(^|\/)(gen|generated|vectors|fixtures|corpus)\//;
const BINARY = /\.(png|jpe?g|gif|ico|woff2?|bin|node|o|gz|tgz|zip|pdf)$/;
const isTest = (path) => /\.test\.(ts|tsx|mjs|js)$/.test(path);
const isTypeScript = (path) => /\.tsx?$/.test(path);

/** Comments and text blanked out, line breaks kept, so that a word in a comment is no call. */
export function codeOnly(text) {
  const blank = (match) => match.replaceAll(/[^\n]/g, ' ');
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/[^\n]*/g, blank);
}

const lineAt = (text, index) => text.slice(0, index).split('\n').length;

function* matches(text, pattern) {
  for (const match of text.matchAll(pattern)) yield { match, line: lineAt(text, match.index) };
}

function readTree(root) {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const files = new Map();
  for (const path of [...new Set(list.split('\0'))].sort()) {
    const full = join(root, path);
    if (path === '' || BINARY.test(path) || !existsSync(full) || !statSync(full).isFile()) continue;
    const text = readFileSync(full, 'utf8');
    if (!text.includes('\0')) files.set(path, text);
  }
  return files;
}

/** The doors to a clock that biome.json does not watch. */
const CLOCK_DOORS =
  /\b(?:import\s*\{(?<names>[^}]*)\}\s*from|from|import)\s*\(?\s*['"](?:node:)?(?:timers(?:\/promises)?|perf_hooks)['"]|\bprocess\s*\.\s*(?:hrtime|uptime)\b|\bnew\s+Date\s*(?:\(\s*\)|[;,\n])/g;
/** To let others have their turn is not to read a clock. */
const TURN_ONLY = /^\s*setImmediate(?:\s+as\s+\w+)?\s*,?\s*$/;

function* clocks(path, text) {
  const room = /^src\/([\w-]+)\//.exec(path)?.[1];
  if (!isTypeScript(path) || isTest(path) || room === undefined || CLOCK_ROOMS.includes(room)) return;
  for (const { line, match } of matches(codeOnly(text), CLOCK_DOORS)) {
    if (TURN_ONLY.test(match.groups.names ?? '')) continue;
    yield [
      line,
      'clock',
      `take the Clock port (src/ports/clock.ts): only src/{${CLOCK_ROOMS.join(',')}} read the system's`,
    ];
  }
}

function* sizes(path, text) {
  if (GENERATED.test(path) || !/\.(ts|tsx|mjs|js|c|cc|cpp|h|hpp|py|sh|cmake|css)$|(^|\/)scripts\/[\w-]+$/.test(path))
    return;
  const limit =
    isTest(path) || /(^|\/)tests?\//.test(path) || path.startsWith('src/testing/') ? TEST_LINES_MAX : LINES_MAX;
  const count = text.split('\n').length - 1;
  if (count > limit) yield [count, 'size', `split it: ${count} lines, and ${limit} are the most`];
}

function* tests(path, text) {
  if (!isTest(path) || path === OWN_TEST) return;
  const code = codeOnly(text);
  if (!/\btest(\.\w+)*\s*\(|\w\(\s*test\s*,/.test(code))
    yield [1, 'dead-test', 'it holds no test: write one or delete the file'];
  for (const { line, match } of matches(code, /\b(?:test|it|describe)(?:\.\w+)*\.(only|failing|todo)\b/g)) {
    yield [line, 'test-switch', `take .${match[1]} away: every test runs, and has to pass`];
  }
  for (const { line, match } of matches(code, /\.skip\s*\(\s*(?:'([^'\n]*)'|"([^"\n]*)"|`([^`]*)`)?/g)) {
    const title = match[1] ?? match[2] ?? match[3] ?? '';
    if (!/\(skipped: .+\)|\bneeds\b/.test(title)) {
      yield [line, 'test-switch', 'say why in the title: "… (skipped: reason)" or "… needs root"'];
    }
  }
}

// Spelt apart, so that this file does not find itself.
const UNFINISHED = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`, 'g');
const EMPTY = new RegExp(`\\b(?:not ${'implemented'}|un${'implemented'})\\b`, 'gi');

function* unfinished(path, text) {
  if (UPSTREAM.includes(path) || GENERATED.test(path)) return;
  for (const { line, match } of matches(text, UNFINISHED))
    yield [line, 'unfinished', `do it, or open an issue: no ${match[0]} here`];
  if (path.endsWith('.md') || isTest(path)) return;
  for (const { line } of matches(text, EMPTY)) yield [line, 'unfinished', 'build it, or leave it out'];
}

const MACHINE_PATH = /(?<![\w.$~}/-])\/(?:home|root|work|Users|workspace)\/[\w.-]+/g;

/** A test may make up a person's home. */
const INVENTED_PATH = /^\/(?:home|Users)\//;

function* machinePaths(path, text, { root }) {
  if (UPSTREAM.includes(path) || path === OWN_TEST) return;
  for (const { line, match } of matches(text, MACHINE_PATH)) {
    if (isTest(path) && INVENTED_PATH.test(match[0])) continue;
    yield [line, 'machine-path', `${match[0]} is a path of one machine: make it relative, or use $HOME`];
  }
  const at = text.indexOf(`${root}/`);
  if (at >= 0)
    yield [lineAt(text, at), 'machine-path', 'the place of this checkout is a path of one machine: make it relative'];
}

function* rooms(path) {
  const [top, room, ...rest] = path.split('/');
  if (top !== 'src' || rest.length === 0) return;
  if (!roomNames.includes(room))
    yield [1, 'room', `src/${room} is no room: add it to scripts/lib/floors.mjs and to biome.json, with its floor`];
  const twin = rest.slice(0, -1).find((name) => roomNames.includes(name));
  if (twin) yield [1, 'room', `rename the folder ${twin}: a folder named like a room escapes the floors of biome.json`];
}

function* ports(path, text) {
  if (!path.startsWith('src/ports/') || isTest(path)) return;
  for (const { line } of matches(
    codeOnly(text),
    /^export\s+(?:let|function|class|async)\b|^export\s+const\s+\w+[^=\n]*=\s*(?:async\s*)?\(/gm,
  )) {
    yield [line, 'ports', 'ports are types and constants: move what runs to src/core or to an adapter'];
  }
}

function* commands(path, text, { root }) {
  if (!/^scripts\/[\w-]+$|^\.ci\/run$/.test(path)) return;
  if ((statSync(join(root, path)).mode & 0o111) === 0) yield [1, 'command', `make it executable: chmod +x ${path}`];
  if (!text.startsWith('#!')) yield [1, 'command', 'begin it with #!'];
}

const EXACT = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.-]+)?$/;
const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies'];

function* pins(path, text) {
  if (path === 'package.json') {
    const manifest = JSON.parse(text);
    for (const section of SECTIONS) {
      for (const [name, version] of Object.entries(manifest[section] ?? {})) {
        if (EXACT.test(version)) continue;
        yield [lineAt(text, text.indexOf(`"${name}": "${version}"`)), 'pin', `pin ${name} exactly, not ${version}`];
      }
    }
  }
  if (path === 'package-lock.json') {
    const { packages = {} } = JSON.parse(text);
    const asked = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    for (const name of new Set(asked)) {
      if (Object.keys(packages).some((place) => place.endsWith(`node_modules/${name}`))) continue;
      yield [
        1,
        'pin',
        `lock ${name} too (npm drops optional packages at times): npm ci refuses a lock file without it`,
      ];
    }
  }
  if (path === 'package-lock.json' || path === '.npmrc') {
    for (const { line, match } of matches(
      text,
      /(?:"resolved": "|registry\s*=\s*)(?!https:\/\/registry\.npmjs\.org\/)(\S+)/g,
    )) {
      yield [line, 'pin', `name no registry but the public one: ${match[1]}`];
    }
  }
}

function versionsOf(files) {
  const manifest = JSON.parse(files.get('package.json') ?? '{}');
  const versions = new Map();
  for (const section of SECTIONS) {
    for (const [name, version] of Object.entries(manifest[section] ?? {})) {
      versions.set(name, version.split('@').at(-1));
      const alias = /^npm:(.+)@/.exec(version)?.[1];
      if (alias) versions.set(alias, version.split('@').at(-1));
    }
  }
  return versions;
}

function* quotedVersions(path, text, { versions }) {
  if (!path.endsWith('.md') || HISTORY.includes(path)) return;
  for (const { line, match } of matches(text, /(?<![\w/-])((?:@[\w.-]+\/)?[a-z][\w.-]*)`?[@ ]v?(\d+\.\d+\.\d+)\b/g)) {
    const real = versions.get(match[1]);
    if (real !== undefined && real !== match[2])
      yield [line, 'version', `package.json has ${match[1]} ${real}, not ${match[2]}`];
  }
}

function* links(path, text, { root, files }) {
  if (!path.endsWith('.md')) return;
  for (const { line, match } of matches(text, /\]\((?!\w+:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g)) {
    const target = normalize(join(dirname(path), match[1]));
    if (!existsSync(join(root, target))) yield [line, 'link', `${match[1]} does not exist`];
  }
  const readme = files.get('README.md') ?? '';
  if (/^docs\/[^/]+\.md$/.test(path) && !readme.includes(`(${path}`) && !readme.includes(`(./${path}`)) {
    yield [1, 'link', 'link it from README.md, or nobody finds it'];
  }
}

const RULES = [clocks, sizes, tests, unfinished, machinePaths, rooms, ports, commands, pins, quotedVersions, links];

/** Every complaint about the tree at `root`, as lines `file:line rule: what to do`. */
export function check(root) {
  const files = readTree(root);
  const context = { root, files, versions: versionsOf(files) };
  const complaints = [];
  for (const [path, text] of files) {
    for (const rule of RULES) {
      for (const [line, name, advice] of rule(path, text, context))
        complaints.push(`${path}:${line} ${name}: ${advice}`);
    }
  }
  return { complaints, count: files.size };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { complaints, count } = check(join(import.meta.dirname, '..'));
  for (const complaint of complaints) console.log(complaint);
  console.log(complaints.length === 0 ? `tidy: ${count} files are in order` : `tidy: ${complaints.length} to mend`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
