import { z } from 'zod';
import type { AgentApi } from '../../agent/contract.js';
import { MESSAGE_BODY_BYTES } from '../limits.js';
import { API, type Route, route } from '../route.js';
import { messageId } from '../schema/common.js';
import * as schema from '../schema/messages.js';

const byMessage = z.strictObject({ messageId });

export const messageRoutes = (agent: AgentApi): readonly Route[] => [
  ...alertRoutes(agent),
  ...sendingRoutes(agent),
  ...queryRoutes(agent),
];

function alertRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'sendAlert',
        method: 'POST',
        path: `${API}/alerts`,
        tag: 'alerts',
        summary: 'Raises an alert on every node.',
        body: schema.alertInput,
        answer: { status: 201, description: 'The alert.', schema: schema.alert },
      },
      ({ body }) => agent.alerts.send(body),
    ),
    route(
      {
        id: 'listAlerts',
        method: 'GET',
        path: `${API}/alerts`,
        tag: 'alerts',
        summary: 'Alerts of any node, newest first.',
        query: schema.alertQuery,
        answer: { status: 200, description: 'A page.', schema: schema.alertPage },
      },
      ({ query }) => agent.alerts.list(query),
    ),
  ];
}

function sendingRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'sendMessage',
        method: 'POST',
        path: `${API}/messages`,
        tag: 'messages',
        summary:
          'Sends to one node, which may be away: it is kept for it; or to everybody with `*`. Its story tells what became of it.',
        body: schema.messageInput,
        limitBytes: MESSAGE_BODY_BYTES,
        answer: { status: 202, description: 'The message is on its way, and kept.', schema: schema.messageAccepted },
        problems: [404, 507],
      },
      ({ body }) => agent.send(body),
    ),
    route(
      {
        id: 'getMessage',
        method: 'GET',
        path: `${API}/messages/:messageId`,
        tag: 'messages',
        summary: "A message's story: what this node knows of it, oldest first.",
        params: byMessage,
        answer: { status: 200, description: 'The story.', schema: schema.messageStory },
        problems: [404],
      },
      ({ params }) => agent.message(params.messageId),
    ),
    route(
      {
        id: 'getPayload',
        method: 'GET',
        path: `${API}/messages/:messageId/payload`,
        tag: 'messages',
        summary: 'The bytes of a large message that came here, until newer ones need the room.',
        params: byMessage,
        answer: { status: 200, description: 'The bytes.', mediaType: 'application/octet-stream' },
        problems: [404],
      },
      async ({ params }, { reply }) => {
        const bytes = agent.payload(params.messageId);
        void reply.type('application/octet-stream');
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      },
    ),
  ];
}

function queryRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'query',
        method: 'POST',
        path: `${API}/query`,
        tag: 'messages',
        summary: 'Sends and waits for the response of the other side.',
        body: schema.queryInput,
        answer: { status: 200, description: 'The response.', schema: schema.queryAnswer },
        problems: [404, 504],
      },
      ({ body }) => agent.query(body),
    ),
    route(
      {
        id: 'respond',
        method: 'POST',
        path: `${API}/queries/:messageId/response`,
        tag: 'messages',
        summary: 'Answers a query that came as a `query` event.',
        params: byMessage,
        body: schema.queryResponse,
        answer: { status: 202, description: 'The response is on its way.', schema: schema.messageAccepted },
        problems: [404],
      },
      async ({ params, body }) => {
        await agent.respond(params.messageId, body);
        return params;
      },
    ),
  ];
}
