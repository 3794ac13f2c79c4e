import { z } from 'zod';
import type { AgentApi } from '../../agent/contract.js';
import { EdgeError } from '../../core/errors.js';
import { SHORT_LIST_PAGE } from '../limits.js';
import { pageBy } from '../paging.js';
import { API, type Route, route } from '../route.js';
import { nodeId } from '../schema/common.js';
import * as schema from '../schema/routes.js';
import { shortListQuery } from '../schema/status.js';

const byNode = z.strictObject({ nodeId });

/** How nodes are reached: the table, pins, and the way found out. */
export function wayRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'listRoutes',
        method: 'GET',
        path: `${API}/routes`,
        tag: 'mesh',
        summary: 'The routing table, with the alternatives for each destination.',
        query: shortListQuery,
        answer: { status: 200, description: 'The routes, by destination.', schema: schema.routePage },
      },
      ({ query }) => {
        const { page, next } = pageBy(agent.routes(), (entry) => entry.destination, query, SHORT_LIST_PAGE);
        return { routes: page, ...next };
      },
    ),
    route(
      {
        id: 'putRoute',
        method: 'PUT',
        path: `${API}/routes/:nodeId`,
        tag: 'mesh',
        summary: 'Pins the route to a node to one neighbour, over restarts too, or unpins it.',
        params: byNode,
        body: schema.routeUpdate,
        answer: { status: 200, description: 'What was set.', schema: schema.routePinned },
        problems: [404, 409],
      },
      ({ params, body }) => {
        agent.setRoute(params.nodeId, body.nextHop, body);
        return { destination: params.nodeId, ...body, pinned: body.nextHop !== null };
      },
    ),
    route(
      {
        id: 'deleteRoute',
        method: 'DELETE',
        path: `${API}/routes/:nodeId`,
        tag: 'mesh',
        summary: 'Unpins the route to a node.',
        params: byNode,
        answer: { status: 200, description: 'What was unpinned.', schema: schema.routePinned },
        problems: [404],
      },
      ({ params }) => {
        if (!agent.routes().some(({ destination, pin }) => destination === params.nodeId && pin !== undefined)) {
          throw new EdgeError('route.unpinned', `no route to ${params.nodeId} is pinned`, {
            status: 404,
            fix: 'see `edge-agent routes`',
          });
        }
        agent.setRoute(params.nodeId, null);
        return { destination: params.nodeId, nextHop: null, pinned: false };
      },
    ),
    route(
      {
        id: 'trace',
        method: 'POST',
        path: `${API}/trace`,
        tag: 'mesh',
        summary: 'The way a message takes to a node now, hop by hop, and where it ends when it does not get through.',
        body: schema.traceRequest,
        answer: { status: 200, description: 'The way, also when it does not lead there.', schema: schema.traceResult },
        problems: [404],
      },
      ({ body }) => agent.trace(body),
    ),
  ];
}
