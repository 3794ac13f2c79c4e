import { z } from 'zod';
import { NodeCondition } from '../../agent/contract.js';
import { PulseSource } from '../../mesh/pulse.js';
import { RadioKind } from '../../ports/radio.js';
import { CUSTOM_FIELDS, CUSTOM_STRING_CHARS, HOST_CHARS, NAME_CHARS } from '../limits.js';
import { count, cursor, limit, nodeId, unixMs } from './common.js';

const condition = z.enum(NodeCondition);

export const radioStatus = z.strictObject({
  kind: z.enum(RadioKind),
  name: z.string(),
  condition: z.enum(['up', 'retrying', 'down']),
  reason: z.string().exactOptional().describe('Why it is not up.'),
  mode: z.string().exactOptional().describe('Which way of working the hardware allows, where there are several.'),
  detail: z.string().exactOptional().describe('What was found, and why it works in this mode.'),
  fix: z.string().exactOptional().describe('What mends a part of it that fails.'),
  addresses: z.array(z.string()),
  links: count,
  counters: z.strictObject({
    framesIn: count,
    framesOut: count,
    bytesIn: count,
    bytesOut: count,
    errors: count,
    shouts: z.strictObject({ said: count, heard: count, dropped: count }).exactOptional(),
  }),
  airtimeMs: z
    .strictObject({ critical: count, high: count, medium: count, low: count })
    .describe('Time on the air that frames took since the start, by their priority.'),
});

const pulse = z
  .strictObject({
    source: z.enum(PulseSource),
    offsetMs: z.number().describe("Mesh time less this node's own clock; 0 while its own is right."),
    earliestAt: unixMs,
    latestAt: unixMs,
    clocks: count.describe("Clocks known, this node's included."),
    agreeing: count,
    ownClock: z.boolean(),
  })
  .describe("The mesh's time, and how this node comes by it.");

/** Where this node stands in a mesh too large to be one. */
export const segment = z
  .strictObject({
    head: nodeId
      .describe("The node that speaks for this node's segment; absent while it is in none yet.")
      .exactOptional(),
    members: count.describe('Nodes of the segment that can be reached, this one among them.'),
    segments: count.describe('Segments of the mesh.'),
    nodes: count.describe('Nodes of all segments, by the word of those that speak for them.'),
  })
  .describe('In a mesh too large to be one: peers are then those of this segment, and neighbours.');

export const status = z.strictObject({
  nodeId,
  name: z.string(),
  version: z.string(),
  mesh: z.strictObject({
    name: z.string(),
    open: z.boolean().describe('An open mesh has no secret: anyone in reach can join and read.'),
  }),
  startedAt: unixMs,
  state: condition,
  radios: z.array(radioStatus),
  peers: z.strictObject({ alive: count, total: count }),
  segment: segment.exactOptional(),
  detections: z.strictObject({ count }),
  waiting: z
    .strictObject({ own: count, others: count, sending: count, receiving: count, frames: count })
    .describe(
      "Messages that wait here: own, others' kept for them, large ones from and to here; and frames for links.",
    ),
  hotPath: z.strictObject({ kind: z.enum(['native', 'js']), isa: z.string(), reason: z.string().exactOptional() }),
  http: z.strictObject({ url: z.string() }).exactOptional(),
  pulse,
  storage: z.strictObject({ condition: z.enum(['ok', 'full', 'failed']), reason: z.string().exactOptional() }),
});

const percent = z.number().min(0).max(100);
const custom = z
  .record(z.string().min(1).max(NAME_CHARS), z.union([z.string().max(CUSTOM_STRING_CHARS), z.number(), z.boolean()]))
  .refine((fields) => Object.keys(fields).length <= CUSTOM_FIELDS, {
    error: `custom must have at most ${CUSTOM_FIELDS} fields (limit ${CUSTOM_FIELDS})`,
  })
  .meta({ maxProperties: CUSTOM_FIELDS });

const fields = {
  condition,
  fps: z.number().min(0).max(100_000),
  battery: percent,
  charging: z.boolean(),
  cpu: percent,
  memory: percent,
  temperature: z.number().min(-273.15).max(1_000),
  disk: percent,
  custom,
};

export const nodeFieldsPatch = z
  .strictObject({
    condition: fields.condition.nullable().exactOptional(),
    fps: fields.fps.nullable().exactOptional(),
    battery: fields.battery.nullable().exactOptional(),
    charging: fields.charging.nullable().exactOptional(),
    cpu: fields.cpu.nullable().exactOptional(),
    memory: fields.memory.nullable().exactOptional(),
    temperature: fields.temperature.nullable().exactOptional(),
    disk: fields.disk.nullable().exactOptional(),
    custom: fields.custom.nullable().exactOptional(),
  })
  .describe('Fields to set; `null` removes one.');

export const nodeState = z.strictObject({
  version: count,
  updatedAt: unixMs,
  condition: fields.condition.exactOptional(),
  fps: z.number().exactOptional(),
  battery: z.number().exactOptional(),
  charging: z.boolean().exactOptional(),
  cpu: z.number().exactOptional(),
  memory: z.number().exactOptional(),
  temperature: z.number().exactOptional(),
  disk: z.number().exactOptional(),
  custom: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional(),
});

export const statePage = z.strictObject({
  nodes: z.record(nodeId, nodeState),
  nextCursor: cursor.exactOptional(),
});

const peerLink = z.strictObject({
  radio: z.string(),
  address: z.string(),
  rttMs: z.number().exactOptional(),
  quality: z.number().min(0).max(1),
  lastHeardAt: unixMs,
  suspect: z.literal(true).exactOptional().describe('It does not answer at the moment.'),
  flapping: z
    .literal(true)
    .exactOptional()
    .describe('It came and went too often lately: it serves only where it is the only way.'),
});

export const peer = z.strictObject({
  nodeId,
  name: z.string(),
  alive: z.boolean(),
  suspect: z.literal(true).exactOptional().describe('A neighbour that answers over none of its links.'),
  hops: count.describe('1 for a neighbour; 0 when no path is known.'),
  lastSeenAt: unixMs,
  links: z.array(peerLink),
  state: nodeState.nullable(),
});

export const linkAddress = z.string().min(1).max(128).describe('As the radio writes it: `[::1]:4242`.');

export const waitingAddress = z
  .strictObject({
    address: linkAddress,
    radio: z.string(),
    nodeId: nodeId.exactOptional(),
    tries: count,
    nextTryAt: unixMs,
  })
  .describe('An address given by hand where nobody answers yet.');

export const peerPage = z.strictObject({
  peers: z.array(peer),
  addresses: z.array(waitingAddress).exactOptional().describe('On the first page, when there are any.'),
  nextCursor: cursor.exactOptional(),
});

export const manualPeer = z.strictObject({
  host: z.string().min(1).max(HOST_CHARS),
  port: z.number().int().min(1).max(65_535),
  nodeId: nodeId.exactOptional(),
});

/** Lists that are short by nature still page: `limit` and the `nextCursor` of the page before. */
export const shortListQuery = z.strictObject({ limit: limit.exactOptional(), cursor: cursor.exactOptional() });
