import type { Outcome, RecordDraft, WeaveEffect } from '../replication/effects.js';
import type { WeaveView } from '../replication/view.js';

export type RecordChange = Extract<WeaveEffect, { readonly kind: 'changed' }>;

/** The replicated records as services see them. Writes resolve once they are durable, or were refused. */
export interface RecordsAccess {
  readonly view: WeaveView;
  /** One outcome a draft, in order. */
  put(drafts: readonly RecordDraft[]): Promise<readonly Outcome[]>;
  erase(hash: Uint8Array): Promise<Outcome>;
  onChanged(listener: (change: RecordChange) => void): () => void;
}
