// Where the commands of a page run: a folder of their own, and a mesh of two agents on this machine's loopback.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freeUdpPort, until } from '../demo-lib/agent-process.mjs';
import { START_MS } from '../lib/patience.mjs';

const CURL_SECONDS = 20;
const DIMENSION = 512;

/** The detections the pages speak of as if they were there. */
const KNOWN = ['5f4dcc3b5aa765d61d8327deb882cf99'];

const vector = (seed) => Array.from({ length: DIMENSION }, (_, i) => Math.sin(seed + i * (seed + 1)));
const detection = (hash, seed) => ({ hash, type: 'person', embedding: vector(seed), metadata: { camera: 'gate' } });
const lines = (items) => items.map((item) => `${JSON.stringify(item)}\n`).join('');

function script(path, text) {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

/** `edge-agent` is the one of this checkout, and curl fails when HTTP does. */
function makeCommands(root, bin) {
  mkdirSync(bin);
  script(join(bin, 'edge-agent'), `exec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"`);
  script(join(bin, 'npx'), '[ "$1" = edge-agent ] || { echo "npx $1 is not run here" >&2; exit 127; }\nexec "$@"');
  const curl = spawnSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).stdout.trim();
  const missing = 'echo "curl is missing: apt-get install curl" >&2; exit 127';
  script(join(bin, 'curl'), curl ? `exec '${curl}' --fail-with-body --max-time ${CURL_SECONDS} "$@"` : missing);
}

function makeFolder(root, folder) {
  const work = join(folder, 'work');
  mkdirSync(join(work, 'node_modules'), { recursive: true });
  for (const name of ['examples', 'scripts']) symlinkSync(join(root, name), join(work, name));
  symlinkSync(root, join(work, 'node_modules/edge-agent'));
  writeFileSync(join(work, 'face.json'), JSON.stringify(vector(1)));
  writeFileSync(join(work, 'today.ndjson'), lines([1, 2].map((n) => detection(`0${n}`.repeat(16), n))));
  writeFileSync(join(work, 'detections.ndjson'), lines([3, 4].map((n) => detection(`0${n}`.repeat(16), n))));
  writeFileSync(join(work, 'edge-agent.toml'), 'mesh = "edge"\nradios = ["udp"]\n');
  return work;
}

const environmentOf = (bin, more) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(EDGE_AGENT_|NODE_OPTIONS$)/.test(name))),
  PATH: `${bin}:${process.env.PATH}`,
  NO_COLOR: '1',
  ...more,
});

/** One agent of this process. */
async function startAgent(root, folder, name, options) {
  const { createAgent } = await import(pathToFileURL(join(root, 'dist/index.js')).href);
  const agent = await createAgent({
    name,
    dataDir: join(folder, name),
    http: { listen: '127.0.0.1:0' },
    logLevel: 'silent',
    udp: { dnsSd: false },
    ...options,
  });
  await agent.start();
  return agent;
}

/** A message that was sent, and a question of the other node that waits for an answer: the pages name their ids. */
async function makeTraffic(main, peer) {
  await main.detections.push(KNOWN.map((hash, n) => detection(hash, n + 5)));
  peer.handle('settings.read', () => ({ exposure: 0.5 }));
  const { messageId } = await main.sendAndWait({ to: peer.nodeId, type: 'note', payload: 'all quiet' });
  const asked = new Promise((resolve) => main.on('query', resolve));
  peer.query({ to: main.nodeId, type: 'door', timeoutMs: 60_000 }).catch(() => {});
  return { messageId, queryId: (await asked).messageId };
}

/** Two agents that know each other, `gate` and `camera-gate`, and what SHELL_VALUES and PROGRAM_VALUES name. */
export async function openPlace(root) {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-docs-'));
  const agents = [];
  const close = async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    makeCommands(root, join(folder, 'bin'));
    const work = makeFolder(root, folder);
    const [port, otherPort] = [await freeUdpPort(), await freeUdpPort()];
    const [mesh, radio] = [`docs-${process.pid}`, `udp:${port}@lo`];
    const meshTiming = { heartbeatIntervalMs: 500, peerTimeoutMs: 10_000 };
    for (const name of ['gate', 'camera-gate']) {
      agents.push(await startAgent(root, folder, name, { mesh, radios: [radio], meshTiming }));
    }
    const [main, peer] = agents;
    const meet = async () => {
      const met = await until(() => agents.every((a) => a.status().peers.alive > 0 && a.routes().length > 0), START_MS);
      if (!met) throw new Error(`the two agents did not meet within ${START_MS / 1000} s`);
    };
    await meet();
    const { url } = main.status().http;
    return {
      root,
      folder,
      work,
      mesh,
      radio,
      otherRadio: `udp:${otherPort}@lo`,
      address: new URL(url).host,
      peerId: peer.nodeId,
      peerAddress: peer.status().radios[0].addresses.find((address) => address.startsWith('127.')),
      ...(await makeTraffic(main, peer)),
      environment: (more) =>
        environmentOf(join(folder, 'bin'), { EDGE_AGENT_URL: url, EDGE_AGENT_DATA: join(folder, 'gate'), ...more }),
      meet,
      alert: () => peer.alerts.send({ priority: 'low', type: 'docs' }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
