import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { EdgeError, messageOf } from '../core/errors.js';
import { RemoteProblem, usage } from './report.js';

/** An answer larger than this is refused: no call of the contract comes near. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Far more than an agent knows of peers, routes and states; the rest is left out. */
const MAX_PAGES = 100;
const DEFAULT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Query;
  /** Sent as JSON, unless it is bytes or text of the given content type. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface ClientOptions {
  readonly url: string;
  readonly token?: string;
  /** Said when nobody answers: where the address came from. */
  readonly hint?: string;
}

function baseOf(text: string): URL {
  try {
    return new URL(/^https?:\/\//.test(text) ? text : `http://${text}`);
  } catch {
    throw usage(`${JSON.stringify(text)} is not the address of an agent.`, 'Write --url http://HOST:PORT.');
  }
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EINVAL',
]);

/** The agent's HTTP interface. Faults are EdgeErrors: `cli.no-agent`, `cli.not-an-agent`, `cli.timeout`, or the agent's own problem. */
export class ApiClient {
  readonly url: string;
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #hint: string | undefined;

  constructor({ url, token, hint }: ClientOptions) {
    this.#base = baseOf(url);
    this.url = this.#base.href.replace(/\/$/, '');
    if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
      throw usage('The token holds characters a token cannot have.');
    this.#token = token;
    this.#hint = hint;
  }

  async get<Body>(path: string, query?: Query): Promise<Body> {
    return (await this.call(path, query === undefined ? {} : { query })).body as Body;
  }

  async send<Body>(
    method: NonNullable<Call['method']>,
    path: string,
    body?: unknown,
    timeoutMs?: number,
  ): Promise<Body> {
    const call = { method, body, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    return (await this.call(path, call)).body as Body;
  }

  /** All pages of a short list: a list of the body's own, or a table, under `key`; what else the first page holds stays. */
  async all<Body extends object>(path: string, key: keyof Body & string): Promise<Body> {
    let whole: unknown;
    let first: object = {};
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const body = await this.get<Record<string, unknown>>(path, { cursor });
      const part = body[key];
      if (page === 0) first = body;
      if (Array.isArray(part)) whole = [...((whole as unknown[] | undefined) ?? []), ...part];
      else whole = { ...(whole as object | undefined), ...(part as object) };
      cursor = body['nextCursor'] as string | undefined;
      if (cursor === undefined) break;
    }
    const { nextCursor: _, ...rest } = first as Record<string, unknown>;
    return { ...rest, [key]: whole } as Body;
  }

  /** One call under /api/v1. An answer of 400 and above throws it as a RemoteProblem, unless `accepts` takes it. */
  async call(path: string, call: Call, accepts: (status: number) => boolean = () => false): Promise<Answer> {
    const response = await this.open(path, call);
    const text = await this.#text(response);
    const status = response.statusCode ?? 0;
    const body = text === '' ? null : this.#json(text, status);
    if (status >= 200 && status < 300) return { status, headers: response.headers, body };
    if (accepts(status)) return { status, headers: response.headers, body };
    throw new RemoteProblem(status, body !== null && typeof body === 'object' ? (body as Record<string, unknown>) : {});
  }

  /** The bytes of an answer that is no JSON. */
  async bytes(path: string, timeoutMs: number): Promise<Buffer> {
    const response = await this.open(path, { timeoutMs });
    const whole = await this.#collect(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return whole;
    const body = this.#json(whole.toString('utf8'), status);
    throw new RemoteProblem(status, body !== null && typeof body === 'object' ? (body as Record<string, unknown>) : {});
  }

  /** The raw response, for streams. The timeout counts until its headers are there. */
  async open(path: string, call: Call): Promise<IncomingMessage> {
    const { request } = this.#base.protocol === 'https:' ? await import('node:https') : await import('node:http');
    const target = new URL(`${this.#base.pathname.replace(/\/$/, '')}/api/v1/${path}`, this.#base);
    for (const [key, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) target.searchParams.set(key, String(value));
    }
    const { payload, contentType } = payloadOf(call);
    const options: RequestOptions = {
      method: call.method ?? 'GET',
      agent: false,
      headers: {
        accept: 'application/json',
        ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }),
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...call.headers,
      },
    };
    return this.#exchange(request(target, options), payload, call.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  }

  #exchange(request: ClientRequest, payload: Buffer | undefined, timeoutMs: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const connecting = setTimeout(() => request.destroy(this.#noAgent('no connection in time')), CONNECT_TIMEOUT_MS);
      const answering = setTimeout(() => {
        const message = `The agent at ${this.url} did not answer within ${timeoutMs} ms.`;
        request.destroy(
          new EdgeError('cli.timeout', message, { status: 504, fix: 'Try again, or see: edge-agent doctor' }),
        );
      }, timeoutMs);
      const settled = (): void => {
        clearTimeout(connecting);
        clearTimeout(answering);
      };
      request.on('socket', (socket) => socket.once('connect', () => clearTimeout(connecting)));
      request.on('response', (response) => {
        settled();
        resolve(response);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        settled();
        reject(this.#transportError(error));
      });
      request.end(payload);
    });
  }

  #transportError(error: NodeJS.ErrnoException): EdgeError {
    if (error instanceof EdgeError) return error;
    const codes = error instanceof AggregateError ? error.errors.map((inner) => inner.code) : [error.code];
    if (codes.some((code) => UNREACHABLE.has(code))) return this.#noAgent(codes.join(', '), error);
    if (error.code?.startsWith('HPE_')) return this.#notAnAgent(error);
    return new EdgeError('cli.connection', `The connection to ${this.url} broke: ${messageOf(error)}`, {
      status: 502,
      fix: 'Try again, or see: edge-agent doctor',
      cause: error,
    });
  }

  #noAgent(why: string, cause?: unknown): EdgeError {
    const hint = this.#hint === undefined ? '' : `; ${this.#hint}`;
    return new EdgeError('cli.no-agent', `No agent answers at ${this.url} (${why}${hint}).`, {
      status: 503,
      fix: 'Start one with: edge-agent run   Or name a running one with --url or --data.',
      cause,
    });
  }

  #notAnAgent(cause?: unknown): EdgeError {
    return new EdgeError('cli.not-an-agent', `What answers at ${this.url} is not an edge-agent.`, {
      status: 502,
      fix: 'Name the agent with --url http://HOST:PORT.',
      cause,
    });
  }

  #json(text: string, status: number): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      if (status === 401 || status === 403) return null;
      throw this.#notAnAgent(cause);
    }
  }

  async #text(response: IncomingMessage): Promise<string> {
    return (await this.#collect(response)).toString('utf8');
  }

  async #collect(response: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > MAX_ANSWER_BYTES) throw this.#notAnAgent();
        parts.push(part);
      }
    } catch (error) {
      throw this.#transportError(error as NodeJS.ErrnoException);
    }
    return Buffer.concat(parts);
  }
}

function payloadOf({ body, contentType }: Call): { payload: Buffer | undefined; contentType: string } {
  if (body === undefined) return { payload: undefined, contentType: '' };
  if (contentType === undefined) return { payload: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
  return { payload: typeof body === 'string' ? Buffer.from(body) : Buffer.from(body as Uint8Array), contentType };
}
