import { Limit } from '../core/limits.js';
import { AIR_SPREADS_MAX } from '../mesh/air-turns.js';
import { ALERTS_HELD_MAX } from '../mesh/alert-spread.js';
import { DRIP_ITEMS_MAX } from '../mesh/drip-holdings.js';
import type { Mesh } from '../mesh/mesh.js';
import { OPEN_QUEUE_MAX } from '../mesh/open-queue.js';
import { UNREAD_MAX } from '../mesh/short-frames.js';
import { REASSEMBLER_LIMITS } from '../wire/fragments.js';
import type { Runner } from './runner.js';
import type { Statistics } from './statistics-contract.js';
import { trafficStatistics } from './traffic-statistics.js';

const QUEUE_LIMITS: Readonly<Record<string, number>> = {
  frames: Limit.QueuedFramesPerLink * Limit.Links,
  inFlight: Limit.InFlightPerLink * Limit.Links,
  open: OPEN_QUEUE_MAX,
  relays: Limit.PendingRelays,
  spreads: AIR_SPREADS_MAX,
  unread: UNREAD_MAX,
  messages: Limit.PendingMessages,
  held: Limit.HeldFrames,
  links: Limit.Links,
  assemblies: REASSEMBLER_LIMITS.assemblies,
  drip: DRIP_ITEMS_MAX,
  alerts: ALERTS_HELD_MAX,
  own: Limit.OwnParcels,
  kept: Limit.KeptParcels,
  receipts: Limit.Receipts,
  transfersOut: Limit.OutTransfers,
  transfersIn: Limit.InTransfers,
};

export function statistics(
  mesh: Mesh,
  runner: Runner,
  search: { local: number; mesh: number },
  time: { startedAt: number; now: number },
  dedupCapacity: number,
): Statistics {
  const { counters } = mesh;
  const types = new Set([...counters.received.keys(), ...counters.sent.keys()]);
  const { delivered, expired, retries, latencySumMs } = counters.delivery;
  const cpu = process.cpuUsage();
  return {
    sinceAt: Math.floor(time.startedAt),
    refused: Object.fromEntries(counters.refused),
    messages: Object.fromEntries(
      [...types]
        .sort()
        .map((type) => [type, { received: counters.received.get(type) ?? 0, sent: counters.sent.get(type) ?? 0 }]),
    ),
    flood: { ...counters.flood },
    delivery: { delivered, expired, retries, meanLatencyMs: delivered === 0 ? 0 : latencySumMs / delivered },
    ...trafficStatistics(mesh),
    queues: queues(mesh, dedupCapacity),
    engine: { steps: runner.times.steps, p50Ms: runner.times.percentile(0.5), p99Ms: runner.times.percentile(0.99) },
    process: {
      rssBytes: process.memoryUsage.rss(),
      cpuMs: (cpu.user + cpu.system) / 1_000,
      uptimeMs: Math.floor(time.now - time.startedAt),
    },
    search,
    links: counters.links,
    liveness: { ...counters.liveness, unwell: mesh.liveness.unwell },
  };
}

function queues(mesh: Mesh, dedupCapacity: number): Statistics['queues'] {
  const entries = Object.entries(mesh.queues()).map(([name, length]) => {
    const dropped = name === 'frames' ? mesh.counters.hop.queueDropped : 0;
    const limit = name === 'dedup' ? dedupCapacity : (QUEUE_LIMITS[name] ?? 0);
    return [name, { length, limit, dropped }] as const;
  });
  return Object.fromEntries(entries);
}
