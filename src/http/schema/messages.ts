import { z } from 'zod';
import { AGENT_EVENT_NAMES } from '../../agent/contract.js';
import {
  ALERT_PAYLOAD_BYTES,
  LARGE_PAYLOAD_BYTES,
  MESSAGE_LIFE_MS,
  MESSAGE_PAYLOAD_BYTES,
  SEARCH_TIMEOUT_MS,
} from '../limits.js';
import { count, cursor, jsonValue, limit, messageId, nodeId, priority, TOO_LONG, typeName, unixMs } from './common.js';
import { nodeState } from './status.js';

/** A payload as it comes back: whatever the sender gave. */
const received = jsonValue('payload', MESSAGE_PAYLOAD_BYTES);
const sent = jsonValue('payload', MESSAGE_PAYLOAD_BYTES).exactOptional();
const base64 = (bytes: number) => {
  const chars = Math.ceil(bytes / 3) * 4;
  return z
    .string()
    .refine((text) => text.length <= chars, {
      error: `must be at most ${bytes} bytes, ${chars} characters of base64`,
      abort: true,
      ...TOO_LONG,
    })
    .refine(isBase64, 'must be base64 with padding')
    .meta({ maxLength: chars });
};
const RAW = 'Raw bytes instead of `payload`.';
/** RFC 4648, section 4. One pass without groups: zod's own pattern takes a stack that grows with the text. */
const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

export const alertInput = z.strictObject({
  priority,
  type: typeName,
  payload: jsonValue('payload', ALERT_PAYLOAD_BYTES).exactOptional(),
});

export const alert = z.strictObject({
  alertId: z.string(),
  node: nodeId,
  priority,
  type: z.string(),
  payload: jsonValue('payload', ALERT_PAYLOAD_BYTES),
  raisedAt: unixMs,
  receivedAt: unixMs,
});

export const alertQuery = z.strictObject({
  sinceAt: unixMs.exactOptional(),
  limit: limit.exactOptional(),
  cursor: cursor.exactOptional(),
});

export const alertPage = z.strictObject({ alerts: z.array(alert), nextCursor: cursor.exactOptional() });

const messageFields = {
  to: z
    .string()
    .toLowerCase()
    .regex(/^(\*|[0-9a-f]{16})$/, 'must be a node id (16 hex digits) or * for everybody'),
  type: typeName,
  payload: sent,
  priority: priority.exactOptional().describe('Default medium.'),
  ack: z.boolean().exactOptional().describe('Ask for an end-to-end acknowledgement; default true for one node.'),
};

const ONE_PAYLOAD = { error: 'give payload or payloadBase64, not both', path: ['payloadBase64'] };
const onePayload = (body: { payload?: unknown; payloadBase64?: unknown }): boolean =>
  body.payload === undefined || body.payloadBase64 === undefined;

export const messageInput = z
  .strictObject({
    ...messageFields,
    payloadBase64: base64(LARGE_PAYLOAD_BYTES)
      .exactOptional()
      .describe(`${RAW} To everybody, or without acknowledgement, at most ${MESSAGE_PAYLOAD_BYTES} of them.`),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .max(MESSAGE_LIFE_MS)
      .exactOptional()
      .describe('How long it is kept for a node that is away; default 24 h.'),
  })
  .refine(onePayload, ONE_PAYLOAD);

export const queryInput = z
  .strictObject({
    ...messageFields,
    payloadBase64: base64(MESSAGE_PAYLOAD_BYTES).exactOptional().describe(RAW),
    timeoutMs: z.number().int().min(1).max(SEARCH_TIMEOUT_MS).exactOptional(),
  })
  .refine(onePayload, ONE_PAYLOAD);

export const messageAccepted = z.strictObject({ messageId });

export const messageStory = z.strictObject({
  messageId,
  to: z.string(),
  type: z.string(),
  priority,
  condition: z
    .enum(['sent', 'received', 'delivered', 'expired', 'refused'])
    .describe('`received`: came here, and went to all.'),
  createdAt: unixMs,
  progress: z.strictObject({ doneBytes: count, totalBytes: count }).exactOptional(),
  events: z.array(
    z.strictObject({
      happenedAt: unixMs,
      what: z.string(),
      node: z.string().exactOptional(),
      detail: z.string().exactOptional(),
      radio: z.string().exactOptional(),
      hops: count.exactOptional(),
      times: count.exactOptional().describe('The same happened so often, and last at `lastAt`.'),
      lastAt: unixMs.exactOptional(),
    }),
  ),
  standing: z
    .strictObject({
      doing: z.enum(['trying', 'waiting', 'handing-over', 'transferring']),
      reachable: z.boolean().describe('Whether a path leads to its destination.'),
      nextHop: nodeId.exactOptional(),
      attempts: count.exactOptional(),
      nextTryAt: unixMs.exactOptional(),
      expiresAt: unixMs,
      keepers: z.array(nodeId).describe('Neighbours that have a copy, or are being given one.'),
    })
    .exactOptional()
    .describe('What is done for it now, while it has no end.'),
});

export const receivedMessage = z.strictObject({
  messageId,
  from: nodeId,
  to: z.string(),
  type: z.string(),
  payload: received,
  payloadBase64: z.string().exactOptional(),
  priority,
  hops: count,
  receivedAt: unixMs,
  payloadBytes: count.exactOptional().describe('Of a large payload: fetch it under messages/:messageId/payload.'),
  ageMs: z.number().exactOptional().describe('Of one that was kept on its way: how long ago it was sent.'),
});

export const queryAnswer = z.strictObject({
  messageId,
  from: nodeId,
  payload: received,
  payloadBase64: z.string().exactOptional(),
  tookMs: z.number(),
});

export const queryResponse = z
  .strictObject({ payload: sent, payloadBase64: base64(MESSAGE_PAYLOAD_BYTES).exactOptional() })
  .refine(onePayload, ONE_PAYLOAD);

export const eventsQuery = z.strictObject({
  types: z
    .string()
    .refine((text) => text.split(',').every((name) => AGENT_EVENT_NAMES.some((known) => known === name)), {
      error: `must be some of ${AGENT_EVENT_NAMES.join(', ')}, separated by commas`,
    })
    .exactOptional()
    .describe(`Some of ${AGENT_EVENT_NAMES.join(', ')}, separated by commas; all when left out.`),
});

/** The data of each server-sent event, by its name. */
export const eventData = {
  peer: z.strictObject({
    nodeId,
    change: z.enum(['joined', 'alive', 'offline', 'forgotten']),
    name: z.string(),
    reason: z.string().exactOptional().describe('Of `offline`: why it is called so.'),
  }),
  link: z.strictObject({
    nodeId,
    radio: z.string(),
    address: z.string(),
    change: z.enum(['up', 'down']),
    reason: z.string().exactOptional(),
  }),
  state: z.strictObject({ nodeId, state: nodeState }),
  detection: z.strictObject({
    change: z.enum(['added', 'updated', 'erased']),
    hash: z.string(),
    type: z.string(),
    node: nodeId,
    observedAt: unixMs,
  }),
  alert,
  message: receivedMessage,
  transfer: z.strictObject({
    messageId,
    to: nodeId,
    doneBytes: count,
    totalBytes: count,
    condition: messageStory.shape.condition,
  }),
  query: receivedMessage,
  health: z.strictObject({ subject: z.string(), condition: z.string(), detail: z.string().exactOptional() }),
};

/** Told instead of events that are no longer held. `missed` is absent when it cannot be known (another run). */
export const gapEvent = z.strictObject({ reason: z.enum(['expired', 'restarted']), missed: count.exactOptional() });
