import test from 'ava';
import { FakeAgent } from '../testing/fake-agent.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import { createApp } from './app.js';
import { openapiOf } from './openapi.js';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, OperationObject>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}
interface OperationObject {
  readonly operationId: string;
  readonly parameters: readonly { name: string; in: string; required: boolean }[];
  readonly requestBody?: { content: Record<string, { schema: object }> };
  readonly responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
}

async function appOf(t: { teardown(fn: () => unknown): void }) {
  const options = { agent: new FakeAgent(), host: '127.0.0.1', log, clock: new SteppedClock(), bootId: 'test' };
  const app = await createApp({ ...options, dashboardDir: '/nonexistent' });
  t.teardown(() => {
    app.feed.close();
    return app.fastify.close();
  });
  await app.fastify.ready();
  return app;
}

test('the document has every route the server has, and no other', async (t) => {
  const { fastify, operations } = await appOf(t);
  const answer = await fastify.inject({ url: '/api/v1/openapi.json', headers: { host: 'localhost' } });
  t.is(answer.statusCode, 200);
  const document = answer.json<Document>();
  const documented = Object.entries(document.paths).flatMap(([path, calls]) =>
    Object.keys(calls).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
  t.is(documented.length, operations.length);
  for (const entry of documented) {
    const [method, url] = entry.split(' ') as ['GET', string];
    t.true(fastify.hasRoute({ method, url }), entry);
  }
  const registered = routesOf(fastify.printRoutes({ commonPrefix: false }));
  t.deepEqual(registered.filter((entry) => entry !== 'GET /').sort(), [...documented].sort());
});

/** `METHOD /path` of every line of the router's own listing, HEAD left out. */
function routesOf(listing: string): string[] {
  const parents: string[] = [];
  return listing.split('\n').flatMap((line) => {
    const match = /^([\s│]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line);
    if (match === null) return [];
    const depth = (match[1] as string).length / 4;
    parents.length = depth;
    parents.push(match[2] as string);
    const path = parents.join('').replace(/(.)\/$/, '$1');
    return (match[3] ?? '')
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD')
      .map((method) => `${method} ${path}`);
  });
}

test('every call says what it takes and answers, with a schema and the problem type', async (t) => {
  const { operations } = await appOf(t);
  const document = openapiOf(operations, '1.2.3') as unknown as Document;
  t.is(document.openapi, '3.1.0');
  const ids = new Set<string>();
  for (const [path, calls] of Object.entries(document.paths)) {
    for (const [method, call] of Object.entries(calls)) {
      ids.add(call.operationId);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      t.deepEqual(
        call.parameters.filter((one) => one.in === 'path').map((one) => one.name),
        inPath as string[],
        path,
      );
      t.true(
        call.parameters.every((one) => one.in === 'query' || one.required),
        path,
      );
      if (['post', 'put', 'patch'].includes(method)) t.truthy(call.requestBody, path);
      const good = Object.entries(call.responses).filter(([status]) => status.startsWith('2'));
      t.is(good.length, 1, path);
      for (const [status, answer] of Object.entries(call.responses)) {
        t.truthy(answer.description);
        if (Number(status) >= 400)
          t.deepEqual(Object.keys(answer.content), ['application/problem+json'], `${path} ${status}`);
      }
    }
  }
  t.is(ids.size, operations.length);
  for (const name of ['Problem', 'PeerEvent', 'AlertEvent', 'GapEvent'])
    t.truthy(document.components.schemas[name], name);
});

test('limits and strictness are in the document', async (t) => {
  const { operations } = await appOf(t);
  const document = openapiOf(operations, '1.2.3') as unknown as Document;
  const search = document.paths['/api/v1/search']?.post?.requestBody?.content['application/json']?.schema as {
    additionalProperties: boolean;
    properties: { k: { maximum: number }; metadata: { type: string } };
    required?: string[];
  };
  t.false(search.additionalProperties);
  t.is(search.properties.k.maximum, 1_000);
  t.is(search.properties.metadata.type, 'object');
  t.is(search.required, undefined);
  const push = document.paths['/api/v1/detections']?.post?.requestBody?.content ?? {};
  t.deepEqual(Object.keys(push), ['application/json', 'application/x-ndjson', 'application/cbor']);
  t.notRegex(JSON.stringify(document), /"\$ref":"#\/(definitions|\$defs)/, 'references resolve inside the document');
});
