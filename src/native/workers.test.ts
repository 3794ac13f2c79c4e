import { Worker } from 'node:worker_threads';
import test from 'ava';
import { useEverything } from '../testing/busy-hot-path.js';
import { createDatagrams, createHotPath } from './hot-path.js';
import { loadAddon } from './load.js';

const ROUNDS = 5;
const WORKERS = 2;

// Each ends its thread at once, with its searches still under way, when it has done its rounds.
const modules = ['./hot-path.js', '../testing/busy-hot-path.js'].map((path) =>
  JSON.stringify(new URL(path, import.meta.url).href),
);
const code = `
  const { parentPort, workerData: seed } = require('node:worker_threads');
  Promise.all([import(${modules[0]}), import(${modules[1]})]).then(async ([native, busy]) => {
    const hotPath = native.createHotPath({ kind: 'native' });
    const { faults } = await busy.useEverything(hotPath, native.createDatagrams(), seed, ${ROUNDS});
    parentPort.postMessage(faults);
    process.exit(0);
  });`;

/** What the worker found wrong, and its exit code. */
function run(seed: number): Promise<{ faults: unknown; exitCode: number }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: seed });
    let faults: unknown = 'it ended before it was done';
    worker.once('message', (message: unknown) => {
      faults = message;
    });
    worker.once('error', reject);
    worker.once('exit', (exitCode) => resolve({ faults, exitCode }));
  });
}

const title = 'two workers and the main thread use everything at once, and workers end while their searches run';
if (loadAddon().addon === undefined) {
  test.skip(`${title} (skipped: no addon is built here)`, () => undefined);
} else {
  test(title, async (t) => {
    t.timeout(120_000);
    const hotPath = createHotPath({ kind: 'native' });
    const datagrams = createDatagrams();
    if (datagrams === undefined) return t.fail('the addon has no sockets');
    for (let time = 0; time < 2; time++) {
      const workers = Array.from({ length: WORKERS }, (_, i) => run(10 * time + i + 1));
      const { faults, unfinished } = await useEverything(hotPath, datagrams, time, ROUNDS);
      t.deepEqual(faults, []);
      t.deepEqual(
        await Promise.all(workers),
        Array.from({ length: WORKERS }, () => ({ faults: [], exitCode: 0 })),
      );
      // This thread's own searches outlive the workers'.
      await unfinished;
    }
  });
}
