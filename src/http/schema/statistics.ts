import { z } from 'zod';
import { count, nodeId, unixMs } from './common.js';
import { segment } from './status.js';

const quota = z
  .strictObject({ messages: count, bytes: count, messagesMax: count, bytesMax: count })
  .describe('What there is now, and the most there may be.');
const waiting = z.strictObject({ queued: count, dropped: count });

const linkStatistics = z
  .strictObject({
    radio: z.string(),
    address: z.string(),
    rttMs: z.number().exactOptional(),
    quality: z.number().min(0).max(1),
    cost: z.number(),
    framesOut: count,
    bytesOut: count,
    framesIn: count,
    bytesIn: count,
    retransmitted: count,
    failed: count,
    queued: count,
    dropped: count,
    stalled: z.literal(true).exactOptional().describe('Nothing sent over it is acknowledged at the moment.'),
    flapping: z.literal(true).exactOptional().describe('It came and went too often lately.'),
    standby: z
      .literal(true)
      .exactOptional()
      .describe('Nothing is passed on over it but what is for that neighbour: there are enough others.'),
  })
  .describe('What a link has carried since it came up.');

export const statistics = z.strictObject({
  sinceAt: unixMs,
  refused: z.record(z.string(), count),
  messages: z.record(z.string(), z.strictObject({ received: count, sent: count })),
  flood: z.strictObject({
    originated: count,
    relayed: count,
    suppressed: count,
    duplicates: count,
    shouted: count.describe('Urgent frames said to those in earshot without a link.'),
    overheard: count.describe('Urgent frames heard so.'),
  }),
  delivery: z.strictObject({ delivered: count, expired: count, retries: count, meanLatencyMs: z.number() }),
  custody: z
    .strictObject({
      kept: count.describe('Messages of others taken into keeping.'),
      handedOn: count.describe("Copies of this node's taken by others."),
      received: count,
      delivered: count,
      refused: count,
      expired: count,
      givenUp: count.describe('For want of room.'),
      restored: count.describe('From before this start.'),
      refusedFull: count.describe('Offered by others and refused: no room.'),
      refusedRate: count.describe('Offered by others and refused: too fast.'),
      own: quota,
      others: quota,
      receipts: count,
    })
    .describe('Messages kept for nodes that are away.'),
  transfers: z
    .strictObject({
      chunksOut: count,
      bytesOut: count,
      chunksIn: count,
      bytesIn: count,
      repeated: count.describe('Chunks that came twice, or after they were asked for again.'),
      done: count,
      received: count,
      resumed: count,
      sending: quota,
      receiving: quota,
    })
    .describe('Payloads that go in chunks.'),
  classes: z
    .strictObject({ critical: waiting, high: waiting, medium: waiting, low: waiting })
    .describe('Frames that wait for links now, and that found no place since the start.'),
  hops: z
    .strictObject({ sent: count, retransmitted: count, failed: count, diverted: count })
    .describe('Frames to neighbours; diverted: they went another way, as the next hop did not answer.'),
  peers: z.strictObject({
    alive: count,
    total: count,
    neighbours: z.array(z.strictObject({ nodeId, name: z.string(), links: z.array(linkStatistics) })),
  }),
  segment: segment.exactOptional(),
  queues: z.record(z.string(), z.strictObject({ length: count, limit: count, dropped: count })),
  engine: z.strictObject({ steps: count, p50Ms: z.number(), p99Ms: z.number() }),
  process: z.strictObject({ rssBytes: z.number(), cpuMs: z.number(), uptimeMs: z.number() }),
  search: z.strictObject({ local: count, mesh: count }),
  links: z.strictObject({
    flaps: count.describe('Links that went down without a goodbye.'),
    damped: count.describe('Times that this became too often for one: it then serves only where it is the only way.'),
    replaced: count.describe('Links that made room for nodes that nobody else hears.'),
  }),
  liveness: z.strictObject({
    probes: count.describe('Heartbeats that asked for an answer.'),
    unanswered: count.describe('Those repeated because none came.'),
    suspected: count,
    refuted: count.describe('Suspects that were heard after all.'),
    asked: count.describe('Neighbours asked about a suspect.'),
    vouched: count.describe('Times this node told another that it hears a suspect of theirs.'),
    nodesDead: count,
    linksDead: count.describe('Links given up to nodes that are heard otherwise.'),
    stalls: count.describe('Times this node itself stood still.'),
    unwell: count.describe('From 0, when well, to 8: how much this node doubts itself rather than others.'),
  }),
});
