import { EdgeError } from '../../core/errors.js';
import type { Position } from '../../replication/view.js';

/** The place of the last detection of a page, as 32 hex digits: stable while others come and go. */
export function encodeCursor({ observedAt, key }: Position): string {
  return BigInt(observedAt).toString(16).padStart(16, '0') + key.toString(16).padStart(16, '0');
}

/** Throws `detections.cursor` for anything but what `encodeCursor` gave. */
export function decodeCursor(cursor: string): Position {
  if (typeof cursor !== 'string' || !/^[0-9a-f]{32}$/.test(cursor))
    throw new EdgeError('detections.cursor', 'The cursor is not one that a list has given.', {
      fix: 'Use nextCursor of the page before, or none for the first page.',
    });
  return { observedAt: Number(BigInt(`0x${cursor.slice(0, 16)}`)), key: BigInt(`0x${cursor.slice(16)}`) };
}
