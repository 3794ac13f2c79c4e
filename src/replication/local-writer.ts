import type { Crypto } from '../ports/crypto.js';
import type { Author } from './author.js';
import type { Outbox, Outcome, RecordDraft } from './effects.js';
import type { Completed, Holdings } from './holdings.js';
import { tombstoneKey } from './keys.js';
import { MAX_PUT_DRAFTS } from './limits.js';
import type { StoreReader } from './store-layout.js';
import { coreOf } from './summary.js';

interface Waiting {
  readonly results: Outcome[];
  /** Which results depend on which store operation. */
  readonly on: Map<number, number[]>;
}

const BUSY: Outcome = {
  outcome: 'refused',
  code: 'store.busy',
  detail: 'Too much already waits for the disk. Try again in a moment.',
  status: 429,
};
const ERASED: Outcome = {
  outcome: 'refused',
  code: 'detection.erased',
  detail: 'This hash was erased in the mesh; it cannot be pushed again until its tombstone expires.',
  status: 410,
};

export interface LocalWriterOptions {
  readonly author: Author;
  readonly holdings: Holdings;
  readonly store: StoreReader;
  readonly crypto: Crypto;
  readonly out: Outbox;
}

/** Puts and erases of this node. Each settles once all it depends on is durable; bounded by the store operations outstanding. */
export class LocalWriter {
  readonly #author: Author;
  readonly #holdings: Holdings;
  readonly #store: StoreReader;
  readonly #crypto: Crypto;
  readonly #out: Outbox;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: LocalWriterOptions) {
    this.#author = options.author;
    this.#holdings = options.holdings;
    this.#store = options.store;
    this.#crypto = options.crypto;
    this.#out = options.out;
  }

  put(ticket: number, drafts: readonly RecordDraft[], wall: number): void {
    if (drafts.length > MAX_PUT_DRAFTS) {
      this.#refuseAll(ticket, drafts.length, tooMany(drafts.length));
      return;
    }
    if (this.#holdings.busy) {
      this.#refuseAll(ticket, drafts.length, BUSY);
      return;
    }
    const results: Outcome[] = [];
    const on = new Map<number, number[]>();
    const fresh = new Map<bigint, { draft: RecordDraft; contentVersion: number }>();
    const freshIndexes: number[] = [];
    let growth = 0;
    for (const [index, draft] of drafts.entries()) {
      const key = this.#author.keyOf(draft.hash);
      const earlier = fresh.get(key);
      const known = earlier ? undefined : this.#holdings.known(key);
      if (this.#holdings.isErased(tombstoneKey(this.#crypto, draft.hash), wall)) results.push(ERASED);
      else if (earlier ? isSameDraft(earlier.draft, draft) : known && this.#isHeld(key, draft, wall)) {
        results.push({ outcome: 'duplicate', key });
        const pending = this.#holdings.ticketOf(key);
        if (earlier) freshIndexes.push(index);
        else if (pending !== undefined) append(on, pending, index);
      } else if (!earlier && !known && this.#isFull(growth)) results.push(fullOf(this.#holdings.limits.detections));
      else {
        if (!earlier && !known) growth += 1;
        fresh.set(key, { draft, contentVersion: ((earlier ?? known)?.contentVersion ?? 0) + 1 });
        results.push({ outcome: 'accepted', key });
        freshIndexes.push(index);
      }
    }
    if (fresh.size > 0) on.set(this.#holdings.stage(this.#author.seal([...fresh.values()], wall)), freshIndexes);
    this.#wait(ticket, results, on);
  }

  erase(ticket: number, hash: Uint8Array, wall: number): void {
    const key = tombstoneKey(this.#crypto, hash);
    const pending = this.#holdings.ticketOf(key);
    if (pending !== undefined) {
      this.#wait(ticket, [{ outcome: 'erased', count: 0 }], new Map([[pending, [0]]]));
      return;
    }
    if (this.#holdings.isErased(key, wall)) {
      this.#wait(ticket, [{ outcome: 'erased', count: 0 }], new Map());
      return;
    }
    if (this.#holdings.busy) {
      this.#refuseAll(ticket, 1, BUSY);
      return;
    }
    if (this.#holdings.fullOfTombstones) {
      this.#refuseAll(ticket, 1, fullOfTombstones(this.#holdings.limits.tombstones));
      return;
    }
    const staged = this.#author.tombstone(hash, wall);
    this.#wait(ticket, [{ outcome: 'erased', count: 0 }], new Map([[this.#holdings.stage([staged]), [0]]]));
  }

  /** A store operation has been answered: settles what waited for nothing else. */
  completed(operation: number, completed: Completed, code: string): void {
    for (const [ticket, { results, on }] of this.#waiting) {
      const indexes = on.get(operation);
      if (!indexes) continue;
      on.delete(operation);
      for (const index of indexes) results[index] = after(results[index] as Outcome, completed, code);
      if (on.size > 0) continue;
      this.#waiting.delete(ticket);
      this.#out.push({ kind: 'settled', ticket, results });
    }
  }

  #isHeld(key: bigint, draft: RecordDraft, wall: number): boolean {
    const staged = this.#holdings.staged(key);
    const core = staged ? ('core' in staged.body ? staged.body.core : undefined) : coreOf(this.#store, key);
    return core !== undefined && Number(core.expiresAtMs) > wall && this.#author.isSame(core, draft);
  }

  #isFull(growth: number): boolean {
    return this.#holdings.records + growth >= this.#holdings.limits.detections;
  }

  #wait(ticket: number, results: Outcome[], on: Map<number, number[]>): void {
    if (on.size === 0) this.#out.push({ kind: 'settled', ticket, results });
    else this.#waiting.set(ticket, { results, on });
  }

  #refuseAll(ticket: number, count: number, outcome: Outcome): void {
    this.#out.push({ kind: 'settled', ticket, results: Array.from({ length: Math.max(count, 1) }, () => outcome) });
  }
}

function after(outcome: Outcome, completed: Completed, code: string): Outcome {
  if (!completed.ok)
    return {
      outcome: 'refused',
      code,
      detail: 'The store refused it; nothing of it was kept.',
      status: code === 'store.full' ? 507 : 500,
    };
  if (outcome.outcome !== 'erased') return outcome;
  let count = 0;
  for (const erased of completed.erased.values()) count += erased;
  return { outcome: 'erased', count };
}

function isSameDraft(a: RecordDraft, b: RecordDraft): boolean {
  const same = (x: Uint8Array | undefined, y: Uint8Array | undefined): boolean =>
    x === undefined || y === undefined ? x === y : x.length === y.length && x.every((byte, i) => byte === y[i]);
  return (
    a.type === b.type &&
    a.purpose === b.purpose &&
    same(a.metadata, b.metadata) &&
    a.vector?.space === b.vector?.space &&
    same(a.vector?.exact, b.vector?.exact) &&
    (b.observedAt === undefined || a.observedAt === b.observedAt) &&
    (b.expiresAt === undefined || a.expiresAt === b.expiresAt)
  );
}

const append = (map: Map<number, number[]>, key: number, value: number): void => {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
};

const tooMany = (count: number): Outcome => ({
  outcome: 'refused',
  code: 'detections.items',
  detail: `${count} items at once; at most ${MAX_PUT_DRAFTS}.`,
  status: 413,
});
const fullOf = (limit: number): Outcome => ({
  outcome: 'refused',
  code: 'detections.limit',
  detail: `This node holds its limit of ${limit} detections. Raise the limit, shorten retention or erase some.`,
  status: 507,
});
const fullOfTombstones = (limit: number): Outcome => ({
  outcome: 'refused',
  code: 'detections.tombstones',
  detail: `This node holds its limit of ${limit} tombstones. Raise the limit.`,
  status: 507,
});
