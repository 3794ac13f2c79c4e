import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EdgeError, messageOf } from '../core/errors.js';
import type { Store, StoreOp } from '../ports/store.js';
import { storeContract } from '../testing/contracts/store.js';
import { MAX_QUEUED_BATCHES, openLmdbStore } from './lmdb.js';

const scratch = (): string => mkdtempSync(join(tmpdir(), 'edge-store-'));
const codeOf = (error: unknown): string => (error instanceof EdgeError ? error.code : `not an EdgeError: ${error}`);
const filled = (bytes: number) => new Uint8Array(bytes).fill(5);
const put = (key: string, value: Uint8Array = filled(10), space = 'a'): StoreOp => ({ op: 'put', space, key, value });

storeContract('lmdb', async ({ maxBytes }) => {
  const path = scratch();
  let store = openLmdbStore({ path, maxBytes });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = openLmdbStore({ path, maxBytes });
      return store;
    },
    dispose: async () => {
      await store.close();
      rmSync(path, { recursive: true });
    },
  };
});

test('the directory and its files are readable by their owner only', async (t) => {
  const path = join(scratch(), 'store');
  const store = openLmdbStore({ path, maxBytes: 1e7 });
  await store.batch([put('k')]);
  t.is(statSync(path).mode & 0o777, 0o700);
  t.is(statSync(join(path, 'data.mdb')).mode & 0o077, 0);
  await store.close();
});

test('a read-only store sees what another wrote, also in a new space, and refuses to write', async (t) => {
  const path = scratch();
  const writer = openLmdbStore({ path, maxBytes: 1e7 });
  await writer.batch([put('k')]);
  await writer.close();
  const reader = openLmdbStore({ path, maxBytes: 1e7, readOnly: true });
  t.is(reader.get('a', 'k')?.length, 10);
  t.is(reader.count('nothing'), 0);
  t.is(codeOf(await t.throwsAsync(reader.batch([put('j')]))), 'store.readonly');
  await reader.close();
});

test('a store that cannot be opened is a clear failure, never a crash', (t) => {
  const fails = (path: string, readOnly = false) =>
    codeOf(t.throws(() => openLmdbStore({ path, maxBytes: 1e7, readOnly })));
  const garbage = scratch();
  for (const bytes of [1, 60, 100, 5_000, 20_000]) {
    writeFileSync(join(garbage, 'data.mdb'), Buffer.alloc(bytes, 0x5a));
    t.is(fails(garbage), 'store.failed');
  }
  writeFileSync(join(garbage, 'file'), '');
  t.is(fails(join(garbage, 'file', 'x')), 'store.failed');
  t.is(fails(scratch(), true), 'store.failed', 'read-only and nothing there');
  const wrong = scratch();
  mkdirSync(join(wrong, 'data.mdb'));
  t.is(fails(wrong), 'store.failed');
});

test('a data file whose second meta page is damaged is refused', async (t) => {
  const path = scratch();
  const store = openLmdbStore({ path, maxBytes: 1e7 });
  await store.batch([put('k')]);
  await store.close();
  const data = readFileSync(join(path, 'data.mdb'));
  data.fill(0, 4_096, 8_192);
  writeFileSync(join(path, 'data.mdb'), data);
  t.is(codeOf(t.throws(() => openLmdbStore({ path, maxBytes: 1e7 }))), 'store.failed');
});

test('a queue that outgrows its limit refuses with store.busy and loses nothing', async (t) => {
  const path = scratch();
  const store = openLmdbStore({ path, maxBytes: 1e8 });
  const results = await Promise.allSettled(
    Array.from({ length: MAX_QUEUED_BATCHES + 10 }, (_, i) => store.batch([put(`k${i}`)])),
  );
  const refused = results.filter((result) => result.status === 'rejected');
  t.true(refused.length > 0 && refused.every((result) => codeOf(result.reason) === 'store.busy'));
  t.is(store.count('a'), results.length - refused.length);
  await store.close();
});

test('overwriting for long keeps the file near its cap', async (t) => {
  const path = scratch();
  const maxBytes = 4 * 1024 * 1024;
  const store = openLmdbStore({ path, maxBytes });
  for (let round = 0; round < 60; round++)
    await store.batch(Array.from({ length: 100 }, (_, i) => put(`k${(round * 37 + i) % 300}`, filled(3_000))));
  t.is(store.count('a'), 300);
  t.true(statSync(join(path, 'data.mdb')).size < 2 * maxBytes);
  await store.close();
});

const mountSmallDisk = (path: string): unknown =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path], { stdio: 'pipe' });
const unmount = (path: string): unknown => execFileSync('umount', ['-l', path]);

/** Why a small file system cannot be mounted here, or `undefined` when it can. */
function mountFault(): string | undefined {
  const path = scratch();
  try {
    mountSmallDisk(path);
    unmount(path);
    return undefined;
  } catch (error) {
    return messageOf(error).split('\n')[1] ?? messageOf(error);
  }
}

const fault = mountFault();
const diskTest = fault === undefined ? test.serial : test.serial.skip;
const skipNote = fault === undefined ? '' : ` (needs a mount: ${fault})`;

async function fill(store: Store): Promise<{ stored: number; error: unknown }> {
  for (let stored = 0; stored < 200; stored++) {
    try {
      await store.batch(Array.from({ length: 40 }, (_, j) => put(`${stored}-${j}`, filled(3_000))));
    } catch (error) {
      return { stored, error };
    }
  }
  return { stored: 200, error: undefined };
}

for (const [title, freeBytes] of [
  ['foreseen', undefined],
  ['met in the middle of a commit', () => Number.MAX_SAFE_INTEGER],
] as const) {
  diskTest(`a full disk ${title} refuses the batch whole, and deletes make room again${skipNote}`, async (t) => {
    const disk = scratch();
    mountSmallDisk(disk);
    t.teardown(() => unmount(disk));
    const path = join(disk, 'store');
    const open = () => openLmdbStore({ path, maxBytes: 1e9, ...(freeBytes ? { freeBytes } : {}) });
    const store = open();
    const { stored, error } = await fill(store);
    // Without the foresight a short write looks like an I/O error.
    t.regex(codeOf(error), freeBytes ? /^store\.(full|failed)$/ : /^store\.full$/);
    t.true(stored > 10);
    t.is(store.count('a'), stored * 40);
    t.is(store.get('a', `${stored}-0`), undefined);
    for (let i = 0; i < stored; i += 2)
      await store.batch(Array.from({ length: 40 }, (_, j) => ({ op: 'delete', space: 'a', key: `${i}-${j}` })));
    await store.batch([put('again', filled(3_000)), put('new-space', filled(3_000), 'b')]);
    const left = store.count('a');
    await store.close();
    const again = open();
    t.is(again.count('a'), left);
    t.is(again.get('a', '1-39')?.length, 3_000);
    t.is(again.get('b', 'new-space')?.length, 3_000);
    await again.close();
  });
}

test('every batch that resolved survives kill -9, and none is there in part', async (t) => {
  const path = scratch();
  const module = new URL('./lmdb.js', import.meta.url).href;
  const script = `import { openLmdbStore } from '${module}';
    const store = openLmdbStore({ path: ${JSON.stringify(path)}, maxBytes: 1e9 });
    const value = new Uint8Array(2_000);
    for (let i = 0; ; i++) {
      await store.batch(Array.from({ length: 20 }, (_, j) => ({ op: 'put', space: j % 2 ? 'a' : 'b', key: i + '-' + j, value })));
      process.stdout.write(i + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    if (output.length > 400) child.kill('SIGKILL');
  }
  const acknowledged = output.split('\n').length - 1;
  t.true(acknowledged > 50);
  const store = openLmdbStore({ path, maxBytes: 1e9 });
  const [odd, even] = [store.count('a'), store.count('b')];
  t.is(odd, even);
  t.is((odd + even) % 20, 0);
  t.true(odd + even >= acknowledged * 20, `${odd + even} entries of ${acknowledged} batches`);
  await store.close();
});
