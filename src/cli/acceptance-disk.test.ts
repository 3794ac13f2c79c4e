import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentProcess, allAlive, ownMesh, QUICK, scratch } from '../testing/agents.js';
import { facesOf, hashesAt, pushFaces } from '../testing/faces.js';
import { until } from '../testing/serving.js';

const isRoot = process.getuid?.() === 0;

function asRoot(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (isRoot) test(title, body);
  else test.skip(`${title} (skipped: needs root)`, () => {});
}

/** Writes until the disk takes no more. */
function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(4_096));
  } catch {
    // Full, as meant.
  }
}

asRoot('a full disk refuses pushes with 507, loses nothing, and leaves the mesh alone', async (t) => {
  t.timeout(90_000);
  const disk = scratch('disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', disk]);
  t.teardown(() => execFileSync('umount', ['--lazy', disk]));
  const { mesh, radio } = ownMesh();
  const here = { mesh, radio, config: QUICK };
  const a = await AgentProcess.start(t, { ...here, name: 'a', data: join(disk, 'data') });
  const b = await AgentProcess.start(t, { ...here, name: 'b' });
  await allAlive([a, b]);

  const acknowledged: string[] = [];
  const push = async (first: number) => {
    const faces = facesOf(first, 20);
    const answer = await pushFaces(a, faces, 'application/cbor');
    if (answer.status === 202) {
      const refused = new Set(answer.json.rejected.map(({ index }: { index: number }) => index));
      acknowledged.push(...faces.flatMap(({ hash }, i) => (refused.has(i) ? [] : [hash])));
    }
    return answer;
  };
  await push(0);

  // Somebody else fills the disk.
  const { bavail, bsize } = statfsSync(disk);
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 2 * 2 ** 20)));
  let next = 1_000;
  const refused = await until('a push is refused', 30_000, async () => {
    const answer = await push(next);
    next += 20;
    return answer.status === 202 ? undefined : answer;
  });
  t.is(refused.status, 507, refused.text);
  t.is(refused.json.code, 'store.full');
  t.like((await a.json('status')).storage, { condition: 'full' });
  t.is((await a.call('/healthz')).status, 200);
  const sent = acknowledged.length;
  t.is((await push(next)).status, 507);
  t.is(acknowledged.length, sent);

  // Now nothing fits at all. The mesh goes on: alerts, messages, state, what others record.
  fill(join(disk, 'rest'));
  const alert = await a.json('alerts', { body: { priority: 'critical', type: 'disk', payload: 'full' } });
  await until('b has the alert', 5_000, async () => {
    return (await b.json('alerts')).alerts.some(({ alertId }: { alertId: string }) => alertId === alert.alertId);
  });
  t.is((await a.json('alerts')).alerts[0].alertId, alert.alertId);
  t.like((await a.json('status')).storage, { condition: 'full' });
  t.is((await b.json('query', { body: { to: a.nodeId, type: 'edge.ping', payload: 1 } })).payload, 1);
  await a.json('state', { method: 'PATCH', body: { fps: 12 } });
  await until('b sees the state', 5_000, async () => (await b.json('state')).nodes[a.nodeId].fps === 12);
  const elsewhere = facesOf(50_000, 50);
  t.is((await pushFaces(b, elsewhere)).status, 202);
  t.deepEqual(await a.alivePeers(), [b.nodeId]);
  t.deepEqual(await hashesAt(a), [...acknowledged].sort());

  // There is room again: nothing has to be restarted.
  rmSync(ballast);
  rmSync(join(disk, 'rest'));
  await until('pushes are taken again', 10_000, async () => (await push(90_000)).status === 202);
  t.is((await a.json('status')).storage.condition, 'ok');
  const all = [...acknowledged, ...elsewhere.map(({ hash }) => hash)].sort();
  for (const agent of [a, b]) {
    await until(`${agent.setup.name} holds all`, 20_000, async () => {
      return JSON.stringify(await hashesAt(agent)) === JSON.stringify(all);
    });
  }
  t.true(a.logBytes < 20_000, a.log);
  await a.kill();
  const again = await a.restart(t);
  t.deepEqual(await hashesAt(again), all);
  t.is(await again.stop(), 0, again.log);
});

asRoot('an agent whose disk was full from the start says so and leaves', async (t) => {
  const disk = scratch('disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', disk]);
  t.teardown(() => execFileSync('umount', ['--lazy', disk]));
  fill(join(disk, 'ballast'));
  const error = await t.throwsAsync(AgentProcess.start(t, { name: 'full', ...ownMesh(), data: join(disk, 'data') }));
  t.regex(error?.message ?? '', /ended: 1, error: .*(room|store|space).*\nfix: /s);
});
