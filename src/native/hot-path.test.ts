import { existsSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { HotPathKind } from '../ports/hot-path.js';
import { hotPathContract } from '../testing/contracts/hot-path.js';
import { createHotPath, describeHotPath, nativeHotPath } from './hot-path.js';
import { ADDON_ABI, ADDON_PATHS, loadAddon } from './load.js';

// What these tests set they must be the only ones to set; a test file has an environment of its own.
for (const name of ['EDGE_AGENT_HOT_PATH', 'EDGE_AGENT_ISA']) delete process.env[name];

hotPathContract(test, 'twin', () => createHotPath({ kind: 'js' }));

// Every binary there is, and every set of kernels it has for this processor.
for (const path of ADDON_PATHS) {
  const { addon } = loadAddon([path]);
  if (addon === undefined) {
    test.skip(`native from ${path} (skipped: there is no such binary here)`, () => undefined);
    continue;
  }
  for (const isa of addon.isas) hotPathContract(test, `native from ${path} (${isa})`, () => nativeHotPath(addon, isa));
}

const isBuilt = loadAddon().addon !== undefined;

/** A test of the addon: where there is none it says so and is skipped. */
function native(title: string, run: (t: ExecutionContext) => void | Promise<void>): void {
  if (isBuilt) test(title, run);
  else test.skip(`${title} (skipped: no addon is built here)`, () => undefined);
}

native('without options the addon serves, and says from where and with which kernels', (t) => {
  const hotPath = createHotPath();
  const described = describeHotPath();
  t.is(hotPath.kind, HotPathKind.Native);
  t.like(described, { kind: 'native', isa: hotPath.isa });
  t.true(ADDON_PATHS.includes(described.path ?? ''));
  t.regex(described.text, /^native \([\w-]+\) from /);
});

native('an instruction set that is not there is refused by name', (t) => {
  const other = process.arch === 'x64' ? 'neon' : 'avx2';
  t.throws(() => createHotPath({ isa: other }), { code: 'hotpath.isa', message: new RegExp(other) });
  t.is(createHotPath({ isa: 'scalar' }).isa, 'scalar');
});

native('two hot paths do not take each other’s handles', (t) => {
  const [one, twin] = [createHotPath({ kind: 'native' }), createHotPath({ kind: 'js' })];
  const options = { self: 1n, maxFrameBytes: 100 };
  const size = { capacity: 10, ttlMs: 10 };
  const handle = { code: 'hotpath.handle' };
  t.throws(() => one.ingest({ ...options, dedup: twin.dedup(size), routes: one.routes(size) }), handle);
  t.throws(() => twin.ingest({ ...options, dedup: one.dedup(size), routes: twin.routes(size) }), handle);
});

native('methods called on something else throw instead of crashing', (t) => {
  const cache = createHotPath({ kind: 'native' }).dedup({ capacity: 10, ttlMs: 10 });
  const seenMany = Object.getPrototypeOf(cache).seenMany as (...args: unknown[]) => unknown;
  for (const other of [{}, undefined, Object.create(cache)]) {
    t.throws(() => seenMany.call(other, new Uint8Array(16), 0, new Uint8Array(1)), { instanceOf: TypeError });
  }
  const index = createHotPath({ kind: 'native' }).index({ dimension: 8, capacity: 10 });
  const twinIndex = createHotPath({ kind: 'js' }).index({ dimension: 8, capacity: 10 });
  const query = new Float32Array(8).fill(1);
  const methods = Object.getPrototypeOf(index) as Record<string, (...args: unknown[]) => unknown>;
  const calls = {
    search: [query, { k: 1 }],
    searchMany: [query, { k: 1 }],
    searchAsync: [query, { k: 1 }],
    searchManyAsync: [query, { k: 1 }],
    expire: [0],
    stats: [],
    close: [],
  };
  for (const [name, args] of Object.entries(calls)) {
    for (const other of [{}, undefined, Object.create(index), cache, twinIndex]) {
      t.throws(() => methods[name]?.call(other, ...args), { instanceOf: TypeError }, name);
    }
  }
  const hotPath = createHotPath({ kind: 'native' });
  const size = { capacity: 10, ttlMs: 10 };
  const dedup = hotPath.dedup(size);
  const ingest = hotPath.ingest({ dedup, routes: hotPath.routes(size), self: 1n, maxFrameBytes: 100 });
  const run = Object.getPrototypeOf(ingest).run as (...args: unknown[]) => unknown;
  for (const other of [{}, undefined, Object.create(ingest), cache]) {
    const arrays = [new Uint8Array(16), new Uint32Array(2), 1, 0, new Int32Array(4)];
    t.throws(() => run.call(other, ...arrays), { instanceOf: TypeError });
  }
  const Class = cache.constructor as new (...args: unknown[]) => unknown;
  for (const args of [[], ['1', '2'], [{}, {}], [1e99, 1]]) {
    t.throws(() => new Class(...args), { code: 'hotpath.argument' });
  }
});

native('worker threads have instances of their own, and may end with a search under way', async (t) => {
  const module = new URL('./hot-path.js', import.meta.url).href;
  const code = `
    import(${JSON.stringify(module)}).then(({ createHotPath }) => {
      const index = createHotPath({ kind: 'native' }).index({ dimension: 64, capacity: 20000 });
      const keys = BigUint64Array.from({ length: 20000 }, (_, i) => BigInt(i));
      index.upsert(keys, new Float32Array(20000 * 64).fill(1));
      for (let i = 0; i < 60; i++) index.searchAsync(new Float32Array(64).fill(1), { k: 10 });
      require('node:worker_threads').parentPort.postMessage(index.size);
      process.exit(0);
    });`;
  const sizes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const worker = new Worker(code, { eval: true });
      const message = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const size = await message;
      await ended;
      return size;
    }),
  );
  t.deepEqual(sizes, [20_000, 20_000, 20_000]);
});

test('kind js gives the twin, which has no instruction sets to choose from', (t) => {
  t.is(createHotPath({ kind: 'js' }).isa, 'javascript');
  t.throws(() => createHotPath({ kind: 'js', isa: 'scalar' }), { code: 'hotpath.isa' });
});

test.serial('EDGE_AGENT_HOT_PATH=js forces the twin unless the caller says otherwise', (t) => {
  setVariable(t, 'EDGE_AGENT_HOT_PATH', 'js');
  t.is(createHotPath().kind, HotPathKind.Js);
  t.like(describeHotPath(), { kind: 'js', text: 'JavaScript twin, because EDGE_AGENT_HOT_PATH=js' });
  if (isBuilt) t.is(createHotPath({ kind: 'native' }).kind, HotPathKind.Native);
});

test.serial('a kind that is not known is refused, by an option as by the environment', (t) => {
  t.throws(() => createHotPath({ kind: 'cuda' as HotPathKind }), { code: 'hotpath.kind', message: /kind is "cuda"/ });
  setVariable(t, 'EDGE_AGENT_HOT_PATH', 'javascript');
  for (const ask of [createHotPath, describeHotPath]) {
    t.throws(() => ask(), { code: 'hotpath.kind', message: /EDGE_AGENT_HOT_PATH is "javascript"/ });
  }
  process.env['EDGE_AGENT_HOT_PATH'] = '';
  t.notThrows(() => createHotPath());
});

for (const kind of Object.values(HotPathKind)) {
  const declare: typeof native = kind === HotPathKind.Native ? native : test;
  declare(`a refusal of ${kind} names the file, or the limit, that it is about`, (t) => {
    const hotPath = createHotPath({ kind });
    const sizes = { dimension: 4, capacity: 10 };
    const exactPath = '/dev/null/vectors.f32';
    t.throws(() => hotPath.index({ ...sizes, exactPath }), {
      code: 'index.file',
      message: /\/dev\/null\/vectors\.f32/,
    });
    const index = hotPath.index({ ...sizes, maxBytes: 100 });
    const upsert = () => index.upsert(BigUint64Array.of(1n), Float32Array.of(1, 2, 3, 4));
    t.throws(upsert, { code: 'index.full', message: /maxBytes of 100 bytes/ });
  });
}

/** Sets a variable of the environment for the rest of one serial test. */
function setVariable(t: ExecutionContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.teardown(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

test.serial('EDGE_AGENT_ISA chooses the kernels, unless the caller names some; the twin takes no notice', (t) => {
  setVariable(t, 'EDGE_AGENT_ISA', 'mmx');
  t.is(createHotPath({ kind: 'js' }).isa, 'javascript');
  if (!isBuilt) return;
  t.throws(() => createHotPath(), { code: 'hotpath.isa', message: /mmx/ });
  t.is(createHotPath({ isa: 'scalar' }).isa, 'scalar');
  process.env['EDGE_AGENT_ISA'] = 'scalar';
  t.is(createHotPath().isa, 'scalar');
});

test('binaries that are missing, broken or of another version are told with their reasons', (t) => {
  const { addon, tried } = loadAddon(['no/such.node', 'package.json', 'src/native/load.ts']);
  t.is(addon, undefined);
  t.deepEqual(tried[0], { path: 'no/such.node', reason: 'not there' });
  t.deepEqual(tried[1], {
    path: 'package.json',
    reason: `its interface is version undefined, not ${ADDON_ABI}: build it again`,
  });
  t.is(tried.length, 3);
  t.true(existsSync(new URL('../../package.json', import.meta.url)));
});

test('the loader and the addon’s sources name the same version of the interface', (t) => {
  const header = readFileSync(new URL('../../native/addon/addon.hpp', import.meta.url), 'utf8');
  t.is(Number(/kAbi = (\d+)/.exec(header)?.[1]), ADDON_ABI);
});

test('a misspelt option is refused and named, not ignored, by the addon and the twin alike', (t) => {
  const slip = (field: string) => ({
    code: 'hotpath.argument',
    message: new RegExp(`${field}: no such field; known: `),
  });
  t.throws(() => createHotPath({ knid: 'js' } as object), slip('knid'));
  for (const kind of isBuilt ? Object.values(HotPathKind) : [HotPathKind.Js]) {
    const hotPath = createHotPath({ kind });
    const size = { capacity: 10, ttlMs: 10 };
    const [dedup, routes] = [hotPath.dedup(size), hotPath.routes(size)];
    const ingest = { dedup, routes, self: 1n, maxFrameBytes: 100 };
    t.throws(() => hotPath.index({ ...size, dimensions: 8 } as never), slip('ttlMs'));
    t.throws(() => hotPath.index({ capacity: 10, dimensions: 8 } as never), slip('dimensions'));
    t.throws(() => hotPath.dedup({ ...size, ttlMS: 5 } as never), slip('ttlMS'));
    t.throws(() => hotPath.routes({ ...size, ttl: 5 } as never), slip('ttl'));
    t.throws(() => hotPath.ingest({ ...ingest, trustd: true } as never), slip('trustd'));
    t.notThrows(() => hotPath.ingest({ ...ingest, trusted: true }));
  }
});
