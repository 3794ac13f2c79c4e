import { utf8 } from '../core/bytes.js';
import type { Store, StoreEntry, StoreOp } from '../ports/store.js';
import { checkBatch, checkSpace, copyBatch, MAX_SPACES } from './keys.js';
import { OrderedMap } from './ordered-map.js';
import { mergeRange, Pending, type RangeOptions } from './pending.js';
import { storeClosed, storeFull, tooManySpaces } from './store-errors.js';

type Spaces = Map<string, OrderedMap<Uint8Array>>;

/** What a memory store held on its "disk" at one moment. */
interface MemorySnapshot {
  readonly spaces: ReadonlyMap<string, OrderedMap<Uint8Array>>;
  readonly bytes: number;
}

export interface MemoryStore extends Store {
  /** Bytes on the "disk": keys and values plus `ENTRY_OVERHEAD_BYTES` each. */
  readonly bytes: number;
  snapshot(): MemorySnapshot;
  restore(snapshot: MemorySnapshot): void;
  /**
   * A power cut: batches not yet resolved are lost and their promises never settle, as their callers are gone too.
   * The store then serves what was on disk.
   */
  crash(): void;
}

export interface MemoryStoreOptions {
  /** Default: no cap. */
  readonly maxBytes?: number;
  /** When a batch reaches the disk; the simulator passes a timer of its clock. Default: a microtask. */
  readonly settle?: (write: () => void) => void;
}

const ENTRY_OVERHEAD_BYTES = 64;

interface Waiting {
  readonly ops: readonly StoreOp[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** The store contract in memory: for the simulator and for tests. */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new InMemoryStore(options);
}

class InMemoryStore implements MemoryStore {
  readonly kind = 'memory';
  readonly #maxBytes: number;
  readonly #settle: (write: () => void) => void;
  readonly #pending = new Pending();
  // Bounded by the callers that wait: each entry is one unresolved batch.
  readonly #waiting = new Map<number, Waiting>();
  #spaces: Spaces = new Map();
  #bytes = 0;
  #nextBatch = 0;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(options: MemoryStoreOptions) {
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#settle = options.settle ?? queueMicrotask;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(space: string, key: string): Uint8Array | undefined {
    this.#open(space);
    const pending = this.#pending.get(space, key);
    if (pending !== undefined) return pending?.slice();
    return this.#spaces.get(space)?.get(key)?.slice();
  }

  look<T>(space: string, key: string, read: (value: Uint8Array) => T): T | undefined {
    this.#open(space);
    const pending = this.#pending.get(space, key);
    const value = pending === undefined ? this.#spaces.get(space)?.get(key) : pending;
    return value ? read(value) : undefined;
  }

  range(space: string, options: RangeOptions = {}): StoreEntry[] {
    this.#open(space);
    return mergeRange(this.#disk(space, options), this.#pending.entries(space, options), options);
  }

  count(space: string): number {
    this.#open(space);
    const disk = this.#spaces.get(space);
    let count = disk?.size ?? 0;
    for (const [key, value] of this.#pending.entries(space))
      count += Number(value !== null) - Number(disk?.get(key) !== undefined);
    return count;
  }

  async batch(ops: readonly StoreOp[]): Promise<void> {
    if (this.#closed) throw storeClosed();
    const copy = copyBatch(ops, checkBatch(ops));
    if (copy.length === 0) return;
    const id = this.#nextBatch++;
    this.#pending.add(id, copy);
    await new Promise<void>((done, failed) => {
      this.#waiting.set(id, { ops: copy, done, failed });
      this.#settle(() => this.#write(id));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  snapshot(): MemorySnapshot {
    return { spaces: copySpaces(this.#spaces), bytes: this.#bytes };
  }

  restore(snapshot: MemorySnapshot): void {
    this.crash();
    this.#spaces = copySpaces(snapshot.spaces);
    this.#bytes = snapshot.bytes;
  }

  crash(): void {
    this.#waiting.clear();
    this.#pending.clear();
    this.#closed = false;
    this.#idle?.();
  }

  #open(space: string): void {
    if (this.#closed) throw storeClosed();
    if (!this.#spaces.has(space)) checkSpace(space);
  }

  *#disk(space: string, options: RangeOptions): Generator<StoreEntry> {
    const entries = this.#spaces.get(space)?.entries(options.from, options.to, options.reverse) ?? [];
    for (const [key, value] of entries) yield { key, value: value.slice() };
  }

  #write(id: number): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return; // lost in a crash
    this.#waiting.delete(id);
    this.#pending.remove(id, waiting.ops);
    try {
      this.#apply(waiting.ops);
      waiting.done();
    } catch (error) {
      waiting.failed(error);
    }
    if (this.#waiting.size === 0) this.#idle?.();
  }

  #apply(ops: readonly StoreOp[]): void {
    const names = new Set(this.#spaces.keys());
    const last = new Map<string, StoreOp>();
    for (const op of ops) {
      if (op.op === 'put') names.add(op.space);
      last.set(`${op.space}/${op.key}`, op);
    }
    if (names.size > MAX_SPACES) throw tooManySpaces(MAX_SPACES);
    let growth = 0;
    for (const op of last.values()) {
      const old = this.#spaces.get(op.space)?.get(op.key);
      if (old) growth -= entryBytes(op.key, old);
      if (op.op === 'put') growth += entryBytes(op.key, op.value);
    }
    if (growth > 0 && this.#bytes + growth > this.#maxBytes) throw storeFull(`its cap is ${this.#maxBytes} bytes`);
    this.#bytes += growth;
    for (const op of last.values()) {
      let space = this.#spaces.get(op.space);
      if (op.op === 'delete') space?.delete(op.key);
      else {
        if (!space) {
          space = new OrderedMap();
          this.#spaces.set(op.space, space);
        }
        space.set(op.key, op.value);
      }
    }
  }
}

const entryBytes = (key: string, value: Uint8Array): number => utf8(key).length + value.length + ENTRY_OVERHEAD_BYTES;

function copySpaces(spaces: ReadonlyMap<string, OrderedMap<Uint8Array>>): Spaces {
  const copy: Spaces = new Map();
  for (const [name, space] of spaces) copy.set(name, space.copy());
  return copy;
}
