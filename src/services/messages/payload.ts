import { fromUtf8, utf8 } from '../../core/bytes.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import { Limit } from '../../core/limits.js';
import type { Body } from '../../wire/bodies.js';
import { faultOfJson } from '../json.js';
import { decodeBase64, encodeBase64, isBase64 } from './base64.js';

/** Bytes of a message's payload, JSON or raw: what fits one message with room for its type. */
export const PAYLOAD_BYTES_MAX = 48 * 1024;
/** Raw bytes of a message that goes in chunks, with room for its type: to one node, kept until it is there. */
export const LARGE_PAYLOAD_BYTES_MAX = Limit.TransferBytes - 1_024;
export const TYPE_BYTES_MAX = 64;

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface PayloadInput {
  readonly payload?: JsonValue;
  readonly payloadBase64?: string;
}

export interface PayloadOutput {
  readonly payload: JsonValue;
  readonly payloadBase64?: string;
  /** Bytes too many to be told of. */
  readonly large?: Uint8Array;
}

type PayloadBody = { content: { case: 'json'; value: Uint8Array } | { case: 'raw'; value: Uint8Array } };

export function encodePayload(input: PayloadInput, rawBytesMax: number = PAYLOAD_BYTES_MAX): PayloadBody {
  if (input.payloadBase64 !== undefined && input.payload !== undefined) {
    throw new EdgeError('message.payload', 'payload and payloadBase64 exclude each other', { fix: 'give one of them' });
  }
  const content =
    input.payloadBase64 === undefined ? jsonContent(input.payload ?? null) : rawContent(input.payloadBase64);
  const most = content.case === 'raw' ? rawBytesMax : PAYLOAD_BYTES_MAX;
  if (content.value.length > most) {
    throw new EdgeError(
      'message.payload.size',
      `the payload has ${content.value.length} bytes, at most ${most} fit here`,
      {
        status: 413,
        fix: 'send it in parts; bytes to one node that acknowledges may be nearly 8 MiB',
      },
    );
  }
  return { content };
}

function jsonContent(value: JsonValue) {
  const fault = faultOfJson(value);
  if (fault !== undefined) throw notJson(fault);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw notJson(messageOf(error));
  }
  if (text === undefined) throw notJson('is no JSON value');
  return { case: 'json', value: utf8(text) } as const;
}

const notJson = (why: string): EdgeError =>
  new EdgeError('message.payload', `the payload ${why}`, { fix: 'give plain JSON, or bytes as payloadBase64' });

function rawContent(base64: string) {
  if (!isBase64(base64)) {
    throw new EdgeError('message.payload', 'payloadBase64 is not base64', {
      fix: 'encode the bytes with padding (RFC 4648, section 4)',
    });
  }
  return { case: 'raw', value: decodeBase64(base64) } as const;
}

/** The payload of a received message; `undefined` when it is malformed. */
export function decodePayload(body: Body.Payload | undefined): PayloadOutput | undefined {
  if (!body || body.content.case === undefined) return { payload: null };
  if (body.content.value.length > PAYLOAD_BYTES_MAX)
    return body.content.case === 'raw' ? { payload: null, large: body.content.value } : undefined;
  if (body.content.case === 'raw') return { payload: null, payloadBase64: encodeBase64(body.content.value) };
  const text = fromUtf8(body.content.value);
  if (text === undefined) return undefined;
  try {
    const payload = JSON.parse(text) as JsonValue;
    return faultOfJson(payload) === undefined ? { payload } : undefined;
  } catch {
    return undefined;
  }
}

export function checkType(type: string): void {
  if (type.length === 0 || utf8(type).length > TYPE_BYTES_MAX) {
    throw new EdgeError(
      'message.type',
      `a message type has 1 to ${TYPE_BYTES_MAX} bytes, this one ${utf8(type).length}`,
      {
        fix: 'choose a shorter name',
      },
    );
  }
}
