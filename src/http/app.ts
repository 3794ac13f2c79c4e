import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { AgentApi } from '../agent/contract.js';
import { EdgeError } from '../core/errors.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import { collectBody } from './body.js';
import { HttpCounters } from './counters.js';
import { EventFeed } from './events.js';
import { createGuard, type Guard } from './guard.js';
import { BATCH_BYTES, BODY_BYTES, CONNECTIONS, REQUEST_TIMEOUT_MS, RETRY_AFTER_SECONDS } from './limits.js';
import { Load, type Share } from './load.js';
import { addPage } from './page.js';
import { PageFiles } from './page-files.js';
import { PROBLEM_TYPE, toProblem } from './problem.js';
import type { Operation, RawBody, Route } from './route.js';
import { detectionRoutes } from './routes/detections.js';
import { messageRoutes } from './routes/messages.js';
import { nodeRoutes, peerRoutes } from './routes/node.js';
import { serviceRoutes } from './routes/service.js';
import { wayRoutes } from './routes/ways.js';

export interface AppOptions {
  readonly agent: AgentApi;
  readonly host: string;
  readonly token?: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly dashboardDir: string;
  /** Tells runs apart in event ids. */
  readonly bootId: string;
}

export interface App {
  readonly fastify: FastifyInstance;
  readonly feed: EventFeed;
  readonly operations: readonly Operation[];
}

interface Parts {
  readonly guard: Guard;
  readonly load: Load;
  readonly counters: HttpCounters;
  readonly log: Log;
  readonly routes: readonly Route[];
}

const shares = new WeakMap<FastifyRequest, Share>();

/** The server with everything in it, not yet listening. Throws `http.token` for an open address without a token. */
export async function createApp(options: AppOptions): Promise<App> {
  const { agent, log, clock, bootId } = options;
  const guard = createGuard(options);
  const load = new Load();
  const counters = new HttpCounters();
  const feed = new EventFeed({ agent, clock, bootId });
  const service = { agent, feed, load, counters, operations: () => operations };
  const routes = [
    ...nodeRoutes(agent),
    ...peerRoutes(agent),
    ...wayRoutes(agent),
    ...detectionRoutes(agent),
    ...messageRoutes(agent),
    ...serviceRoutes(service),
  ];
  const operations = routes.map((route) => route.operation);
  const parts: Parts = { guard, load, counters, log, routes };
  const app = createFastify(parts);
  addHooks(app, parts);
  addBodies(app);
  for (const route of routes) mount(app, route);
  await addPage(app, new PageFiles(options.dashboardDir));
  return { fastify: app, feed, operations };
}

/** Operations check by their own schemas (`route.ts`). Without its compilers Fastify loads a hundred files less. */
const noCompiler = (): never => {
  throw new Error('Fastify compiles no schemas here: give them to the operation');
};

function createFastify(parts: Parts): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: BATCH_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // 128 characters of hash, percent-encoded at worst.
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    clientErrorHandler: refuseSocket,
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: (error, _request, reply) => sendProblem(error, reply, parts),
  });
  app.server.maxConnections = CONNECTIONS;
  app.setErrorHandler((error, _request, reply) => sendProblem(error, reply, parts));
  app.setNotFoundHandler((request, reply) => sendProblem(unknownRoute(request, parts.routes), reply, parts));
  return app;
}

/** In this order: who asks, whether there is such a call, whether there is room. */
function addHooks(app: FastifyInstance, { guard, load, counters, routes }: Parts): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const { host, origin, authorization } = request.headers;
    guard.checkSource({ host, origin, authorization });
    const { isPublic } = request.routeOptions.config as { isPublic?: boolean };
    if (!isPublic) guard.checkToken({ host, origin, authorization });
    if (request.is404) throw unknownRoute(request, routes);
    const share = load.enter();
    shares.set(request, share);
    reply.raw.once('close', share.release);
    done();
  });
  app.addHook('onResponse', (_request, reply, done) => {
    counters.answered(reply.statusCode);
    done();
  });
}

/** Bodies are collected as bytes; each operation decodes its own. */
function addBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  for (const mediaType of ['application/json', 'application/x-ndjson', 'application/cbor']) {
    app.addContentTypeParser(mediaType, async (request: FastifyRequest, payload: IncomingMessage): Promise<RawBody> => {
      const limit = (request.routeOptions.config as { limitBytes?: number }).limitBytes ?? BODY_BYTES;
      const share = shares.get(request);
      if (share === undefined) throw new EdgeError('request.malformed', 'a body is not expected here');
      return { bytes: await collectBody(payload, limit, share), mediaType };
    });
  }
}

function mount(app: FastifyInstance, route: Route): void {
  const { operation } = route;
  app.route({
    method: operation.method,
    url: operation.path,
    exposeHeadRoute: operation.method === 'GET' && operation.answer.mediaType !== 'text/event-stream',
    config: {
      isPublic: operation.open === true,
      limitBytes: operation.raw?.limitBytes ?? operation.limitBytes ?? BODY_BYTES,
    } as object,
    handler: async (request, reply) => {
      void reply.code(operation.answer.status);
      const raw = request.body as RawBody | undefined;
      const answer = await route.handle({ request, reply, raw });
      if (!reply.sent) return answer;
      // A stream has its own limit.
      shares.get(request)?.release();
      return reply;
    },
  });
}

function unknownRoute(request: FastifyRequest, routes: readonly Route[]): EdgeError {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = routes
    .filter(({ operation }) => matches(operation.path, path))
    .map(({ operation }) => operation.method);
  if (allowed.length === 0) {
    return new EdgeError('route.unknown', `there is no ${request.method} ${path.slice(0, 200)}`, {
      status: 404,
      fix: 'GET /api/v1/openapi.json lists every call',
    });
  }
  return new EdgeError('route.method', `${request.method} is not possible here, ${allowed.join(' and ')} is`, {
    status: 405,
    details: { allow: allowed },
  });
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.replace(/\/$/, '').split('/')];
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith(':') || part === given[i]);
}

function sendProblem(error: unknown, reply: FastifyReply, { counters, log }: Pick<Parts, 'counters' | 'log'>): void {
  const { problem, unexpected } = toProblem(error);
  if (unexpected)
    log.error('a request failed unexpectedly', { error, url: reply.request.url, method: reply.request.method });
  counters.refused(problem.code);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="edge-agent"');
  if (problem.status === 429) void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  // Fastify would cut the connection under a body that still arrives, and the client would never read why.
  void reply.removeHeader('connection');
  const allow = problem.details?.allow;
  if (problem.status === 405 && Array.isArray(allow)) void reply.header('allow', allow.join(', '));
  void reply.code(problem.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** What is not even HTTP gets a problem too, then the connection is closed. */
function refuseSocket(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = timedOut ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const what = timedOut ? 'the request did not arrive in time' : 'this is not a well-formed HTTP request';
  const { problem } = toProblem(new EdgeError('request.malformed', what, { status }));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
