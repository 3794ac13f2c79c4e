// What the examples share: agents on this machine's loopback, waiting, and made-up embeddings.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgent } from 'edge-agent';

const EMBEDDING_VALUES = 512;
const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** A UDP port that is free now. Agents that share it find each other. */
export async function freeUdpPort() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Runs `idea` with a temporary directory and `start(options)`, which makes and starts an agent; cleans up after it. */
export async function withAgents(idea) {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-example-'));
  const agents = [];
  const mesh = `example-${process.pid}`;
  const start = async (options) => {
    const agent = await createAgent({
      mesh,
      dataDir: join(folder, options.name),
      http: { listen: 'off' },
      logLevel: 'error',
      udp: { dnsSd: false },
      ...options,
    });
    agents.push(agent);
    await agent.start();
    return agent;
  };
  try {
    await idea(start, folder);
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts one agent a name, on one discovery port, and waits until each sees all others. */
export async function startMesh(start, names) {
  const radios = [`udp:${await freeUdpPort()}@lo`];
  const agents = await Promise.all(names.map((name) => start({ name, radios })));
  const complete = () => agents.every((agent) => agent.status().peers.alive === names.length - 1);
  await until(complete, 'every agent sees all others');
  return agents;
}

/** Waits until `condition()` answers something true, and gives it back; throws when it does not come in time. */
export async function until(condition, what, limitMs = WAIT_MS) {
  for (const end = Date.now() + limitMs; Date.now() < end; ) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`);
}

const gauss = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/** What a vision model could say of somebody: near `of` when that is given, else somebody new. */
export function look(of, noise = 0.5) {
  const values = Float32Array.from(
    { length: EMBEDDING_VALUES },
    (_, i) => (of ? of[i] : 0) + ((of ? noise : 1) * gauss()) / Math.sqrt(EMBEDDING_VALUES),
  );
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

export const newHash = () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
