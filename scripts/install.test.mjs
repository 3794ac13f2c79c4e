import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A package as npm unpacks it, in a folder of its own. */
function unpack(t) {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-install-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of [
    'package.json',
    'binding.gyp',
    'native/core',
    'native/addon',
    'native/sources.gypi',
    'scripts/install.mjs',
  ]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function install(folder, env = {}) {
  const { PATH, HOME } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['scripts/install.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH, HOME, ...env },
  });
  assert.equal(status, 0);
  assert.equal(stdout.trim().split('\n').length, 1, 'one line');
  return stdout;
}

test('EDGE_AGENT_HOT_PATH=js compiles nothing', (t) => {
  const folder = unpack(t);
  assert.match(install(folder, { EDGE_AGENT_HOT_PATH: 'js' }), /JavaScript hot path serves, because/);
  assert.ok(!existsSync(join(folder, 'build')));
});

test('without a compiler the installation succeeds, and says what serves and why', (t) => {
  const folder = unpack(t);
  const line = install(folder, { PATH: '/nonexistent' });
  assert.match(line, /JavaScript hot path serves: no binary .*\(not there\), and compiling one failed \(.+\)/);
});

test('a binary that does not load is passed over, with the reason', (t) => {
  const folder = unpack(t);
  const place = join(folder, `prebuilds/${process.platform}-${process.arch}`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'edge_agent.node'), 'not a binary');
  const line = install(folder, { PATH: '/nonexistent' });
  assert.match(line, /JavaScript hot path serves: no binary .*\(.*(?:file too short|invalid ELF).*\)/);
});

test('a shipped binary serves as it is', (t) => {
  const binary = ['native/build/Release', 'build/Release']
    .map((path) => join(root, path, 'edge_agent.node'))
    .find(existsSync);
  if (!binary) return t.skip('needs an addon that is built');
  const folder = unpack(t);
  const place = join(folder, `prebuilds/${process.platform}-${process.arch}`);
  cpSync(binary, join(place, 'edge_agent.node'));
  assert.match(install(folder, { PATH: '/nonexistent' }), /native hot path serves, from prebuilds\//);
});

test('what build-native made serves without being compiled again, unless the sources are newer', (t) => {
  const path = 'native/build/Release/edge_agent.node';
  const binary = [path, 'build/Release/edge_agent.node'].map((name) => join(root, name)).find(existsSync);
  if (!binary) return t.skip('needs an addon that is built');
  const folder = unpack(t);
  const old = join(folder, 'build/Release/edge_agent.node');
  cpSync(binary, join(folder, path));
  cpSync(binary, old);
  utimesSync(old, 0, 0);
  assert.match(install(folder, { PATH: '/nonexistent' }), /native hot path serves, from native\/build\//);
  assert.ok(!existsSync(old), 'an older one would go before it');
  utimesSync(join(folder, path), 0, 0);
  assert.match(install(folder, { PATH: '/nonexistent' }), /compiling one failed/);
});
