import { Limit } from '../core/limits.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Statistics } from './contract.js';
import type { Runner } from './runner.js';

const QUEUE_LIMITS: Readonly<Record<string, number>> = {
  frames: Limit.QueuedFramesPerLink * Limit.Links,
  inFlight: Limit.InFlightPerLink * Limit.Links,
  relays: Limit.PendingRelays,
  messages: Limit.PendingMessages,
  held: Limit.HeldFrames,
  links: Limit.Links,
};

export function statistics(
  mesh: Mesh,
  runner: Runner,
  search: { local: number; mesh: number },
  time: { startedAt: number; now: number },
): Statistics {
  const { counters } = mesh;
  const types = new Set([...counters.received.keys(), ...counters.sent.keys()]);
  const { delivered, expired, retries, latencySumMs } = counters.delivery;
  const cpu = process.cpuUsage();
  return {
    since: Math.floor(time.startedAt),
    refused: Object.fromEntries(counters.refused),
    messages: Object.fromEntries(
      [...types]
        .sort()
        .map((type) => [type, { received: counters.received.get(type) ?? 0, sent: counters.sent.get(type) ?? 0 }]),
    ),
    flood: { ...counters.flood },
    delivery: { delivered, expired, retries, meanLatencyMs: delivered === 0 ? 0 : latencySumMs / delivered },
    queues: queues(mesh),
    engine: { steps: runner.times.steps, p50Ms: runner.times.percentile(0.5), p99Ms: runner.times.percentile(0.99) },
    process: {
      rssBytes: process.memoryUsage.rss(),
      cpuMs: (cpu.user + cpu.system) / 1_000,
      uptimeMs: Math.floor(time.now - time.startedAt),
    },
    search,
  };
}

function queues(mesh: Mesh): Statistics['queues'] {
  const entries = Object.entries(mesh.queues()).map(([name, length]) => {
    const dropped = name === 'frames' ? mesh.counters.hop.queueDropped : 0;
    return [name, { length, limit: QUEUE_LIMITS[name] ?? 0, dropped }] as const;
  });
  return Object.fromEntries(entries);
}
