import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { removeStale } from './build.mjs';

test('what has no source any more leaves the build, and nothing else does', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'edge-agent-build-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
  };
  const kept = [
    'core/a.js',
    'core/a.js.map',
    'core/a.d.ts',
    'core/a.test.js',
    'dashboard/view.js',
    'dashboard/index.html',
  ];
  const stale = ['core/gone.js', 'core/gone.d.ts', 'core/gone.test.js', 'dashboard/old.css', 'attic/b.js'];
  for (const source of ['core/a.ts', 'core/a.test.ts', 'dashboard/view.tsx', 'dashboard/index.html'])
    write(`src/${source}`);
  for (const path of [...kept, ...stale]) write(`dist/${path}`);
  assert.deepEqual(removeStale(root).sort(), stale.sort());
  for (const path of kept) assert.ok(existsSync(join(root, 'dist', path)), path);
  assert.deepEqual(removeStale(root), []);
});
