import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { AgentProcess, freeTcpPort, freeUdpPort, sleep } from '../../demo-lib/agent-process.mjs';
import { fill, startMesh, stopAll } from '../processes.mjs';

const DETECTIONS = 10_000;
const RUNS = { full: 7, quick: 5 };
const ASK_EVERY_MS = 4;
const START_MS = 30_000;

/** Whether the agent answers `GET /healthz` with 200 now. */
function isHealthy(port) {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/healthz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

async function startOnce(data) {
  const [httpPort, udpPort] = [await freeTcpPort(), await freeUdpPort()];
  const started = performance.now();
  const agent = new AgentProcess({
    name: 'node-1',
    mesh: 'bench-start',
    radios: [`udp:${udpPort}@lo`],
    data,
    httpPort,
  });
  try {
    while (!(await isHealthy(httpPort))) {
      if (agent.ended !== undefined) throw new Error(`the agent ${agent.ended}`);
      if (performance.now() - started > START_MS) throw new Error(`no answer within ${START_MS / 1_000} s`);
      await sleep(ASK_EVERY_MS);
    }
    return performance.now() - started;
  } finally {
    await agent.stop();
  }
}

async function bareNode() {
  const started = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - started;
}

export const bench = {
  id: 'start',
  what: "an agent's start to its first answer (GET /healthz), data directory with 10k detections, warm disk",
  unit: 'ms',
  target: { most: 1_000 },

  async measure({ quick, folder, say }) {
    const agents = await startMesh(folder, 1);
    try {
      await fill(agents, DETECTIONS);
    } finally {
      await stopAll(agents);
    }
    const data = join(folder, 'node-1');
    const [samples, node] = [[], []];
    // The first one warms the disk.
    await startOnce(data);
    for (let run = 0; run < RUNS[quick ? 'quick' : 'full']; run++) {
      say(`start ${run + 1} …`);
      node.push(await bareNode());
      samples.push(await startOnce(data));
    }
    return { samples, peers: { 'bare Node, start to end': node } };
  },
};
