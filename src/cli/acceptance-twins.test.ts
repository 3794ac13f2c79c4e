import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { AgentProcess, allAlive, ownMesh, QUICK, scratch } from '../testing/agents.js';
import { facesOf, pushFaces } from '../testing/faces.js';
import { until } from '../testing/serving.js';

test('two agents with one key are noticed by the others, and nobody falls over it', async (t) => {
  t.timeout(60_000);
  const here = { ...ownMesh(), config: QUICK };
  const first = await AgentProcess.start(t, { ...here, name: 'original' });
  t.is(await first.stop(), 0);
  const copied = join(scratch('twin'), 'data');
  cpSync(first.data, copied, { recursive: true });
  rmSync(join(copied, 'runtime.json'), { force: true });

  const witness = await AgentProcess.start(t, { ...here, name: 'witness' });
  const original = await first.restart(t);
  await allAlive([witness, original]);
  t.is((await pushFaces(original, facesOf(0, 20))).status, 202);
  const copy = await AgentProcess.start(t, { ...here, name: 'copy', data: copied });
  t.is(copy.nodeId, original.nodeId);
  await until('the witness suspects', 10_000, () => /two boots under one counter/.test(witness.log));
  t.is((await pushFaces(copy, facesOf(100, 20))).status, 202);
  for (const agent of [witness, original, copy]) {
    t.is((await agent.call('/healthz')).status, 200);
    t.notRegex(agent.log, /uncaught/);
    t.true(agent.logBytes < 50_000, `${agent.setup.name} wrote ${agent.logBytes} bytes`);
  }

  // The copy goes, the original serves on.
  await copy.kill();
  await allAlive([witness, original]);
  t.is((await pushFaces(original, facesOf(200, 20))).status, 202);
  await until('the witness has what the original recorded since', 15_000, async () => {
    const { hash } = facesOf(219, 1)[0] as { hash: string };
    return (await witness.call(`detections/${hash}`)).status === 200;
  });
  t.is(await original.stop(), 0, original.log);
});
