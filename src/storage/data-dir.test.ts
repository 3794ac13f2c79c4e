import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EdgeError } from '../core/errors.js';
import { defaultDataDir, openDataDir } from './data-dir.js';
import type { Migration } from './format-file.js';
import { readRuntime } from './runtime-file.js';

const scratch = (): string => mkdtempSync(join(tmpdir(), 'edge-data-'));
const caught = (body: () => unknown): EdgeError => {
  try {
    body();
  } catch (error) {
    if (error instanceof EdgeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const MODULE = new URL('./data-dir.js', import.meta.url).href;
const script = (body: string): string[] => [
  '--input-type=module',
  '-e',
  `import { openDataDir } from '${MODULE}'; ${body}`,
];

test('the default place is systemd’s, else the XDG one, else in the home', (t) => {
  t.is(defaultDataDir({ STATE_DIRECTORY: '/var/lib/edge-agent:/var/lib/other' }, '/home/u'), '/var/lib/edge-agent');
  t.is(defaultDataDir({ XDG_STATE_HOME: '/state' }, '/home/u'), '/state/edge-agent');
  t.is(defaultDataDir({ XDG_STATE_HOME: 'relative' }, '/home/u'), '/home/u/.local/state/edge-agent');
  t.is(defaultDataDir({}, '/home/u'), '/home/u/.local/state/edge-agent');
  const asService = defaultDataDir({ INVOCATION_ID: 'x' }, '/home/u');
  t.is(asService, process.getuid?.() === 0 ? '/var/lib/edge-agent' : '/home/u/.local/state/edge-agent');
});

test('a new directory is made for its owner only, with its format', (t) => {
  const path = join(scratch(), 'deep', 'down');
  const data = openDataDir({ path });
  t.is(statSync(path).mode & 0o777, 0o700);
  t.is(readFileSync(join(path, 'format'), 'utf8'), '1\n');
  data.close();
  openDataDir({ path }).close();
});

test('what the agent publishes can be read while it runs, by its owner only', (t) => {
  const path = scratch();
  const data = openDataDir({ path });
  const info = { pid: 7, url: 'http://127.0.0.1:7070', nodeId: '0011223344556677', startedAt: 1 };
  t.is(readRuntime(path), undefined);
  data.publish(info);
  t.deepEqual(readRuntime(path), info);
  t.is(statSync(join(path, 'runtime.json')).mode & 0o777, 0o600);
  data.close();
  t.is(readRuntime(path), undefined);
  for (const garbage of ['', '{', 'null', '[]', '{"pid":"7"}']) {
    writeFileSync(join(path, 'runtime.json'), garbage);
    t.is(readRuntime(path), undefined, garbage);
  }
});

test('a second agent is refused with the pid of the first, until that one stops', (t) => {
  const path = scratch();
  const first = openDataDir({ path });
  const error = caught(() => openDataDir({ path }));
  t.is(error.code, 'data.locked');
  t.true(error.message.includes(`${process.pid}`));
  t.is(error.details?.['pid'], process.pid);
  first.close();
  openDataDir({ path }).close();
});

test('a lock dies with its process under kill -9, and what that one published goes', async (t) => {
  const path = scratch();
  const body = `openDataDir({ path: ${JSON.stringify(path)} }).publish({ pid: 1, url: 'u', nodeId: 'n', startedAt: 1 });
    console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, script(body), { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  t.is(caught(() => openDataDir({ path })).details?.['pid'], child.pid);
  t.not(readRuntime(path), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const data = openDataDir({ path });
  t.is(readRuntime(path), undefined);
  data.close();
});

test('a stale lock is taken when its pid lives on as another process', (t) => {
  const path = scratch();
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  for (const stale of [
    `${process.pid} 1 ${boot}\n`,
    `${process.ppid} 1 ${boot}`,
    '',
    'garbage',
    '-1 x y',
    `999999999 5 ${boot}`,
  ]) {
    const numbers = readdirSync(path).flatMap((name) => (name.startsWith('lock.') ? [Number(name.slice(5))] : []));
    writeFileSync(join(path, `lock.${Math.max(0, ...numbers) + 1}`), stale);
    t.notThrows(() => openDataDir({ path }).close(), JSON.stringify(stale));
  }
});

test('of many starters at once over a stale lock exactly one gets the directory', async (t) => {
  const path = scratch();
  writeFileSync(join(path, 'lock.41'), 'stale');
  const body = `try { openDataDir({ path: ${JSON.stringify(path)} }); console.log('won'); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.code); }`;
  const children = Array.from({ length: 8 }, () =>
    spawn(process.execPath, script(body), { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const answers = await Promise.all(
    children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()),
  );
  for (const child of children) child.kill('SIGKILL');
  t.deepEqual(answers.sort(), [...Array<string>(7).fill('data.locked'), 'won']);
  t.deepEqual(readdirSync(path).filter((name) => name.startsWith('lock')).length, 1);
});

test('a newer or senseless format is refused and the directory is left unlocked', (t) => {
  const path = scratch();
  writeFileSync(join(path, 'format'), '3\n');
  const error = caught(() => openDataDir({ path }));
  t.is(error.code, 'data.format');
  t.regex(error.message, /format 3.*format 1/);
  t.truthy(error.fix);
  for (const text of ['', 'two', '0', '-1', '1.5', '999999999999']) {
    writeFileSync(join(path, 'format'), text);
    t.is(caught(() => openDataDir({ path })).code, 'data.format', text);
  }
  writeFileSync(join(path, 'format'), '1');
  openDataDir({ path }).close();
});

test('an old directory is brought forward step by step, and a failed step is tried again', (t) => {
  const path = scratch();
  openDataDir({ path }).close();
  const ran: string[] = [];
  let failing = true;
  const migrations: Migration[] = [
    { from: 1, what: 'one to two', run: (directory) => writeFileSync(join(directory, 'two'), String(ran.push('1→2'))) },
    {
      from: 2,
      what: 'two to three',
      run: () => {
        if (failing) throw new Error('no luck');
        ran.push('2→3');
      },
    },
  ];
  const open = () => openDataDir({ path, version: 3, migrations });
  const error = caught(open);
  t.is(error.code, 'data.migration');
  t.regex(error.message, /two to three.*no luck/);
  t.is(readFileSync(join(path, 'format'), 'utf8'), '2\n');
  failing = false;
  open().close();
  t.deepEqual(ran, ['1→2', '2→3']);
  t.true(existsSync(join(path, 'two')));
  t.is(caught(() => openDataDir({ path, version: 5, migrations })).code, 'data.format', 'no way from 3 to 5');
});

test('a directory that may not be written names the path and the remedy', (t) => {
  const base = scratch();
  const path = join(base, 'locked');
  mkdirSync(path);
  chmodSync(base, 0o755);
  chmodSync(path, 0o555);
  const body = `process.getuid() === 0 && (process.setgid(65534), process.setuid(65534));
    for (const path of ${JSON.stringify([path, join(path, 'below')])})
      try { openDataDir({ path }); } catch (error) { console.log(error.code, error.message, error.fix); }`;
  const lines = execFileSync(process.execPath, script(body)).toString().trim().split('\n');
  t.is(lines.length, 2);
  for (const line of lines) {
    t.regex(line, /^data\.permission /);
    t.true(line.includes(path) && line.includes('chown') && line.includes('--data'));
  }
  writeFileSync(join(base, 'file'), '');
  const error = caught(() => openDataDir({ path: join(base, 'file', 'x') }));
  t.is(error.code, 'data.failed');
  t.true(error.message.includes(join(base, 'file')));
});
