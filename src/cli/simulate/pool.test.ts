import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Job } from './job.js';
import { Pool, type Settled } from './pool.js';
import { loadScenario } from './scenario-file.js';

/** Processes this thread has started, by the kernel's word: other test files run beside it. */
const children = (): number[] =>
  readFileSync('/proc/thread-self/children', 'utf8').split(' ').filter(Boolean).map(Number);

const jobs = (...seeds: number[]): Job[] =>
  seeds.map((seed) => ({ kind: 'scenario', scenario: loadScenario('fence-line'), seed }));

/** Runs jobs one after the other; `meanwhile` is called at the first word of progress. */
async function run(pool: Pool, all: readonly Job[], meanwhile: () => void = () => {}): Promise<Map<number, Settled>> {
  const settled = new Map<number, Settled>();
  let isFirst = true;
  await pool.run(all, {
    settled: (index, result) => void settled.set(index, result),
    progress: () => {
      if (isFirst) meanwhile();
      isFirst = false;
    },
  });
  return settled;
}

test.serial('each job has a process of its own, which is gone when it has settled', async (t) => {
  const before = children();
  let during: number[] = [];
  const settled = await run(new Pool(1), jobs(1, 2), () => {
    during = children().filter((pid) => !before.includes(pid));
  });
  t.is(during.length, 1);
  t.deepEqual([...settled.keys()], [0, 1]);
  for (const result of settled.values()) {
    t.true('done' in result && result.done.kind === 'scenario' && result.done.run.ok);
    t.true(result.cpuMs > 0);
  }
  for (let i = 0; i < 100 && children().some((pid) => !before.includes(pid)); i++) await sleep(20);
  t.deepEqual(
    children().filter((pid) => !before.includes(pid)),
    [],
  );
});

test.serial('a job whose process dies has failed, and the others go on', async (t) => {
  const before = children();
  const settled = await run(new Pool(1), jobs(1, 2), () => {
    for (const pid of children()) if (!before.includes(pid)) process.kill(pid, 'SIGABRT');
  });
  const [first, second] = [settled.get(0), settled.get(1)];
  t.true(first && 'failed' in first && first.failed.includes('SIGABRT'));
  t.true(second && 'done' in second);
});

test.serial('a pool that is stopped ends its processes, and tells of nothing more', async (t) => {
  const before = children();
  const pool = new Pool(1);
  const settled = await run(pool, jobs(1, 2), () => void pool.stop());
  t.is(settled.size, 0);
  for (let i = 0; i < 100 && children().some((pid) => !before.includes(pid)); i++) await sleep(20);
  t.deepEqual(
    children().filter((pid) => !before.includes(pid)),
    [],
  );
});
