import { z } from 'zod';
import type { Operation } from './route.js';
import { eventData, gapEvent } from './schema/messages.js';
import { problem } from './schema/problem.js';

/** Loaded and built when first asked for: an agent that nobody asks pays nothing for it. */
type Schema = Record<string, unknown>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is malformed or a field is at fault.',
  401: 'A token is needed.',
  403: 'The Host or Origin header is not of this agent.',
  404: 'It is not known here.',
  410: 'It was erased.',
  413: 'The body is larger than its limit.',
  415: 'The content type is not taken here.',
  422: 'Every item was rejected.',
  429: 'Too much at once; Retry-After says when to come back.',
  500: 'An unexpected error.',
  503: 'The agent is stopping.',
  504: 'Nobody answered in time.',
};

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return body;
}

function parameters(schema: z.ZodType | undefined, where: 'path' | 'query'): readonly Schema[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Schema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(typeof property.description === 'string' ? { description: property.description } : {}),
    schema: property,
  }));
}

function requestBody(operation: Operation): Schema {
  if (operation.raw !== undefined) {
    const schema = jsonSchema(operation.raw.schema, 'input');
    const content = Object.fromEntries(operation.raw.mediaTypes.map((mediaType) => [mediaType, { schema }]));
    return { requestBody: { required: true, content } };
  }
  if (operation.body === undefined) return {};
  const schema = jsonSchema(operation.body, 'input');
  return { requestBody: { required: true, content: { 'application/json': { schema } } } };
}

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

function responses(operation: Operation): Schema {
  const { status, description, schema, mediaType = 'application/json' } = operation.answer;
  const content = schema === undefined ? { schema: { type: 'string' } } : { schema: jsonSchema(schema, 'output') };
  const takesBody = operation.body !== undefined || operation.raw !== undefined;
  const common = [400, ...(operation.open ? [] : [401]), 403, ...(takesBody ? [413, 415] : []), 429, 500, 503];
  const statuses = [...new Set([...common, ...(operation.problems ?? [])])].sort((a, b) => a - b);
  const faults = statuses.map((fault) => [fault, { description: TITLES[fault] ?? 'A problem.', content: PROBLEM }]);
  const { refusal } = operation;
  return {
    [status]: { description, content: { [mediaType]: content } },
    ...Object.fromEntries(faults),
    ...(refusal === undefined ? {} : { [refusal.status]: refusalOf(refusal) }),
  };
}

function refusalOf({ status, schema }: { readonly status: number; readonly schema: z.ZodType }): Schema {
  const content = { 'application/problem+json': { schema: jsonSchema(schema, 'output') } };
  return { description: TITLES[status] ?? 'A problem.', content };
}

/** The OpenAPI 3.1 document of the operations. */
export function openapiOf(operations: readonly Operation[], version: string): Schema {
  const paths: Record<string, Schema> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    const entry = paths[path] ?? {};
    paths[path] = entry;
    entry[operation.method.toLowerCase()] = {
      operationId: operation.id,
      tags: [operation.tag],
      summary: operation.summary,
      ...(operation.open ? { security: [] } : {}),
      parameters: [...parameters(operation.params, 'path'), ...parameters(operation.query, 'query')],
      ...requestBody(operation),
      responses: responses(operation),
    };
  }
  const events = Object.entries({ ...eventData, gap: gapEvent }).map(([name, schema]) => [
    `${name[0]?.toUpperCase()}${name.slice(1)}Event`,
    jsonSchema(schema, 'output'),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'edge-agent',
      version,
      description:
        'One agent per field device. Times are Unix milliseconds, ids lower-case hex, lists cursor-paged, errors RFC 9457 problems with a stable code.',
    },
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Needed unless the agent listens on loopback.' },
      },
      schemas: { Problem: jsonSchema(problem, 'output'), ...Object.fromEntries(events) },
    },
  };
}
