import { Limit } from '../core/limits.js';
import type { ByPriority } from '../mesh/link-traffic.js';
import { type Link, linkCost } from '../mesh/links.js';
import type { Mesh } from '../mesh/mesh.js';
import type { LinkStatistics, NeighbourStatistics, Statistics } from './statistics-contract.js';

const PARTS = 1_000;
const rounded = (value: number): number => Math.round(value * PARTS) / PARTS;
const sum = (numbers: ByPriority): number => numbers.reduce((a, b) => a + b, 0);

/** Messages kept, payloads in chunks, queues by class, neighbours, and the segment. */
export function trafficStatistics(
  mesh: Mesh,
): Pick<Statistics, 'custody' | 'transfers' | 'classes' | 'hops' | 'peers' | 'segment'> {
  const { counters, custody } = mesh;
  const { own = 0, kept = 0, receipts = 0, transfersOut = 0, transfersIn = 0 } = custody.sizes();
  const bytes = custody.bytes();
  const { sent, retransmitted, failed, diverted } = counters.hop;
  const peers = [...mesh.peers.all()];
  const segment = mesh.segments.view();
  return {
    custody: {
      ...counters.custody,
      refusedFull: counters.refused.get('custody.full') ?? 0,
      refusedRate: counters.refused.get('custody.rate') ?? 0,
      own: quota(own, bytes.own, Limit.OwnParcels, Limit.OwnParcelBytes),
      others: quota(kept, bytes.kept, Limit.KeptParcels, Limit.KeptParcelBytes),
      receipts,
    },
    transfers: {
      ...counters.transfers,
      sending: quota(transfersOut, bytes.out, Limit.OutTransfers, Limit.OutTransferBytes),
      receiving: quota(transfersIn, bytes.in, Limit.InTransfers, Limit.InTransferBytes),
    },
    classes: classes(mesh),
    hops: { sent, retransmitted, failed, diverted },
    peers: {
      alive: peers.filter((node) => mesh.peers.isAlive(node)).length,
      total: peers.length,
      neighbours: neighbours(mesh),
    },
    ...(segment && { segment }),
  };
}

const quota = (messages: number, bytes: number, messagesMax: number, bytesMax: number) => ({
  messages,
  bytes,
  messagesMax,
  bytesMax,
});

function classes({ links, counters }: Mesh): Statistics['classes'] {
  const queued: ByPriority = [0, 0, 0, 0];
  for (const { traffic } of links.all())
    traffic.queued.forEach((frames, priority) => {
      (queued[priority] as number) += frames;
    });
  const [critical, high, medium, low] = counters.dropped;
  return {
    critical: { queued: queued[0], dropped: critical },
    high: { queued: queued[1], dropped: high },
    medium: { queued: queued[2], dropped: medium },
    low: { queued: queued[3], dropped: low },
  };
}

const neighbours = ({ links, states }: Mesh): NeighbourStatistics[] =>
  [...links.neighbours()].map((node) => ({
    nodeId: node,
    name: states.get(node)?.name ?? '',
    links: links.upTo(node).map((link) => linkStatistics(link, links.isStandby(node))),
  }));

function linkStatistics(link: Link, isStandby: boolean): LinkStatistics {
  const { carrier, address, rttMs, quality, stalled, damped, traffic } = link;
  const { queued, dropped, ...carried } = traffic;
  return {
    radio: carrier.name,
    address,
    ...(rttMs !== undefined && { rttMs: rounded(rttMs) }),
    quality: rounded(quality),
    cost: linkCost(link),
    ...carried,
    queued: sum(queued),
    dropped: sum(dropped),
    ...(stalled && { stalled: true }),
    ...(damped && { flapping: true }),
    ...(isStandby && { standby: true }),
  };
}
