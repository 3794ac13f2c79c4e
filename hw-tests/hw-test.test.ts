import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const SCRIPT = fileURLToPath(new URL('../scripts/hw-test', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hw-test-'));
test.after.always(() => rmSync(folder, { recursive: true }));

function hwTest(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(SCRIPT, ['--no-build', ...args], { encoding: 'utf8' });
}

function describe(text: string): string {
  const file = join(mkdtempSync(join(folder, 'rigs-')), 'rigs.toml');
  writeFileSync(file, text);
  return file;
}

test.serial('a rig, a flag or a suite that is none ends with 2 and the ones there are', (t) => {
  t.like(hwTest(), { status: 2 });
  t.regex(hwTest('--rig', 'moon').stderr, /no rig moon: emulated, uart/);
  t.like(hwTest('--rig', 'moon'), { status: 2 });
  t.like(hwTest('--fast'), { status: 2 });
  const { status, stderr } = hwTest('--rig', 'serial', 'ble-moon');
  t.is(status, 2);
  t.regex(stderr, /no suite ble-moon: .*contract.*pair/);
});

test.serial('a wrong description ends with 2, its place and what to write instead', (t) => {
  const file = describe('[rigs.a]\nabout = "x"\nradios = ["ble:hci0"]\n');
  const { status, stderr } = hwTest('--rig', 'a', '--file', file);
  t.is(status, 2);
  t.regex(stderr, /rigs\.a\.radios: a rig has two radios/);
  t.regex(stderr, /fix: /);
});

test.serial('a rig that lacks its radios runs nothing, ends with 3 and names what mends it', (t) => {
  const [a, b] = ['a', 'b'].map((name) => `serial:${join(folder, `no-such-tty-${name}`)}`);
  const file = describe(`[rigs.mine]\nabout = "x"\nradios = ["${a}", "${b}"]\n`);
  const { status, stderr } = hwTest('--rig', 'mine', '--file', file);
  t.is(status, 3);
  t.regex(stderr, /✘ serial:.*no-such-tty-a: no device .*; fix: plug it in/);
  t.regex(stderr, /no-such-tty-b/);
  const json = hwTest('--rig', 'mine', '--file', file, '--json');
  t.is(json.status, 3);
  t.like(JSON.parse(json.stdout), { rig: 'mine', ok: false, checks: [{ ok: false }, { ok: false }] });
});

test.serial('the list says which suites suit a rig, and why the others do not', (t) => {
  const suites = JSON.parse(hwTest('--rig', 'serial', '--list', '--json').stdout) as { id: string; skipped?: string }[];
  t.deepEqual(
    suites.filter(({ skipped }) => skipped === undefined).map(({ id }) => id),
    ['contract', 'pair'],
  );
  t.regex(suites.find(({ id }) => id === 'ble-faults')?.skipped ?? '', /--rig emulated/);
});
