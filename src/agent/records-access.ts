import type { EdgeError } from '../core/errors.js';
import type { Outcome, RecordDraft, WeaveInput } from '../replication/effects.js';
import type { WeaveView } from '../replication/view.js';
import type { RecordChange, RecordsAccess } from '../services/records-access.js';
import type { RecordsEffect } from './runner.js';
import { agentStopped } from './stopped.js';

interface Waiting {
  readonly settle: (results: readonly Outcome[]) => void;
  readonly fail: (error: EdgeError) => void;
}

/**
 * The services' door to the records: what they write goes through the engine, what it settles comes back. Unsettled
 * calls are bounded by what the weave lets wait for the disk.
 */
export class RunnerRecords implements RecordsAccess {
  readonly view: WeaveView;
  readonly #submit: (input: WeaveInput) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(change: RecordChange) => void>();
  #ticket = 0;
  #closed = false;

  constructor(view: WeaveView, submit: (input: WeaveInput) => void) {
    this.view = view;
    this.#submit = submit;
  }

  put(drafts: readonly RecordDraft[]): Promise<readonly Outcome[]> {
    return this.#call((ticket) => ({ kind: 'put', ticket, drafts }));
  }

  async erase(hash: Uint8Array): Promise<Outcome> {
    const results = await this.#call((ticket) => ({ kind: 'erase', ticket, hash }));
    return results[0] as Outcome;
  }

  onChanged(listener: (change: RecordChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  effect(effect: RecordsEffect): void {
    if (effect.kind === 'changed') for (const listener of this.#listeners) listener(effect);
    if (effect.kind !== 'settled') return;
    this.#waiting.get(effect.ticket)?.settle(effect.results);
    this.#waiting.delete(effect.ticket);
  }

  /** Nothing more will settle: who still waits is told so. */
  close(): void {
    this.#closed = true;
    const error = agentStopped();
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }

  #call(input: (ticket: number) => WeaveInput): Promise<readonly Outcome[]> {
    const ticket = ++this.#ticket;
    if (this.#closed) return Promise.reject(agentStopped());
    return new Promise((settle, fail) => {
      this.#waiting.set(ticket, { settle, fail });
      this.#submit(input(ticket));
    });
  }
}
