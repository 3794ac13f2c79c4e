// Two agents on loopback, one of them in this process, one the command line; questions, messages, detections, searches.
import { join } from 'node:path';
import { AgentProcess, freeUdpPort, sleep, until } from '../demo-lib/agent-process.mjs';
import { Identities } from '../demo-lib/identities.mjs';
import { fill } from './processes.mjs';

const EXCHANGES = { full: 500, quick: 150 };
/** Apart, so that one does not wait for another. */
const APART_MS = 10;
const JOIN_MS = 30_000;
const DETECTIONS = 2_000;
const SEARCHES = 50;

async function timed(samples, action) {
  const started = performance.now();
  await action();
  samples.push(performance.now() - started);
}

async function exchange(near, far, count) {
  const [questions, messages] = [[], []];
  for (let i = 0; i < count; i++) {
    await timed(questions, () => near.query({ to: far.nodeId, type: 'edge.ping', payload: i }));
    await sleep(APART_MS);
    await timed(messages, () => near.sendAndWait({ to: far.nodeId, type: 'bench', payload: i, timeoutMs: 10_000 }));
    await sleep(APART_MS);
  }
  return { questions, messages };
}

/** @returns {Promise<{questions: number[], messages: number[], engine: {steps: number, p50Ms: number, p99Ms: number}}>} */
export async function measureLoopbackPair({ folder, quick, say }) {
  const { createAgent } = await import('edge-agent');
  const radios = [`udp:${await freeUdpPort()}@lo`];
  const mesh = `bench-${process.pid}`;
  const far = new AgentProcess({ name: 'far', mesh, radios, data: join(folder, 'far') });
  const near = await createAgent({
    name: 'near',
    mesh,
    radios,
    dataDir: join(folder, 'near'),
    http: { listen: 'off' },
    logLevel: 'error',
  });
  try {
    await near.start();
    await far.ready();
    if (!(await until(() => near.status().peers.alive === 1, JOIN_MS)))
      throw new Error('the two agents did not find each other');
    await exchange(near, far, EXCHANGES.quick / 5);
    say('questions and messages …');
    const measured = await exchange(near, far, EXCHANGES[quick ? 'quick' : 'full']);
    say('detections and searches …');
    await fill([far], DETECTIONS);
    const identities = new Identities(20, 5);
    for (let i = 0; i < SEARCHES; i++) {
      await far.api.post('search', { embedding: Array.from(identities.look(i % 20)), scope: 'mesh', timeoutMs: 5_000 });
    }
    const { engine } = await far.api.get('statistics');
    return { ...measured, engine };
  } finally {
    await near.stop();
    await far.stop();
  }
}
