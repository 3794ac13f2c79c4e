import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { check, codeOnly } from './tidy.mjs';

const TEST_HEAD = "import test from 'ava';\n";
const GOOD_TEST = `${TEST_HEAD}test('it holds', (t) => t.pass());\n`;
const MANIFEST = JSON.stringify({ dependencies: { lmdb: '3.5.6', ble: 'npm:@maker/ble@2.8.0' } }, null, 2);

/** Checks a tree made of `files`; answers the complaints. A value may be [text, mode]. */
function complaintsOf(t, files) {
  const root = mkdtempSync(join(tmpdir(), 'edge-agent-tidy-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  execFileSync('git', ['init', '-q'], { cwd: root });
  for (const [path, content] of Object.entries(files)) {
    const [text, mode] = Array.isArray(content) ? content : [content, 0o644];
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text.replaceAll('ROOT', root));
    chmodSync(join(root, path), mode);
  }
  return check(root).complaints;
}

const refused = {
  'a clock through the timers module': [
    { 'src/agent/a.ts': "import { setTimeout } from 'node:timers/promises';\n" },
    'src/agent/a.ts:1 clock:',
  ],
  'a clock through the process': [
    { 'src/http/a.ts': '\nexport const a = process.hrtime();\n' },
    'src/http/a.ts:2 clock:',
  ],
  'a date of now': [{ 'src/agent/a.ts': 'export const a = new Date();\n' }, 'src/agent/a.ts:1 clock:'],
  'a lock file that dropped a package': [
    {
      'package-lock.json':
        '{ "packages": { "node_modules/a": { "optionalDependencies": { "@b/arm64": "1.0.0" } } } }\n',
    },
    'package-lock.json:1 pin:',
  ],
  'a long C++ file': [{ 'native/core/a.cpp': 'int a;\n'.repeat(401) }, 'native/core/a.cpp:401 size:'],
  'a test file without a test': [{ 'src/core/a.test.ts': TEST_HEAD }, 'src/core/a.test.ts:1 dead-test:'],
  'a test file whose test is a comment': [
    { 'src/core/a.test.ts': `${TEST_HEAD}// test('x')\n` },
    'src/core/a.test.ts:1 dead-test:',
  ],
  'a test that runs alone': [
    { 'src/core/a.test.ts': `${GOOD_TEST}test.only('x', (t) => t.pass());\n` },
    'src/core/a.test.ts:3 test-switch:',
  ],
  'a test that is known to fail': [
    { 'src/core/a.test.ts': `${GOOD_TEST}test.serial.failing('x', () => {});\n` },
    'src/core/a.test.ts:3 test-switch:',
  ],
  'a skipped test without a reason': [
    { 'src/core/a.test.ts': `${GOOD_TEST}test.skip('x', (t) => t.pass());\n` },
    'src/core/a.test.ts:3 test-switch:',
  ],
  'an open end': [{ 'native/a.cpp': `// ${'TO'}DO later\n` }, 'native/a.cpp:1 unfinished:'],
  'an empty promise': [
    { 'src/core/a.ts': `throw new Error('not ${'implemented'}');\n` },
    'src/core/a.ts:1 unfinished:',
  ],
  'a path of a home': [{ 'docs.txt': 'see /home/someone/x\n' }, 'docs.txt:1 machine-path:'],
  'the path of the checkout': [{ 'notes.txt': 'see ROOT/x\n' }, 'notes.txt:1 machine-path:'],
  'a room nobody planned': [{ 'src/attic/a.ts': 'export const a = 1;\n' }, 'src/attic/a.ts:1 room:'],
  'a folder that poses as a room': [{ 'src/agent/mesh/a.ts': 'export const a = 1;\n' }, 'src/agent/mesh/a.ts:1 room:'],
  'a port that runs': [
    { 'src/ports/a.ts': 'export const A = { b: 1 } as const;\nexport function a() {}\n' },
    'src/ports/a.ts:2 ports:',
  ],
  'a command that cannot run': [{ 'scripts/go': '#!/bin/sh\n' }, 'scripts/go:1 command:'],
  'a command without a shebang': [{ '.ci/run': ['exit 0\n', 0o755] }, '.ci/run:1 command:'],
  'a loose version': [
    { 'package.json': '{\n  "dependencies": {\n    "lmdb": "^3.5.6"\n  }\n}\n' },
    'package.json:3 pin:',
  ],
  'a registry of one place': [
    { 'package-lock.json': '{ "resolved": "https://mirror.example/a.tgz" }\n' },
    'package-lock.json:1 pin:',
  ],
  'a stale version in a document': [
    { 'package.json': MANIFEST, 'README.md': '\nlmdb 3.5.5\n' },
    'README.md:2 version:',
  ],
  'a stale version of an alias': [
    { 'package.json': MANIFEST, 'README.md': '@maker/ble@2.7.0\n' },
    'README.md:1 version:',
  ],
  'a document nobody links': [{ 'docs/a.md': '# A\n', 'README.md': '# R\n' }, 'docs/a.md:1 link:'],
  'a link into nothing': [{ 'README.md': '\n\n[a](docs/b.md)\n' }, 'README.md:3 link:'],
};

for (const [what, [files, expected]] of Object.entries(refused)) {
  test(`${what} is refused`, (t) => {
    const complaints = complaintsOf(t, files);
    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.ok(complaints[0].startsWith(expected), complaints[0]);
  });
}

test('a tree in order raises no complaint', (t) => {
  const complaints = complaintsOf(t, {
    'package.json': MANIFEST,
    'package-lock.json': '{ "resolved": "https://registry.npmjs.org/a.tgz" }\n',
    'README.md':
      '[protocol](docs/protocol.md) on lmdb 3.5.6, @maker/ble@2.8.0 and [the web](https://example.org/home/x)\n',
    'CHANGELOG.md': 'moved from lmdb 3.5.5\n',
    'docs/protocol.md': 'See [the face](../README.md#top) and `~/x`, $HOME/y, src/work/z.\n',
    'src/ports/clock.ts': 'export interface Clock {\n  now(): number;\n}\n',
    'src/system/clock.ts':
      "import { performance } from 'node:perf_hooks';\nexport const now = () => performance.now();\n",
    'src/native/turn.ts': "import { setImmediate as turn } from 'node:timers/promises';\nexport const a = turn;\n",
    'src/agent/date.ts': 'export const a = (ms: number | Date) => (ms instanceof Date ? ms : new Date(ms));\n',
    'src/agent/a.ts': '// process.hrtime is what src/system reads\nexport const a = 1;\n',
    'src/agent/a.test.ts': `${GOOD_TEST}test.skip('a veth pair joins them (skipped: needs root)', (t) => t.is('/home/u/x', t.title));\n`,
    'src/radios/a.test.ts': `${TEST_HEAD}import { radioContract } from '../testing/contracts/radio.js';\nradioContract(test, 'a', make);\n`,
    'scripts/go': ['#!/bin/sh\n', 0o755],
  });
  assert.deepEqual(complaints, []);
});

test('comments are blanked, addresses and line numbers kept', () => {
  assert.equal(codeOnly("a; // b\n/* c\nd */ e('http://x')"), "a;     \n    \n     e('http://x')");
});
