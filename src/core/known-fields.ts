import { EdgeError } from './errors.js';

const SHOWN = 64;

/** Names the first field that nobody knows, and those there are: a slip would be ignored otherwise. */
export function unknownField(value: object, known: Iterable<string>): string | undefined {
  const names = new Set(known);
  const field = Object.keys(value).find((name) => !names.has(name));
  return field === undefined ? undefined : `${field.slice(0, SHOWN)}: no such field; known: ${[...names].join(', ')}.`;
}

/** Throws EdgeError `code` for a field that nobody knows. */
export function checkFields(value: object, known: Iterable<string>, code: string): void {
  const unknown = unknownField(value, known);
  if (unknown !== undefined) throw new EdgeError(code, unknown, { fix: 'write it as one of those, or leave it out' });
}
