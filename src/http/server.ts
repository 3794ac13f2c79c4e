import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { AgentApi } from '../agent/contract.js';
import { EdgeError, messageOf } from '../core/errors.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import { systemClock } from '../system/system-clock.js';
import { type App, createApp } from './app.js';
import { CLOSE_GRACE_MS } from './limits.js';

export interface HttpServerOptions {
  readonly agent: AgentApi;
  /** An address or a name. Loopback needs no token; any other is refused without one. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token?: string;
  readonly log: Log;
  /** The machine's by default. */
  readonly clock?: Clock;
  /** Where the built dashboard is; beside this module by default. */
  readonly dashboardDir?: string;
}

export interface HttpServer {
  /** With the port that was taken: `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Stops taking requests, ends event streams, and lets running requests finish for a moment. */
  close(): Promise<void>;
}

const BESIDE = fileURLToPath(new URL('../dashboard/', import.meta.url));

/** Starts the HTTP face of an agent. Throws `http.token`, `http.port` or `http.host`, each saying what to do. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { agent, host, port, token, log, clock = systemClock, dashboardDir = BESIDE } = options;
  const bootId = randomBytes(4).toString('hex');
  const app = await createApp({ agent, host, log, clock, dashboardDir, bootId, ...(token ? { token } : {}) });
  try {
    await app.fastify.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port });
  } catch (error) {
    app.feed.close();
    await app.fastify.close();
    throw listenError(error, host, port);
  }
  const url = urlOf(host, (app.fastify.server.address() as AddressInfo).port);
  log.info('the HTTP API serves', { url });
  return { url, close: () => close(app, clock) };
}

function urlOf(host: string, port: number): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

async function close({ feed, fastify }: App, clock: Clock): Promise<void> {
  feed.close();
  const timer = clock.timer('http close', CLOSE_GRACE_MS, () => fastify.server.closeAllConnections());
  await fastify.close();
  timer.cancel();
}

function listenError(error: unknown, host: string, port: number): EdgeError {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'EADDRINUSE':
      return new EdgeError('http.port', `port ${port} on ${host} is in use by another program`, {
        fix: `stop it (ss -ltnp 'sport = :${port}' names it), or give this agent another: --http ${host}:${port + 1}`,
        status: 500,
        cause: error,
      });
    case 'EACCES':
      return new EdgeError('http.port', `port ${port} on ${host} may not be opened by this user`, {
        fix: 'use a port of 1024 or above, e.g. --http 127.0.0.1:7070',
        status: 500,
        cause: error,
      });
    default:
      return new EdgeError('http.host', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
        fix: 'give an address of this machine, e.g. --http 127.0.0.1:7070 (ip addr lists them)',
        status: 500,
        cause: error,
      });
  }
}
