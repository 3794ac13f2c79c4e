import { z } from 'zod';
import { ROUTE_COST_MAX, TRACE_TIMEOUT_MS } from '../limits.js';
import { count, cursor, nodeId, unixMs } from './common.js';

const cost = z
  .number()
  .min(0)
  .describe('Airtime in units of 0.1 ms, times the transmissions a frame takes, plus 10 a link.');

const routePin = z.strictObject({
  nextHop: nodeId,
  cost: z.number().exactOptional().describe('It serves while no way is known that costs less; without it always.'),
});

export const routeView = z.strictObject({
  destination: nodeId,
  nextHop: nodeId,
  cost,
  radio: z.string(),
  expiresAt: unixMs.describe('0 for a pinned route.'),
  pinned: z.boolean().describe('A person set it, and it serves.'),
  hops: count.describe('0 when that is not known.'),
  confirmed: z.boolean().describe('False: only traffic from there told of the way.'),
  pin: routePin.exactOptional().describe('What a person set, also while it does not serve.'),
  alternatives: z
    .array(
      z.strictObject({
        nextHop: nodeId,
        radio: z.string(),
        cost,
        feasible: z.boolean().describe('Nearer to the destination than this node; only such neighbours are used.'),
      }),
    )
    .describe('Other ways, the cheapest first.'),
});

export const routePage = z.strictObject({ routes: z.array(routeView), nextCursor: cursor.exactOptional() });

export const routeUpdate = z.strictObject({
  nextHop: nodeId.nullable().describe('The neighbour to pin the route to; `null` unpins it.'),
  cost: z
    .number()
    .int()
    .min(1)
    .max(ROUTE_COST_MAX)
    .exactOptional()
    .describe('With it the route serves only while no way is known that costs less.'),
});

export const routePinned = z.strictObject({
  destination: nodeId,
  nextHop: nodeId.nullable(),
  cost: z.number().exactOptional(),
  pinned: z.boolean(),
});

export const traceRequest = z.strictObject({
  to: nodeId,
  timeoutMs: z.number().int().min(1).max(TRACE_TIMEOUT_MS).exactOptional().describe('Default 5,000.'),
  all: z.boolean().exactOptional().describe('Also over the other neighbours that may be the first hop.'),
});

const traceHop = z.strictObject({
  hop: count,
  nodeId,
  name: z.string(),
  radio: z.string(),
  rttMs: z.number().exactOptional().describe('Of the link: its smoothed round trip.'),
  cost,
  etx: z.number().describe('Transmissions that a frame takes on this link.'),
  answered: z.boolean().describe('Whether the node itself said so, or only its neighbours on the way.'),
  tookMs: z.number().exactOptional().describe('From the asker to that node and back.'),
});

const traceStop = z.strictObject({
  nodeId: nodeId.describe('The last node that answered.'),
  name: z.string(),
  code: z.enum(['trace.no-way', 'trace.not-taken', 'trace.hop-limit', 'trace.loop', 'trace.silent']),
  detail: z.string(),
  fix: z.string(),
  next: z
    .strictObject({ nodeId, name: z.string(), radio: z.string(), lastSeenAt: unixMs.exactOptional() })
    .exactOptional()
    .describe('Where it was to go from there.'),
  lastSeenAt: unixMs.exactOptional().describe('When this node last heard of the destination.'),
});

const path = {
  to: nodeId,
  name: z.string(),
  reached: z.boolean(),
  tookMs: z.number(),
  probes: count,
  cost,
  hops: z.array(traceHop),
  back: z
    .array(traceHop)
    .exactOptional()
    .describe('From the destination to this node, where answers come another way.'),
  stop: traceStop.exactOptional().describe('Where and why it ends short of its destination.'),
};

export const traceResult = z.strictObject({
  ...path,
  alternatives: z
    .array(z.strictObject(path))
    .exactOptional()
    .describe('By `all`: ways that begin with other neighbours.'),
});
