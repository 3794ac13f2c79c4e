import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import { EdgeError } from '../core/errors.js';
import { ERRORS_NAMED, RETRY_AFTER_SECONDS } from './limits.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly fix?: string;
  readonly errors?: readonly FieldFault[];
  readonly details?: Readonly<Record<string, unknown>>;
}

interface FieldFault {
  /** A JSON pointer into the body, or `query/…`, `path/…`. */
  readonly path: string;
  readonly code: string;
  readonly detail: string;
}

/** An error about named fields: 400 unless told otherwise. */
class FieldsError extends EdgeError {
  readonly errors: readonly FieldFault[];

  constructor(
    code: string,
    message: string,
    errors: readonly FieldFault[],
    options: { readonly status?: number; readonly fix?: string } = {},
  ) {
    super(code, message, options);
    this.errors = errors;
  }
}

/** Too many at once: 429 with `Retry-After`. */
export class BusyError extends EdgeError {
  constructor(code: string, message: string) {
    super(code, message, { status: 429, fix: `wait ${RETRY_AFTER_SECONDS} s and try again` });
  }
}

/** Where `prefix` is `''` for a body, `query` or `path` otherwise. */
export function fromZod(error: z.ZodError, prefix: '' | 'query' | 'path'): FieldsError {
  const errors = error.issues.slice(0, ERRORS_NAMED).flatMap((issue) => faultsOf(issue, prefix));
  const first = errors[0];
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  const summary =
    first === undefined ? 'the request is not valid' : `${first.path || 'the body'}: ${first.detail}${more}`;
  const isTooLong = error.issues.every((issue) => issue.code === 'custom' && issue.params?.['tooLong'] === true);
  if (isTooLong) return new FieldsError('request.payload', summary, errors, { status: 413, fix: TOO_LONG_FIX });
  return new FieldsError('request.invalid', summary, errors);
}

const TOO_LONG_FIX =
  'make it shorter, or send it in parts; a message to one node may carry nearly 8 MiB as payloadBase64';

const pointer = (prefix: string, path: readonly PropertyKey[]): string =>
  prefix + path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function faultsOf(issue: z.core.$ZodIssue, prefix: string): readonly FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, ERRORS_NAMED).map((key) => ({
      path: pointer(prefix, [...issue.path, key.slice(0, 64)]),
      code: issue.code,
      detail: 'is not a field of this request',
    }));
  }
  return [{ path: pointer(prefix, issue.path), code: issue.code ?? 'invalid', detail: issue.message }];
}

function problemOf(error: EdgeError): Problem {
  const { code, message, status, fix, details } = error;
  return {
    type: `urn:edge-agent:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    ...(fix === undefined ? {} : { fix }),
    ...(error instanceof FieldsError ? { errors: error.errors } : {}),
    ...(details === undefined ? {} : { details }),
  };
}

/** What Fastify itself refuses, told in our codes. */
function fromFastify(error: { code?: unknown; statusCode?: unknown; message?: unknown }): EdgeError | undefined {
  const status = typeof error.statusCode === 'number' ? error.statusCode : 500;
  if (status < 400 || status > 499) return undefined;
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new EdgeError('request.type', 'this content type is not taken here', {
      status: 415,
      fix: 'send Content-Type: application/json; detections also take application/x-ndjson and application/cbor',
    });
  }
  return new EdgeError('request.malformed', String(error.message ?? 'malformed request').slice(0, 200), { status });
}

/** The error as a problem; `unexpected` when it is a defect of ours, to be logged and not shown. */
export function toProblem(error: unknown): { readonly problem: Problem; readonly unexpected: boolean } {
  if (error instanceof EdgeError) {
    const valid = Number.isInteger(error.status) && error.status >= 400 && error.status <= 599;
    return { problem: { ...problemOf(error), ...(valid ? {} : { status: 500 }) }, unexpected: false };
  }
  const known = typeof error === 'object' && error !== null ? fromFastify(error) : undefined;
  if (known !== undefined) return { problem: problemOf(known), unexpected: false };
  const internal = new EdgeError('internal', 'the agent met an unexpected error', {
    status: 500,
    fix: 'the agent log has the details; please report it',
  });
  return { problem: problemOf(internal), unexpected: true };
}
