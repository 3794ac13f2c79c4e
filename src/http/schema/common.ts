import { z } from 'zod';
import type { Json, JsonObject } from '../../agent/contract.js';
import { PRIORITIES } from '../../agent/contract.js';
import { findFault, jsonBytes } from '../json-value.js';
import {
  CURSOR_CHARS,
  HASH_BYTES_MAX,
  HASH_BYTES_MIN,
  METADATA_BYTES,
  METADATA_DEPTH,
  PAGE_MAX,
  SPACE_CHARS,
  TYPE_CHARS,
  UNIX_MS_MAX,
  VALUE_DEPTH,
} from '../limits.js';

const FAULTS = {
  key: 'must not have a key "__proto__"',
  number: 'must hold finite numbers only',
  kind: 'must be JSON',
} as const;

/** As zod takes it: no interface, for that has no index. */
type Fault = { code: 'custom'; message: string; input: unknown; params?: { tooLong: boolean } };

/** Marks what is well formed, and only too long: 413 instead of 400. */
export const TOO_LONG = { params: { tooLong: true } };

/** Any JSON within a size and a depth. Checked without recursing past the depth. */
function bounded(what: string, bytesMax: number, depthMax: number, tooLong: Partial<Fault> = {}) {
  return (value: unknown, context: { addIssue(issue: string | Fault): void }): void => {
    const fault = findFault(value, depthMax);
    if (fault === 'depth') context.addIssue(`${what} must not nest deeper than ${depthMax} (limit ${depthMax})`);
    else if (fault !== undefined) context.addIssue(`${what} ${FAULTS[fault]}`);
    else if (jsonBytes(value) > bytesMax) {
      const message = `${what} must be at most ${bytesMax} bytes of JSON (limit ${bytesMax})`;
      context.addIssue({ code: 'custom', message, input: value, ...tooLong });
    }
  };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

export const jsonValue = (what: string, bytesMax: number): z.ZodType<Json> =>
  z
    .unknown()
    .superRefine(bounded(what, bytesMax, VALUE_DEPTH, TOO_LONG))
    .describe(
      `Any JSON, at most ${bytesMax} bytes, nested at most ${VALUE_DEPTH} deep.`,
    ) as z.ZodType<unknown> as z.ZodType<Json>;

export const metadata = z
  .unknown()
  .superRefine((value, context) => {
    if (!isObject(value)) context.addIssue('metadata must be an object');
    else bounded('metadata', METADATA_BYTES, METADATA_DEPTH)(value, context);
  })
  .meta({
    type: 'object',
    additionalProperties: true,
    description: `An object of at most ${METADATA_BYTES} bytes of JSON, nested at most ${METADATA_DEPTH} deep.`,
  }) as z.ZodType<unknown> as z.ZodType<JsonObject>;

export const nodeId = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{16}$/, 'must be a node id: 16 hex digits')
  .describe('A node id: 16 hex digits.');

export const messageId = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{28}$/, 'must be a message id: 28 hex digits')
  .describe('A message id: 28 hex digits.');

export const hash = z
  .string()
  .toLowerCase()
  .regex(
    new RegExp(`^([0-9a-f]{2}){${HASH_BYTES_MIN},${HASH_BYTES_MAX}}$`),
    `must be ${HASH_BYTES_MIN} to ${HASH_BYTES_MAX} bytes in hex`,
  )
  .describe(`${HASH_BYTES_MIN} to ${HASH_BYTES_MAX} bytes in hex.`);

export const typeName = z.string().min(1).max(TYPE_CHARS);
export const spaceName = z.string().min(1).max(SPACE_CHARS);
export const priority = z.enum(PRIORITIES);
export const unixMs = z.number().int().min(0).max(UNIX_MS_MAX).describe('Unix milliseconds.');
export const count = z.number().int().min(0);
export const limit = z.number().int().min(1).max(PAGE_MAX);
export const cursor = z.string().min(1).max(CURSOR_CHARS).describe('`nextCursor` of the page before.');
