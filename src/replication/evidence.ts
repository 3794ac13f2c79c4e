import type { Outbox, Statement } from './effects.js';
import type { Holdings } from './holdings.js';
import type { IndexEntry } from './index-entry.js';
import { MAX_PEER_REFUSED, PEER_REFUSED_GENERATION_MS } from './limits.js';
import { Remembered } from './remembered.js';
import { readBatch, readRecord, type StoreReader } from './store-layout.js';

/** Notices authors who sign two contents under one stamp. Both contents follow the usual rules; the proof goes out. */
export class Evidence {
  readonly #holdings: Holdings;
  readonly #store: StoreReader;
  readonly #out: Outbox;
  // So that a repeated pair is told about once in a while, not each time it is seen.
  readonly #told = new Remembered(MAX_PEER_REFUSED, PEER_REFUSED_GENERATION_MS);

  constructor(holdings: Holdings, store: StoreReader, out: Outbox) {
    this.#holdings = holdings;
    this.#store = store;
    this.#out = out;
  }

  /** Compares a verified record with what is held under its stamp. */
  look(entry: IndexEntry, statement: Statement, now: number): void {
    const other = this.#other(entry);
    if (!other) return;
    this.#out.count('weave.equivocation');
    if (this.#told.get(entry.stamp, now) !== undefined) return;
    this.#told.set(entry.stamp, 1, now);
    this.#out.push({ kind: 'evidence', fault: 'equivocation', author: entry.node, statements: [other, statement] });
  }

  #other(entry: IndexEntry): Statement | undefined {
    const staged = this.#holdings.staged(entry.key);
    if (staged && 'core' in staged.body && staged.entry.stamp === entry.stamp && staged.entry.digest !== entry.digest) {
      const { record, batch } = staged.body;
      return { core: record.core, leaf: record.leaf, path: record.path, batch };
    }
    const { registry } = this.#holdings;
    const row = registry.rowOfStamp(entry.stamp);
    if (row < 0 || registry.digestOf(row) === entry.digest) return undefined;
    const record = readRecord(this.#store, registry.key(row));
    const batch = readBatch(this.#store, registry.columns.batch[row] as bigint);
    return record && batch ? { core: record.core, leaf: record.leaf, path: record.path, batch } : undefined;
  }
}
