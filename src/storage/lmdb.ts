import { EdgeError } from '../core/errors.js';
import type { Store, StoreEntry, StoreOp } from '../ports/store.js';
import { Capacity, freeBytesAt } from './capacity.js';
import { checkBatch, checkSpace, copyBatch } from './keys.js';
import { LmdbEnv } from './lmdb-env.js';
import { DEFAULT_RANGE_LIMIT, mergeRange, Pending, type RangeOptions } from './pending.js';
import { storeBusy, storeClosed, storeFailed, storeFull, storeReadOnly } from './store-errors.js';

export interface LmdbStoreOptions {
  /** A directory; created (0700) when absent. */
  readonly path: string;
  /** Cap of the live data in bytes, page overhead included. */
  readonly maxBytes: number;
  readonly readOnly?: boolean;
  /** Free bytes on the file system; tests replace it. */
  readonly freeBytes?: () => number;
}

/** Batches waiting for the disk; above either the next is refused with `store.busy`. */
export const MAX_QUEUED_BATCHES = 10_000;
export const MAX_QUEUED_BYTES = 128 * 1024 * 1024;

// A group is what one transaction and one flush carry.
const MAX_GROUP_OPS = 20_000;
const MAX_GROUP_BYTES = 32 * 1024 * 1024;

interface Submitted {
  readonly id: number;
  readonly ops: readonly StoreOp[];
  readonly bytes: number;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The store on LMDB. Batches are copied on submission, show in reads at once, and are committed in order by groups:
 * while one group is being flushed (off the main thread), the next gathers. When a group fails, its batches are tried
 * one by one, so that only the guilty fail. Values returned are copies, safe to keep and to change.
 *
 * Fails with `store.failed` when the environment cannot be opened.
 */
export function openLmdbStore(options: LmdbStoreOptions): Store {
  return new LmdbStore(options);
}

class LmdbStore implements Store {
  readonly kind = 'lmdb';
  readonly #env: LmdbEnv;
  readonly #capacity: Capacity;
  readonly #readOnly: boolean;
  readonly #pending = new Pending();
  #queue: Submitted[] = [];
  #queuedBytes = 0;
  #nextId = 0;
  #pump: Promise<void> | undefined;
  #broken: EdgeError | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: LmdbStoreOptions) {
    this.#readOnly = options.readOnly ?? false;
    const env = new LmdbEnv(options.path, this.#readOnly);
    this.#env = env;
    this.#capacity = new Capacity({
      maxBytes: options.maxBytes,
      pageBytes: env.pageBytes,
      livePages: () => env.livePages(),
      freeBytes: options.freeBytes ?? (() => freeBytesAt(options.path)),
    });
  }

  get(space: string, key: string): Uint8Array | undefined {
    this.#check(space);
    const pending = this.#pending.get(space, key);
    if (pending !== undefined) return pending?.slice();
    return key.length === 0 ? undefined : this.#env.get(space, key);
  }

  look<T>(space: string, key: string, read: (value: Uint8Array) => T): T | undefined {
    this.#check(space);
    const pending = this.#pending.get(space, key);
    if (pending !== undefined) return pending ? read(pending) : undefined;
    return key.length === 0 ? undefined : this.#env.look(space, key, read);
  }

  range(space: string, options: RangeOptions = {}): StoreEntry[] {
    this.#check(space);
    const limit = options.limit ?? DEFAULT_RANGE_LIMIT;
    if (limit <= 0) return [];
    if (!this.#pending.touches(space)) return [...this.#env.entries(space, options, limit)];
    return mergeRange(this.#env.entries(space, options), this.#pending.entries(space, options), options);
  }

  /** Cheap, but for a look-up for each key that waits to be written. */
  count(space: string): number {
    this.#check(space);
    let count = this.#env.count(space);
    for (const [key, value] of this.#pending.entries(space))
      count += Number(value !== null) - Number(this.#env.has(space, key));
    return count;
  }

  async batch(ops: readonly StoreOp[]): Promise<void> {
    if (this.#closed) throw storeClosed();
    if (this.#readOnly) throw storeReadOnly();
    if (this.#broken) throw this.#broken;
    const bytes = checkBatch(ops);
    if (ops.length === 0) return;
    if (this.#queue.length >= MAX_QUEUED_BATCHES || this.#queuedBytes + bytes > MAX_QUEUED_BYTES)
      throw storeBusy(this.#queue.length);
    const copy = copyBatch(ops, bytes);
    const id = this.#nextId++;
    this.#pending.add(id, copy);
    this.#queuedBytes += bytes;
    await new Promise<void>((done, failed) => {
      this.#queue.push({ id, ops: copy, bytes, done, failed });
      this.#pump ??= this.#drain();
    });
  }

  /** Waits for the batches already submitted. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#pump;
      await this.#env.close();
    })();
    return this.#closed;
  }

  #check(space: string): void {
    if (this.#closed) throw storeClosed();
    checkSpace(space);
  }

  async #drain(): Promise<void> {
    // Let the rest of this turn submit its batches into the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#admitted(this.#nextGroup());
      if (group.length > 0) await this.#commit(group);
    }
    this.#pump = undefined;
  }

  #nextGroup(): Submitted[] {
    let ops = 0;
    let bytes = 0;
    let size = 0;
    for (const batch of this.#queue) {
      ops += batch.ops.length;
      bytes += batch.bytes;
      if (size > 0 && (ops > MAX_GROUP_OPS || bytes > MAX_GROUP_BYTES)) break;
      size += 1;
    }
    return this.#queue.splice(0, size);
  }

  /** Refuses those batches that cannot fit and makes the spaces of the others. */
  #admitted(group: readonly Submitted[]): Submitted[] {
    return group.filter((batch) => {
      try {
        const reason = this.#broken ? undefined : this.#capacity.refuse(batch.ops);
        if (reason !== undefined) throw storeFull(reason);
        if (this.#broken) throw this.#broken;
        this.#env.ensureSpaces(batch.ops);
        return true;
      } catch (error) {
        this.#settle(batch, this.#explain(error));
        return false;
      }
    });
  }

  async #commit(group: readonly Submitted[]): Promise<void> {
    try {
      await this.#env.write(group.map((batch) => batch.ops));
    } catch (error) {
      const failure = this.#explain(await causeOf(error));
      for (const batch of group) {
        if (group.length === 1 || this.#broken) this.#settle(batch, failure);
        else await this.#commit([batch]);
      }
      return;
    }
    for (const batch of group) this.#settle(batch);
  }

  #settle(batch: Submitted, error?: EdgeError): void {
    this.#pending.remove(batch.id, batch.ops);
    this.#queuedBytes -= batch.bytes;
    if (error) batch.failed(error);
    else batch.done();
  }

  #explain(error: unknown): EdgeError {
    if (error instanceof EdgeError) return error;
    // LMDB reports a write cut short by a full disk as an I/O error.
    const full = FULL_CODES.has(codeOf(error)) || (codeOf(error) === EIO && this.#capacity.diskIsTight());
    try {
      this.#env.probe();
    } catch (fatal) {
      this.#broken = storeFailed('The store takes no more writes until the agent is started again', fatal);
    }
    return full ? storeFull('the disk has no room', error) : storeFailed('The store could not write a batch', error);
  }
}

const EIO = 5;
/** EFBIG, ENOSPC, EDQUOT, MDB_MAP_FULL, MDB_TXN_FULL. */
const FULL_CODES: ReadonlySet<unknown> = new Set([27, 28, 122, -30792, -30788]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;

/** lmdb-js wraps the reason of a failed commit in a promise that rejects. */
async function causeOf(error: unknown): Promise<unknown> {
  const reason = (error as { commitError?: PromiseLike<unknown> } | undefined)?.commitError;
  if (reason === undefined) return error;
  try {
    await reason;
    return error;
  } catch (cause) {
    return cause;
  }
}
