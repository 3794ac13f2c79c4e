import { EdgeError, messageOf } from '../core/errors.js';

export const storeFull = (what: string, cause?: unknown): EdgeError =>
  new EdgeError('store.full', `The store is full: ${what}. Nothing of this batch was kept.`, {
    status: 507,
    fix: 'Free disk space, shorten retention or raise the size cap; deletes still work.',
    cause,
  });

export const storeFailed = (what: string, cause?: unknown): EdgeError =>
  new EdgeError('store.failed', cause === undefined ? what : `${what}: ${messageOf(cause)}`, {
    status: 500,
    fix: 'Check the disk and its permissions (journalctl -k shows I/O errors).',
    cause,
  });

export const storeClosed = (): EdgeError =>
  new EdgeError('store.closed', 'The store is closed.', { status: 503, fix: 'Start the agent again.' });

export const storeBusy = (queued: number): EdgeError =>
  new EdgeError('store.busy', `${queued} batches already wait for the disk.`, {
    status: 503,
    fix: 'Wait for earlier batches to resolve, then try again.',
  });

export const storeReadOnly = (): EdgeError =>
  new EdgeError('store.readonly', 'The store was opened read-only.', { status: 403, fix: 'Open it without readOnly.' });

export const tooManySpaces = (limit: number): EdgeError =>
  new EdgeError('store.spaces', `A store holds at most ${limit} spaces.`, { status: 500, fix: 'Reuse a space.' });
