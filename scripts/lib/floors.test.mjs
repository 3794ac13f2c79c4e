// The proof that biome.json enforces the house: every rule is broken on purpose in a scratch copy, and biome must say so.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { mayImport, pureRooms, roomNames, testMayImport } from './floors.mjs';

const root = join(import.meta.dirname, '..', '..');
let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'edge-agent-floors-'));
  for (const name of ['biome.json', 'package.json', '.gitignore']) copyFileSync(join(root, name), join(scratch, name));
  execFileSync('git', ['init', '-q'], { cwd: scratch });
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function write(path, text) {
  mkdirSync(dirname(join(scratch, path)), { recursive: true });
  writeFileSync(join(scratch, path), text);
}

/** Lints the scratch copy; answers the rules each file breaks. */
function lint() {
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '--colors=off', '.'];
  const run = spawnSync(join(root, 'node_modules/.bin/biome'), args, {
    cwd: scratch,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const found = new Map();
  for (const { category, location } of JSON.parse(run.stdout).diagnostics) {
    const path = typeof location.path === 'string' ? location.path : location.path?.file;
    const rules = found.get(path) ?? new Set();
    found.set(path, rules.add(category.split('/').at(-1)));
  }
  return (path) => found.get(path) ?? new Set();
}

test('every folder of src is a room of the table', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) assert.ok(roomNames.includes(name), `src/${name} is not in scripts/lib/floors.mjs`);
});

test('a room imports only from the floors below it, whatever the depth and the kind of import', () => {
  const forms = [
    (from) => `import { a } from '${from}';\nexport const b = a;\n`,
    (from) => `import type { A } from '${from}';\nexport type B = A;\n`,
    (from) => `export { a } from '${from}';\n`,
    (from) => `export const b = await import('${from}');\n`,
  ];
  const cases = [];
  for (const from of roomNames) {
    for (const to of roomNames) {
      if (from === to) continue;
      for (const [i, form] of forms.entries()) {
        cases.push([`src/${from}/to-${to}-${i}.ts`, form(`../${to}/a.js`), mayImport(from, to)]);
        cases.push([`src/${from}/deep/to-${to}-${i}.ts`, form(`../../${to}/deep/a.js`), mayImport(from, to)]);
      }
      const testForm = forms[0](`../${to}/a.js`);
      cases.push([`src/${from}/to-${to}.test.ts`, testForm, testMayImport(from, to)]);
    }
    cases.push([`src/${from}/own.ts`, forms[0]('./a.js'), true]);
    cases.push([`src/${from}/deep/own.ts`, forms[0]('../a.js'), true]);
    cases.push([`src/${from}/to-index.ts`, forms[0]('../index.js'), from === 'cli' || from === 'dashboard']);
  }
  for (const [path, text] of cases) write(path, text);
  const rulesOf = lint();
  const wrong = cases.filter(([path, , allowed]) => rulesOf(path).has('noRestrictedImports') === allowed);
  assert.deepEqual(
    wrong.map(([path, , allowed]) => `${path} should be ${allowed ? 'allowed' : 'refused'}`),
    [],
  );
});

test('the face of the library imports only from floors below it', () => {
  for (const to of roomNames) {
    write('src/index.ts', `export { a } from './${to}/a.js';\n`);
    assert.equal(lint()('src/index.ts').has('noRestrictedImports'), !mayImport('index', to), to);
  }
});

test('a service never imports another', () => {
  write('src/services/search/a.ts', "import { a } from '../alerts/b.js';\nexport const c = a;\n");
  write('src/services/search/b.ts', "import { a } from '../records.js';\nexport const c = a;\n");
  const rulesOf = lint();
  assert.ok(rulesOf('src/services/search/a.ts').has('noRestrictedImports'));
  assert.ok(!rulesOf('src/services/search/b.ts').has('noRestrictedImports'));
});

test('a service touches no module of node', () => {
  write('src/services/search/a.ts', "import * as a from 'node:fs';\nexport const c = a;\n");
  write('src/services/b.ts', "import * as a from 'node:fs';\nexport const c = a;\n");
  const rulesOf = lint();
  for (const path of ['search/a.ts', 'b.ts'])
    assert.ok(rulesOf(`src/services/${path}`).has('noRestrictedImports'), path);
});

test('pure rooms touch no module of node, no package with state, no clock, no chance and no process', () => {
  const imports = ['node:fs', 'node:crypto', 'fs', 'lmdb', 'zod', 'pino'];
  const globals = {
    date: 'new Date(0)',
    now: 'Date.now()',
    timeout: 'setTimeout(() => {}, 1)',
    interval: 'setInterval(() => {}, 1)',
    immediate: 'setImmediate(() => {})',
    performance: 'performance.now()',
    process: 'process.env',
    buffer: 'Buffer.alloc(1)',
    crypto: 'crypto.randomUUID()',
    escape: 'globalThis',
  };
  for (const room of pureRooms) {
    for (const [i, name] of imports.entries())
      write(`src/${room}/node-${i}.ts`, `import * as a from '${name}';\nexport const b = a;\n`);
    for (const [name, text] of Object.entries(globals))
      write(`src/${room}/global-${name}.ts`, `export const a = ${text};\n`);
    write(`src/${room}/chance.ts`, 'export const a = Math.random();\n');
    write(`src/${room}/proto.ts`, "import { create } from '@bufbuild/protobuf';\nexport const a = create;\n");
    write(`src/${room}/vectors.test.ts`, "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n");
  }
  const rulesOf = lint();
  for (const room of pureRooms) {
    for (const i of imports.keys())
      assert.ok(rulesOf(`src/${room}/node-${i}.ts`).has('noRestrictedImports'), `${room} ${imports[i]}`);
    for (const name of Object.keys(globals))
      assert.ok(rulesOf(`src/${room}/global-${name}.ts`).has('noRestrictedGlobals'), `${room} ${name}`);
    assert.ok(rulesOf(`src/${room}/chance.ts`).has('noJsRestrictedProperties'), room);
    assert.ok(!rulesOf(`src/${room}/proto.ts`).has('noRestrictedImports'), room);
    assert.ok(!rulesOf(`src/${room}/vectors.test.ts`).has('noRestrictedImports'), room);
  }
});

test('clocks and chance are read in the system room, the command line and the dashboard only', () => {
  const forbidden = {
    radios: false,
    storage: false,
    native: false,
    services: false,
    agent: false,
    http: false,
    sim: false,
  };
  const cases = { ...forbidden, system: true, cli: true, dashboard: true };
  const globals = { timeout: 'setTimeout(f, 1)', interval: 'setInterval(f, 1)', performance: 'performance.now()' };
  const properties = { now: 'Date.now()', random: 'Math.random()' };
  for (const room of Object.keys(cases)) {
    for (const [name, call] of Object.entries({ ...globals, ...properties })) {
      write(`src/${room}/${name}.ts`, `export const a = (f: () => void) => [f, ${call}];\n`);
    }
  }
  const rulesOf = lint();
  for (const [room, allowed] of Object.entries(cases)) {
    for (const name of Object.keys(globals)) {
      assert.equal(rulesOf(`src/${room}/${name}.ts`).has('noRestrictedGlobals'), !allowed, `${room} ${name}`);
    }
    for (const name of Object.keys(properties)) {
      assert.equal(rulesOf(`src/${room}/${name}.ts`).has('noJsRestrictedProperties'), !allowed, `${room} ${name}`);
    }
  }
});

test('the dashboard asks for nothing a browser does not have', () => {
  write('src/dashboard/process.ts', 'export const a = process.env;\n');
  write('src/dashboard/node.ts', "import { join } from 'node:path';\nexport const a = join;\n");
  const rulesOf = lint();
  assert.ok(rulesOf('src/dashboard/process.ts').has('noRestrictedGlobals'));
  assert.ok(rulesOf('src/dashboard/node.ts').has('noRestrictedImports'));
});

test('tests of the pure rooms and of the simulator never sleep; tests of adapters may', () => {
  for (const room of [...pureRooms, 'services', 'sim', 'radios', 'storage']) {
    write(`src/${room}/sleep.test.ts`, 'export const a = (f: () => void) => setTimeout(f, 1);\n');
  }
  const rulesOf = lint();
  for (const room of [...pureRooms, 'services', 'sim']) {
    assert.ok(rulesOf(`src/${room}/sleep.test.ts`).has('noRestrictedGlobals'), room);
  }
  for (const room of ['radios', 'storage'])
    assert.ok(!rulesOf(`src/${room}/sleep.test.ts`).has('noRestrictedGlobals'), room);
});

test('circles, barrels, default exports, lost promises, half-done switches and giants are refused', () => {
  const lines = (count) => Array.from({ length: count }, (_, i) => `  f(${i});`).join('\n');
  const cases = {
    noImportCycles: ['src/agent/one.ts', "import { b } from './two.js';\nexport const a = () => b;\n"],
    noBarrelFile: ['src/agent/barrel.ts', "export { a } from './one.js';\n"],
    noReExportAll: ['src/agent/all.ts', "export * from './one.js';\n"],
    noDefaultExport: ['src/agent/default.ts', 'export default 1;\n'],
    noFloatingPromises: ['src/agent/lost.ts', 'async function f(): Promise<number> {\n  return 1;\n}\nf();\n'],
    useExhaustiveSwitchCases: [
      'src/agent/half.ts',
      "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n      break;\n  }\n}\n",
    ],
    noExcessiveLinesPerFunction: [
      'src/agent/long.ts',
      `export function long(f: (n: number) => void): void {\n${lines(71)}\n}\n`,
    ],
    noExcessiveLinesPerFile: [
      'src/agent/giant.ts',
      `${Array.from({ length: 401 }, (_, i) => `export const a${i} = 1;`).join('\n')}\n`,
    ],
    noEnum: ['src/agent/enum.ts', 'export enum A {\n  B = 1,\n}\n'],
    noParameterProperties: ['src/agent/parameter.ts', 'export class A {\n  constructor(readonly b: number) {}\n}\n'],
    useImportExtensions: ['src/agent/extension.ts', "import { a } from './one';\nexport const b = a;\n"],
    noUndeclaredDependencies: ['src/agent/undeclared.ts', "import a from 'left-pad';\nexport const b = a;\n"],
    useFilenamingConvention: ['src/agent/BigName.ts', 'export const a = 1;\n'],
    noExplicitAny: ['src/agent/any.ts', 'export const a = (b: any): unknown => b;\n'],
    noConsole: ['src/agent/console.ts', "console.log('x');\n"],
  };
  for (const [path, text] of Object.values(cases)) write(path, text);
  write('src/agent/two.ts', "import { a } from './one.js';\nexport const b = () => a;\n");
  write('src/agent/type-one.ts', "import type { B } from './type-two.js';\nexport type A = { b: B };\n");
  write('src/agent/type-two.ts', "import type { A } from './type-one.js';\nexport type B = { a: A };\n");
  write('src/agent/dev.ts', "import fc from 'fast-check';\nexport const b = fc;\n");
  write('src/agent/dev.test.ts', "import fc from 'fast-check';\nexport const b = fc;\n");
  write('src/testing/dev.ts', "import fc from 'fast-check';\nexport const b = fc;\n");
  write('src/wire/gen/edge_pb.ts', 'export enum A {\n  B = 1,\n}\n');
  const rulesOf = lint();
  for (const [rule, [path]] of Object.entries(cases))
    assert.ok(rulesOf(path).has(rule), `${rule}: ${[...rulesOf(path)]}`);
  assert.ok(rulesOf('src/agent/type-one.ts').has('noImportCycles'), 'a circle of types is a circle');
  assert.ok(rulesOf('src/agent/dev.ts').has('noUndeclaredDependencies'), 'shipped code needs no development package');
  for (const path of ['src/agent/dev.test.ts', 'src/testing/dev.ts']) {
    assert.ok(!rulesOf(path).has('noUndeclaredDependencies'), path);
  }
  assert.equal(rulesOf('src/wire/gen/edge_pb.ts').size, 0, 'generated code is left alone');
});
