import { z } from 'zod';
import { AGENT_EVENT_NAMES, type AgentApi, type AgentEventName } from '../../agent/contract.js';
import type { HttpCounters } from '../counters.js';
import type { EventFeed } from '../events.js';
import type { Load } from '../load.js';
import { API, type Operation, type Route, route } from '../route.js';
import { eventsQuery } from '../schema/messages.js';

export interface ServiceParts {
  readonly agent: AgentApi;
  readonly feed: EventFeed;
  readonly load: Load;
  readonly counters: HttpCounters;
  /** Every operation of the server, these included; read when the document is built. */
  readonly operations: () => readonly Operation[];
}

/** What is about the server itself: health, metrics, events, the contract. */
export function serviceRoutes(parts: ServiceParts): readonly Route[] {
  return [
    healthRoute(),
    metricsRoute(parts),
    eventsRoute(parts.feed),
    route(
      {
        id: 'getOpenapi',
        method: 'GET',
        path: `${API}/openapi.json`,
        tag: 'service',
        summary: 'This document.',
        answer: { status: 200, description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) },
      },
      documentOf(parts),
    ),
  ];
}

function healthRoute(): Route {
  return route(
    {
      id: 'getHealth',
      method: 'GET',
      path: '/healthz',
      tag: 'service',
      summary: 'Answers when the agent serves.',
      answer: { status: 200, description: 'It serves.', schema: z.strictObject({ status: z.literal('ok') }) },
      open: true,
    },
    () => ({ status: 'ok' }),
  );
}

function metricsRoute({ agent, feed, load, counters }: ServiceParts): Route {
  const mediaType = 'text/plain; version=0.0.4; charset=utf-8';
  return route(
    {
      id: 'getMetrics',
      method: 'GET',
      path: '/metrics',
      tag: 'service',
      summary: 'Metrics as Prometheus text.',
      answer: { status: 200, description: 'Prometheus text.', mediaType },
    },
    async (_, { reply }) => {
      const own = { requests: load.requests, bytes: load.bytes, clients: feed.clients, slow: feed.slowClients };
      const text = await agent.metrics();
      void reply.type(mediaType);
      return `${text}${text.endsWith('\n') ? '' : '\n'}${counters.text(own)}`;
    },
  );
}

function eventsRoute(feed: EventFeed): Route {
  return route(
    {
      id: 'streamEvents',
      method: 'GET',
      path: `${API}/events`,
      tag: 'events',
      summary:
        'Server-sent events with ids; resume by Last-Event-ID. Data is under components.schemas: PeerEvent and so on. A `gap` event says that some are lost.',
      query: eventsQuery,
      answer: { status: 200, description: 'The stream.', mediaType: 'text/event-stream' },
    },
    ({ query }, { request, reply }) => {
      feed.admit();
      const names = query.types?.split(',') ?? [];
      const types = AGENT_EVENT_NAMES.filter((name): name is AgentEventName => names.includes(name));
      const headers = reply.getHeaders() as Record<string, string>;
      const last = request.headers['last-event-id'];
      reply.hijack();
      feed.connect(reply.raw, headers, { types, lastEventId: Array.isArray(last) ? last[0] : last });
    },
  );
}

function documentOf({ agent, operations }: ServiceParts) {
  let document: string | undefined;
  return async (_: unknown, { reply }: { reply: { type(mediaType: string): unknown } }): Promise<string> => {
    if (document === undefined) {
      const { openapiOf } = await import('../openapi.js');
      document = JSON.stringify(openapiOf(operations(), agent.status().version));
    }
    reply.type('application/json; charset=utf-8');
    return document;
  };
}
