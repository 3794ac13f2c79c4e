import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { inspect } from './contents.mjs';

test('a package with tests, maps or paths of a machine is found out, and so is what it lacks', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-contents-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const checkout = '/srv/somewhere/checkout';
  const files = {
    'package.json': '{}',
    'dist/a.test.js': '',
    'dist/a.js.map': '',
    'dist/path.js': `import '${checkout}/src/x.js'`,
    'dist/home.js': `// ${['', 'root', 'thing'].join('/')}`,
    'docs/a.md': 'see /home/pi/data and $HOME/work/x',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { faults, files: count } = inspect(folder, checkout);
  assert.equal(count, Object.keys(files).length);
  for (const pattern of [
    /dist\/a\.test\.js does not belong/,
    /a\.js\.map does not belong/,
    /path\.js names/,
    /home\.js names/,
    /LICENSE is missing/,
  ]) {
    assert.ok(
      faults.some((fault) => pattern.test(fault)),
      String(pattern),
    );
  }
  assert.ok(!faults.some((fault) => fault.includes('docs/a.md')), 'an invented home is fine');
});
