import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentProcess, allAlive, ownMesh } from '../dist/testing/agents.js';
import { embeddingOf, exactSearch, type Face, facesOf, hashesAt, pushFaces } from '../dist/testing/faces.js';
import { cableTrouble, SerialCable } from '../dist/testing/serial-cable.js';
import { until } from '../dist/testing/serving.js';

const DETECTIONS = 1_000;
const BATCH = 250;
const BAUD = 921_600;
/** Many times what it takes on a calm machine: two cores may be shared with other work. */
const JOIN_MS = 60_000;
const REPLICATE_MS = 180_000;

/** Two emulated BLE controllers and their air at real intervals, in a process of their own. */
async function startAir(sockets: readonly string[]): Promise<ChildProcess> {
  const air = spawn(process.execPath, ['dist-hw/emulation/main.js', '--real-time', ...sockets], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(air.stdout as NonNullable<typeof air.stdout>, 'data'),
    once(air, 'exit').then(([code]) => Promise.reject(new Error(`the emulated air ended with ${code}`))),
  ]);
  return air;
}

/** The kinds of radio that lead to each neighbour, by the neighbour's name. */
async function linksOf(agent: AgentProcess, agents: readonly AgentProcess[]): Promise<Record<string, string[]>> {
  const { peers } = await agent.json('peers');
  const entries = peers.map(({ nodeId, links }: { nodeId: string; links: { radio: string }[] }) => {
    const name = agents.find((other) => other.nodeId === nodeId)?.setup.name ?? nodeId;
    return [name, links.map(({ radio }) => radio.replace(/:.*/, ''))];
  });
  return Object.fromEntries(entries.filter(([, kinds]: [string, string[]]) => kinds.length > 0));
}

async function trafficOf(agent: AgentProcess): Promise<string> {
  const { radios } = await agent.json('status');
  const parts = radios.map(
    ({ kind, counters }: { kind: string; counters: { bytesIn: number; bytesOut: number } }) =>
      `${kind} ${Math.round(counters.bytesIn / 1_000)} kB in, ${Math.round(counters.bytesOut / 1_000)} kB out`,
  );
  return `${agent.setup.name}: ${parts.join('; ')}`;
}

async function replicates(t: ExecutionContext, agents: readonly AgentProcess[]): Promise<void> {
  const [first, last] = [agents[0] as AgentProcess, agents.at(-1) as AgentProcess];
  const faces = facesOf(0, DETECTIONS);
  const wanted = faces.map(({ hash }) => hash).sort();
  const started = performance.now();
  for (let from = 0; from < faces.length; from += BATCH) {
    const { status, json } = await pushFaces(first, faces.slice(from, from + BATCH), 'application/cbor');
    t.is(status, 202);
    t.is(json.accepted, BATCH);
  }
  const pushed = performance.now();
  await until(`the far end holds ${DETECTIONS}`, REPLICATE_MS, async () => {
    const { detections } = await last.json('status');
    return detections.count === DETECTIONS;
  });
  const seconds = (performance.now() - started) / 1_000;
  t.log(`${DETECTIONS} detections of 512 values from end to end in ${seconds.toFixed(1)} s`);
  t.log(`pushed within ${((pushed - started) / 1_000).toFixed(1)} s; ${(DETECTIONS / seconds).toFixed(0)} a second`);
  for (const agent of agents) t.log(await trafficOf(agent));
  for (const agent of agents) t.deepEqual(await hashesAt(agent), wanted, agent.setup.name);

  const query = embeddingOf(77_777);
  const found = await last.json('search', { body: { embedding: [...query], k: 10, scope: 'mesh', timeoutMs: 20_000 } });
  t.like(found, { asked: agents.length, answered: agents.length });
  const exact = exactSearch(faces, query, 10).map(({ hash }) => hash);
  t.deepEqual(
    found.results.map(({ hash }: Face) => hash),
    exact,
  );
}

async function line(t: ExecutionContext): Promise<void> {
  t.timeout(JOIN_MS + REPLICATE_MS + 60_000);
  const folder = mkdtempSync(join(tmpdir(), 'mixed-'));
  const sockets = ['a', 'b'].map((name) => join(folder, `${name}.sock`));
  const air = await startAir(sockets);
  const cable = new SerialCable();
  try {
    await cable.plug();
    const { mesh, radio: udp } = ownMesh();
    const [ttyB, ttyC] = cable.ends.map((path) => `serial:${path}@${BAUD}`) as [string, string];
    const [bleA, bleB] = sockets.map((path) => `ble:unix:${path}`) as [string, string];
    const setups = [
      { name: 'a', radio: bleA },
      { name: 'b', radio: bleB, furtherRadios: [ttyB] },
      { name: 'c', radio: ttyC, furtherRadios: [udp] },
      { name: 'd', radio: udp },
    ];
    const longestMs = JOIN_MS + REPLICATE_MS + 60_000;
    const agents = await Promise.all(setups.map((setup) => AgentProcess.start(t, { ...setup, mesh, longestMs })));
    await allAlive(agents, JOIN_MS);
    await replicates(t, agents);
    // No way around: each hears its neighbours in the line only, each by the radio between them.
    const links = await Promise.all(agents.map((agent) => linksOf(agent, agents)));
    t.deepEqual(links, [{ b: ['ble'] }, { a: ['ble'], c: ['serial'] }, { b: ['serial'], d: ['udp'] }, { c: ['udp'] }]);
    for (const agent of agents) t.is(await agent.stop(), 0, agent.log);
  } finally {
    await cable.remove();
    air.kill('SIGTERM');
    await once(air, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

const title = 'four agents joined by BLE, a serial line and UDP replicate 1,000 detections from end to end';
const trouble = cableTrouble();
if (trouble === undefined) test(title, line);
else test.skip(`${title} (skipped: ${trouble})`, () => {});
