import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { untilServing } from './serving.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'edge-serving-'));

test('an agent that ended is not waited for: what it said is told at once', async (t) => {
  const from = performance.now();
  await t.throwsAsync(
    untilServing('gate', folder(), 7, () => 'code 1: no such radio'),
    { message: 'gate ended: code 1: no such radio' },
  );
  t.true(performance.now() - from < 10_000);
});

test('the address of another process is not taken for its own', async (t) => {
  const data = folder();
  const leave = (pid: number): void =>
    writeFileSync(join(data, 'runtime.json'), JSON.stringify({ pid, nodeId: '00', url: 'http://here' }));
  leave(6);
  let looks = 0;
  const runtime = await untilServing('gate', data, 7, () => {
    if (++looks === 2) leave(7);
    return undefined;
  });
  t.is(runtime.pid, 7);
  t.is(looks, 2);
});
