import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { EdgeError } from '../core/errors.js';
import { parseJson } from './batch.js';
import { fromZod } from './problem.js';

export const API = '/api/v1';

/** One call of the contract: all that the server, the OpenAPI document and the tests know about it. */
export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  /** Unique; `operationId` in the OpenAPI document. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** In the router's notation: `/api/v1/peers/:nodeId`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  /** A JSON body, parsed and checked before the handler. */
  readonly body?: Body;
  /** Bodies the handler decodes itself: media types and, for the document, what is in them. */
  /** Of its JSON body, where that may be larger than others. */
  readonly limitBytes?: number;
  readonly raw?: { readonly mediaTypes: readonly string[]; readonly schema: z.ZodType; readonly limitBytes: number };
  readonly answer: {
    readonly status: number;
    readonly description: string;
    readonly schema?: z.ZodType;
    /** Default application/json. */
    readonly mediaType?: string;
  };
  /** A problem with more in it than usual. */
  readonly refusal?: { readonly status: number; readonly schema: z.ZodType };
  /** Statuses of the problems this call may answer with, besides those any call may. */
  readonly problems?: readonly number[];
  /** Needs no token. */
  readonly open?: true;
}

/** A body as it came. */
export interface RawBody {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly raw: RawBody | undefined;
}

export interface Route {
  readonly operation: Operation;
  handle(exchange: Exchange): Promise<unknown>;
}

/** Binds a handler to an operation. What it returns is the answer's body; input is checked before it is called. */
export function route<
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(
  operation: Operation<Params, Query, Body>,
  handler: (
    input: { readonly params: z.output<Params>; readonly query: z.output<Query>; readonly body: z.output<Body> },
    exchange: Exchange,
  ) => unknown,
): Route {
  return {
    operation,
    handle: async (exchange) => {
      const { params, query, body } = operation;
      const input = {
        params: params && check(params, exchange.request.params, 'path'),
        query: check(query ?? NO_QUERY, fromQuery(query, exchange.request.query), 'query'),
        body: body && check(body, jsonOf(exchange.raw), ''),
      };
      return handler(input as never, exchange);
    },
  };
}

const NO_QUERY = z.strictObject({});

function check(schema: z.ZodType, value: unknown, where: '' | 'query' | 'path'): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw fromZod(result.error, where);
}

function jsonOf(raw: RawBody | undefined): unknown {
  if (raw === undefined || raw.bytes.length === 0) throw new EdgeError('request.body', 'a JSON body is needed');
  if (raw.mediaType !== 'application/json') {
    throw new EdgeError('request.type', `${raw.mediaType} is not taken here`, {
      status: 415,
      fix: 'send Content-Type: application/json',
    });
  }
  return parseJson(raw.bytes);
}

/** Query strings are text: fields whose schema is a number become one when they look like one. */
function fromQuery(schema: z.ZodType | undefined, value: unknown): Record<string, unknown> {
  const query = { ...(value as Record<string, unknown>) };
  if (!(schema instanceof z.ZodObject)) return query;
  for (const [key, field] of Object.entries(schema.shape)) {
    const text = query[key];
    const inner = field instanceof z.ZodExactOptional ? field.unwrap() : field;
    if (inner instanceof z.ZodNumber && typeof text === 'string' && /^-?\d{1,16}$/.test(text))
      query[key] = Number(text);
  }
  return query;
}
