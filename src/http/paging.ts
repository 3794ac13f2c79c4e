import { EdgeError } from '../core/errors.js';

/**
 * One page of a list held in memory, in the order of its keys. The cursor is the last key of the page before, so
 * entries that come and go in between neither repeat nor hide others.
 */
export function pageBy<T>(
  all: readonly T[],
  keyOf: (entry: T) => string,
  query: { readonly limit?: number; readonly cursor?: string },
  defaultLimit: number,
): { readonly page: readonly T[]; readonly next: { readonly nextCursor?: string } } {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const sorted = [...all].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter((entry) => keyOf(entry) > after);
  const page = rest.slice(0, query.limit ?? defaultLimit);
  const last = page.at(-1);
  if (page.length === rest.length || last === undefined) return { page, next: {} };
  return { page, next: { nextCursor: Buffer.from(keyOf(last)).toString('base64url') } };
}

function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (key === '' || Buffer.from(key).toString('base64url') !== cursor) {
    throw new EdgeError('request.cursor', 'the cursor is not one this list gave', {
      fix: 'start again without a cursor',
    });
  }
  return key;
}
