import { z } from 'zod';
import type { AgentApi } from '../../agent/contract.js';
import { EdgeError } from '../../core/errors.js';
import { SHORT_LIST_PAGE } from '../limits.js';
import { pageBy } from '../paging.js';
import { API, type Route, route } from '../route.js';
import { nodeId } from '../schema/common.js';
import * as schema from '../schema/status.js';

const byNode = z.strictObject({ nodeId });

/** This node and what it knows of the others: status, statistics, state. */
export function nodeRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'getStatus',
        method: 'GET',
        path: `${API}/status`,
        tag: 'node',
        summary: 'This node: who it is, its radios, how many peers and detections.',
        answer: { status: 200, description: 'The status.', schema: schema.status },
      },
      () => agent.status(),
    ),
    route(
      {
        id: 'getStatistics',
        method: 'GET',
        path: `${API}/statistics`,
        tag: 'node',
        summary: 'Counters since the start: frames refused, messages, flooding, delivery, queues, timing.',
        answer: { status: 200, description: 'The statistics.', schema: schema.statistics },
      },
      () => agent.statistics(),
    ),
    route(
      {
        id: 'getState',
        method: 'GET',
        path: `${API}/state`,
        tag: 'node',
        summary: 'What every node says of itself: fps, battery, load, temperature.',
        query: schema.shortListQuery,
        answer: { status: 200, description: 'States by node id.', schema: schema.statePage },
      },
      ({ query }) => {
        const { page, next } = pageBy(Object.entries(agent.state().nodes), ([id]) => id, query, SHORT_LIST_PAGE);
        return { nodes: Object.fromEntries(page), ...next };
      },
    ),
    route(
      {
        id: 'patchState',
        method: 'PATCH',
        path: `${API}/state`,
        tag: 'node',
        summary: 'Sets fields of this node; a pipeline sets fps. `null` removes one.',
        body: schema.nodeFieldsPatch,
        answer: { status: 200, description: 'The state as it is now.', schema: schema.nodeState },
      },
      ({ body }) => agent.patchState(body),
    ),
  ];
}

/** Who is in the mesh and how they are reached. */
export function peerRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'listPeers',
        method: 'GET',
        path: `${API}/peers`,
        tag: 'mesh',
        summary: 'Every known node but this one.',
        query: schema.shortListQuery,
        answer: { status: 200, description: 'The peers, by node id.', schema: schema.peerPage },
      },
      ({ query }) => {
        const { page, next } = pageBy(agent.peers(), (peer) => peer.nodeId, query, SHORT_LIST_PAGE);
        return { peers: page, ...next };
      },
    ),
    route(
      {
        id: 'addPeer',
        method: 'POST',
        path: `${API}/peers`,
        tag: 'mesh',
        summary: 'Adds a peer by address; it is tried until something answers there.',
        body: schema.manualPeer,
        answer: { status: 202, description: 'The address being tried.', schema: schema.manualPeer },
      },
      async ({ body }) => {
        await agent.addPeer(body);
        return body;
      },
    ),
    route(
      {
        id: 'removePeer',
        method: 'DELETE',
        path: `${API}/peers/:nodeId`,
        tag: 'mesh',
        summary: 'Forgets a peer and its manual address. It may be discovered again.',
        params: byNode,
        answer: { status: 200, description: 'The peer that was forgotten.', schema: byNode },
        problems: [404],
      },
      ({ params }) => {
        if (agent.removePeer(params.nodeId)) return params;
        throw new EdgeError('peer.unknown', `${params.nodeId} is not a known peer`, { status: 404 });
      },
    ),
    route(
      {
        id: 'listRoutes',
        method: 'GET',
        path: `${API}/routes`,
        tag: 'mesh',
        summary: 'The routing table.',
        query: schema.shortListQuery,
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
        summary: 'Pins the route to a node to one neighbour, or unpins it.',
        params: byNode,
        body: schema.routeUpdate,
        answer: { status: 200, description: 'What was set.', schema: schema.routePinned },
        problems: [404],
      },
      ({ params, body }) => {
        agent.setRoute(params.nodeId, body.nextHop);
        return { destination: params.nodeId, nextHop: body.nextHop, pinned: body.nextHop !== null };
      },
    ),
  ];
}
