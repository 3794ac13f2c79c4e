import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { StoreEntry, StoreOp } from '../ports/store.js';
import { MAX_SPACES } from './keys.js';
import { faultOfDataFile } from './lmdb-header.js';
import type { RangeOptions } from './pending.js';
import { storeFailed, tooManySpaces } from './store-errors.js';

type Space = Database<Uint8Array, Uint8Array>;

const META_PAGES = 2;
const SPACE_OPTIONS = { encoding: 'binary', keyEncoding: 'binary' } as const;

/**
 * One LMDB environment and its named spaces: everything that knows how lmdb-js wants to be used.
 *
 * `overlappingSync` is off: a commit then becomes visible and resolves only after its fdatasync and its meta page are
 * on disk, and a failed flush fails the commit. With it on, a commit is visible before the flush and a flush that
 * fails in the background is told to nobody. `eventTurnBatching` is off because it creates an inner promise that
 * nobody handles when a commit fails.
 */
export class LmdbEnv {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>;
  readonly #spaces = new Map<string, Space>();
  readonly #readOnly: boolean;

  constructor(path: string, readOnly: boolean) {
    this.#readOnly = readOnly;
    const options = {
      ...SPACE_OPTIONS,
      path,
      noSubdir: false,
      readOnly,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: MAX_SPACES + 2,
      permissionsMode: 0o600,
    };
    try {
      if (!readOnly) mkdirSync(path, { recursive: true, mode: 0o700 });
      const fault = faultOfDataFile(join(path, 'data.mdb'));
      if (fault) throw new Error(`data.mdb is damaged: ${fault}. Move the directory aside to start afresh`);
      this.#root = open(options);
      // Listed first: opening a space ends the transaction of a cursor that is still walking.
      for (const name of [...this.#root.getKeys()]) this.#openSpace(spaceName(name));
    } catch (error) {
      throw storeFailed(`Cannot open the store at ${path}`, error);
    }
  }

  get pageBytes(): number {
    return this.#stats(this.#root).pageSize;
  }

  get(space: string, key: string): Uint8Array | undefined {
    const value = this.#space(space)?.get(Buffer.from(key));
    return value && plain(value);
  }

  look<T>(space: string, key: string, read: (value: Uint8Array) => T): T | undefined {
    const value = this.#space(space)?.getBinaryFast(Buffer.from(key));
    // lmdb-js lends the buffer it reads everything into, whose own length is that of the value.
    return value && read(new Uint8Array(value.buffer, value.byteOffset, value.length));
  }

  has(space: string, key: string): boolean {
    return this.#space(space)?.doesExist(Buffer.from(key)) ?? false;
  }

  *entries(space: string, { from, to, reverse }: RangeOptions, limit?: number): Generator<StoreEntry> {
    const database = this.#space(space);
    if (!database) return;
    const low =
      from === undefined ? {} : reverse ? { end: Buffer.from(from), inclusiveEnd: true } : { start: Buffer.from(from) };
    const high =
      to === undefined ? {} : reverse ? { start: Buffer.from(to), exclusiveStart: true } : { end: Buffer.from(to) };
    const options = { ...low, ...high, reverse: reverse === true, ...(limit === undefined ? {} : { limit }) };
    for (const { key, value } of database.getRange(options))
      yield { key: Buffer.from(key).toString(), value: plain(value) };
  }

  count(space: string): number {
    const database = this.#space(space);
    return database ? this.#stats(database).entryCount : 0;
  }

  /** Makes the spaces that the operations put into. Blocks for one small commit per new space. */
  ensureSpaces(ops: readonly StoreOp[]): void {
    for (const op of ops) {
      if (op.op !== 'put' || this.#spaces.has(op.space)) continue;
      if (this.#spaces.size >= MAX_SPACES) throw tooManySpaces(MAX_SPACES);
      this.#openSpace(op.space);
    }
  }

  /** Writes all operations in one transaction; resolves when it is on disk. Call `ensureSpaces` first. */
  async write(batches: Iterable<readonly StoreOp[]>): Promise<void> {
    await this.#root.batch(() => {
      for (const ops of batches) {
        for (const op of ops) {
          const key = Buffer.from(op.key);
          if (op.op === 'put') void this.#spaces.get(op.space)?.put(key, op.value);
          else void this.#spaces.get(op.space)?.remove(key);
        }
      }
    });
  }

  /** Throws when LMDB refuses all further writes, as after a failed write of its meta page. */
  probe(): void {
    this.#root.transactionSync(() => undefined);
  }

  livePages(): number {
    const stats = this.#stats(this.#root);
    let pages = META_PAGES + treePages(stats.root) + treePages(stats.free);
    for (const space of this.#spaces.values()) pages += treePages(this.#stats(space));
    return pages;
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #space(name: string): Space | undefined {
    const known = this.#spaces.get(name);
    if (known || !this.#readOnly) return known;
    // Another process writes: a space may have appeared since we opened.
    return this.#spaces.size < MAX_SPACES ? this.#openSpace(name) : undefined;
  }

  #openSpace(name: string): Space | undefined {
    const space = this.#root.openDB<Uint8Array, Uint8Array>(name, SPACE_OPTIONS) as Space | undefined;
    if (space) this.#spaces.set(name, space);
    return space;
  }

  #stats(database: Space): LmdbStats {
    return database.getStats() as LmdbStats;
  }
}

interface LmdbTree {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface LmdbStats extends LmdbTree {
  readonly pageSize: number;
  readonly entryCount: number;
  readonly root: LmdbTree;
  readonly free: LmdbTree;
}

// lmdb-js ends the name of a space with a NUL.
const spaceName = (key: Uint8Array): string => Buffer.from(key.at(-1) === 0 ? key.subarray(0, -1) : key).toString();

const treePages = (tree: LmdbTree): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;

// lmdb-js returns a fresh Buffer each time; a plain array spares callers `Buffer`'s own `slice`.
const plain = (value: Uint8Array): Uint8Array => new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
