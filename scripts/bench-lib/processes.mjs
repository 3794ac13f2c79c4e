// Agents to be measured, and what the kernel says of their processes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentProcess, freeUdpPort, until } from '../demo-lib/agent-process.mjs';
import { cborBatch } from '../demo-lib/cbor.mjs';
import { Identities } from '../demo-lib/identities.mjs';

const JOIN_MS = 60_000;
const REPLICATE_MS = 180_000;
const BATCH = 500;
const KIB = 1024;
/** USER_HZ: what /proc counts in, 100 on every Linux. */
const TICKS_PER_SECOND = 100;
const SEED = 11;
const IDENTITIES = 200;

/** Starts agents with the default configuration, but for the radio on loopback, and waits until each sees all others. */
export async function startMesh(folder, count, options = {}) {
  const radios = [`udp:${await freeUdpPort()}@lo`];
  const mesh = `bench-${process.pid}-${radios[0]}`;
  const agents = Array.from({ length: count }, (_, index) => {
    const name = `node-${index + 1}`;
    const data = join(folder, name);
    return new AgentProcess({ name, mesh, radios, data, logLevel: 'info', removeOnCut: data, ...options });
  });
  try {
    await Promise.all(agents.map((agent) => agent.ready()));
    const complete = async () => {
      const all = await Promise.all(agents.map(({ api }) => api.get('status')));
      return all.every(({ peers }) => peers.alive === count - 1);
    };
    if (count > 1 && !(await until(complete, JOIN_MS, 100))) throw new Error('the agents did not all find each other');
  } catch (error) {
    await stopAll(agents);
    throw error;
  }
  return agents;
}

export const stopAll = (agents) => Promise.all(agents.map((agent) => agent.stop()));

/** Pushes `count` detections of 512 values, each agent an equal share of them, and waits until all hold all. */
export async function fill(agents, count) {
  const identities = new Identities(IDENTITIES, SEED);
  for (let pushed = 0, turn = 0; pushed < count; turn++) {
    const agent = agents[turn % agents.length];
    const size = Math.min(BATCH, count - pushed);
    const items = Array.from({ length: size }, () => identities.detection(agent.name));
    const { accepted } = await agent.api.post('detections', cborBatch(items), 'application/cbor').catch((error) => {
      // A refused connection says little; how the agent ended says it all.
      throw agent.ended === undefined ? error : new Error(`${agent.name} ${agent.ended}\n${agent.log.trimEnd()}`);
    });
    if (accepted !== size) throw new Error(`only ${accepted} of ${size} detections were accepted`);
    pushed += size;
  }
  const heldByAll = async () => {
    const all = await Promise.all(agents.map(({ api }) => api.get('status')));
    return all.every(({ detections }) => detections.count === count);
  };
  if (await until(heldByAll, REPLICATE_MS, 500)) return;
  const held = await Promise.all(agents.map(async ({ api }) => (await api.get('status')).detections.count));
  throw new Error(`after ${REPLICATE_MS / 1_000} s the agents hold ${held.join(' and ')} of ${count} detections`);
}

/** Megabytes of `RssAnon`, or another line of /proc/PID/status. */
export function memoryMb(pid, line = 'RssAnon') {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${line}`);
  return (Number(kib) * KIB) / 1e6;
}

function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name before it may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) };
}

/** Seconds of CPU of a process and of its children, those that ended and those that run. */
export function cpuSeconds(pid) {
  let ticks = statOf(pid).ticks;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent, ticks: own } = statOf(name);
      if (parent === pid) ticks += own;
    } catch {
      // It ended meanwhile; then its time is in the parent's.
    }
  }
  return ticks / TICKS_PER_SECOND;
}
