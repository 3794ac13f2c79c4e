import { fromUtf8, utf8 } from '../core/bytes.js';
import { MAX_METADATA_BYTES, MAX_METADATA_DEPTH } from '../replication/limits.js';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type Metadata = { readonly [key: string]: JsonValue };

/** More than any metadata within the byte limit can have: stops endless or cyclic values early. */
const MAX_NODES = MAX_METADATA_BYTES;

/**
 * JSON of an object with its keys sorted, so that equal metadata is equal bytes; or what is wrong with it. Only what
 * JSON can say is taken: nothing is dropped or changed silently.
 */
export function canonicalMetadata(value: unknown): Uint8Array | string {
  if (!isPlainObject(value)) return 'must be an object';
  const state = { nodes: 0 };
  const text = write(value, MAX_METADATA_DEPTH, state);
  if (typeof text !== 'string') return text.fault;
  const bytes = utf8(text);
  if (bytes.length > MAX_METADATA_BYTES) return `is ${bytes.length} bytes of JSON; at most ${MAX_METADATA_BYTES}`;
  return bytes;
}

function write(value: unknown, depth: number, state: { nodes: number }): string | { readonly fault: string } {
  if (++state.nodes > MAX_NODES) return { fault: `holds more than ${MAX_NODES} values` };
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number')
    return Number.isFinite(value) ? JSON.stringify(value) : { fault: `holds ${value}, which JSON cannot say` };
  if (typeof value === 'string')
    return value.length > MAX_METADATA_BYTES
      ? { fault: `holds a text of ${value.length} characters` }
      : JSON.stringify(value);
  if (depth === 0) return { fault: `is nested deeper than ${MAX_METADATA_DEPTH}` };
  if (Array.isArray(value))
    return writeAll(
      value.map((item) => ['', item]),
      depth,
      state,
      '[',
      ']',
    );
  if (!isPlainObject(value)) return { fault: 'holds something that is no JSON value' };
  const members = Object.keys(value)
    .sort()
    .map((key): [string, unknown] => [`${JSON.stringify(key)}:`, value[key]]);
  return writeAll(members, depth, state, '{', '}');
}

function writeAll(
  members: readonly (readonly [string, unknown])[],
  depth: number,
  state: { nodes: number },
  open: string,
  close: string,
): string | { readonly fault: string } {
  const parts: string[] = [];
  for (const [prefix, item] of members) {
    const text = write(item, depth - 1, state);
    if (typeof text !== 'string') return text;
    parts.push(prefix + text);
  }
  return open + parts.join(',') + close;
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The object that stored or received metadata says, `undefined` when it is none. */
export function parseMetadata(bytes: Uint8Array): Metadata | undefined {
  if (bytes.length > MAX_METADATA_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes) ?? '');
    return isPlainObject(value) ? (value as Metadata) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether every field of `wanted` is there and equal. */
export function hasFields(metadata: Metadata, wanted: Metadata): boolean {
  for (const [field, value] of Object.entries(wanted)) {
    if (!Object.hasOwn(metadata, field)) return false;
    if (!isEqual(metadata[field] as JsonValue, value)) return false;
  }
  return true;
}

function isEqual(a: JsonValue, b: JsonValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Metadata, b as Metadata];
  const fields = Object.keys(left);
  if (fields.length !== Object.keys(right).length) return false;
  return fields.every(
    (field) => Object.hasOwn(right, field) && isEqual(left[field] as JsonValue, right[field] as JsonValue),
  );
}
