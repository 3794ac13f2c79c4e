import { z } from 'zod';
import type { AgentApi, PushResult } from '../../agent/contract.js';
import { EdgeError } from '../../core/errors.js';
import { decodeBatch } from '../batch.js';
import { BATCH_BYTES } from '../limits.js';
import { toProblem } from '../problem.js';
import { API, type Exchange, type Route, route } from '../route.js';
import { hash } from '../schema/common.js';
import * as schema from '../schema/detections.js';

const byHash = z.strictObject({ hash });

export function detectionRoutes(agent: AgentApi): readonly Route[] {
  return [
    route(
      {
        id: 'pushDetections',
        method: 'POST',
        path: `${API}/detections`,
        tag: 'detections',
        summary:
          'Pushes one detection, an array, NDJSON or CBOR (embeddings as tag 85, float32 little-endian). Items are taken or rejected one by one.',
        raw: {
          mediaTypes: ['application/json', 'application/x-ndjson', 'application/cbor'],
          schema: schema.detectionBatch,
          limitBytes: BATCH_BYTES,
        },
        answer: { status: 202, description: 'Something was taken, and is durable.', schema: schema.pushResult },
        refusal: { status: 422, schema: schema.pushRefusal },
        problems: [507],
      },
      (_, exchange) => push(agent, exchange),
    ),
    route(
      {
        id: 'listDetections',
        method: 'GET',
        path: `${API}/detections`,
        tag: 'detections',
        summary: 'Detections held here, newest first.',
        query: schema.detectionQuery,
        answer: { status: 200, description: 'A page.', schema: schema.detectionPage },
      },
      ({ query }) => agent.detections.list(query),
    ),
    route(
      {
        id: 'getDetection',
        method: 'GET',
        path: `${API}/detections/:hash`,
        tag: 'detections',
        summary: 'The newest detection under a hash, and under `detections` those of every author.',
        params: byHash,
        answer: { status: 200, description: 'The detection.', schema: schema.detectionLookup },
        problems: [404, 410],
      },
      ({ params }) => {
        const detections = agent.detections.get(params.hash);
        const [first, ...others] = detections;
        if (first === undefined) {
          throw new EdgeError('detection.unknown', `${params.hash} is not known here`, { status: 404 });
        }
        const newest = others.reduce((best, next) => (next.observedAt > best.observedAt ? next : best), first);
        return { ...newest, detections };
      },
    ),
    route(
      {
        id: 'eraseDetection',
        method: 'DELETE',
        path: `${API}/detections/:hash`,
        tag: 'detections',
        summary: 'Erases it on every node, also those that are away now.',
        params: byHash,
        answer: { status: 200, description: 'How many were erased here.', schema: schema.eraseResult },
        problems: [404, 410],
      },
      ({ params }) => agent.detections.erase(params.hash),
    ),
    route(
      {
        id: 'search',
        method: 'POST',
        path: `${API}/search`,
        tag: 'detections',
        summary: 'Have we seen this? By embedding, by a detection held here (`like`), or newest first by filter.',
        body: schema.searchRequest,
        answer: { status: 200, description: 'The best matches, and who answered.', schema: schema.searchAnswer },
        problems: [404],
      },
      ({ body }) => agent.search(body),
    ),
  ];
}

async function push(agent: AgentApi, { raw, reply }: Exchange): Promise<unknown> {
  if (raw === undefined) throw new EdgeError('request.body', 'a body with detections is needed');
  const batch = await decodeBatch(raw.bytes, raw.mediaType);
  const pushed: PushResult =
    batch.items.length === 0 ? { accepted: 0, duplicates: 0, rejected: [] } : await agent.detections.push(batch.items);
  const fromAgent = pushed.rejected.map((item) => ({ ...item, index: batch.indexes[item.index] ?? item.index }));
  const rejected = [...batch.rejected, ...fromAgent].sort((a, b) => a.index - b.index);
  const result = { accepted: pushed.accepted, duplicates: pushed.duplicates, rejected };
  const first = rejected[0];
  if (first === undefined || pushed.accepted + pushed.duplicates > 0) return result;
  const refusal = new EdgeError(first.code, `every item was rejected; item ${first.index}: ${first.detail}`, {
    status: 422,
  });
  void reply.code(422).type('application/problem+json; charset=utf-8');
  return { ...toProblem(refusal).problem, ...result };
}
