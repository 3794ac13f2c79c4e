import { z } from 'zod';
import type { AgentApi } from '../../agent/contract.js';
import { EdgeError } from '../../core/errors.js';
import { SHORT_LIST_PAGE } from '../limits.js';
import { pageBy } from '../paging.js';
import { API, type Route, route } from '../route.js';
import { nodeId } from '../schema/common.js';
import { statistics } from '../schema/statistics.js';
import * as schema from '../schema/status.js';

const byNode = z.strictObject({ nodeId });
const byPeer = z.strictObject({ peer: z.union([nodeId, schema.linkAddress.regex(/:/)]) });
const forgotten = z.union([byNode, z.strictObject({ address: schema.linkAddress })]);

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
        answer: { status: 200, description: 'The statistics.', schema: statistics },
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
        summary: 'Every known node but this one, and the addresses given by hand where nobody answers yet.',
        query: schema.shortListQuery,
        answer: { status: 200, description: 'The peers, by node id.', schema: schema.peerPage },
      },
      ({ query }) => {
        const { page, next } = pageBy(agent.peers(), (peer) => peer.nodeId, query, SHORT_LIST_PAGE);
        const addresses = query.cursor === undefined ? agent.addresses() : [];
        return { peers: page, ...(addresses.length > 0 && { addresses }), ...next };
      },
    ),
    route(
      {
        id: 'addPeer',
        method: 'POST',
        path: `${API}/peers`,
        tag: 'mesh',
        summary:
          'Adds a peer by address; it is tried until something answers there, ever more rarely, at least once a minute.',
        body: schema.manualPeer,
        answer: { status: 202, description: 'The address being tried.', schema: schema.manualPeer },
        problems: [409],
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
        path: `${API}/peers/:peer`,
        tag: 'mesh',
        summary: 'Forgets a peer and the address given for it, or an address. A peer may be discovered again.',
        params: byPeer,
        answer: { status: 200, description: 'What was forgotten.', schema: forgotten },
        problems: [404],
      },
      ({ params: { peer } }) => {
        if (agent.removePeer(peer)) return peer.includes(':') ? { address: peer } : { nodeId: peer };
        throw new EdgeError('peer.unknown', `${peer} is neither a known peer nor an address given by hand`, {
          status: 404,
          fix: 'see `edge-agent peers` for both',
        });
      },
    ),
  ];
}
