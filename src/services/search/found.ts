import type { NodeId } from '../../core/ids.js';
import type { RecordKey } from '../../replication/keys.js';
import { hasFields, type Metadata } from '../metadata.js';
import type { Filter } from './request.js';

/**
 * Twice the error that int8 puts on a cosine (about 0.0005 for embeddings as models make them, a tenth of this at
 * the worst seen): whoever is this close to the k-th best by int8 may be among the k best by the exact vectors.
 */
export const SCORE_MARGIN = 0.01;

/** One detection found, here or elsewhere. */
export interface Found {
  readonly key: RecordKey;
  readonly hash: Uint8Array;
  readonly type: string;
  readonly node: NodeId;
  readonly observedAt: number;
  readonly metadata: Metadata;
  /** Cosine; absent when nothing was compared. */
  readonly score?: number;
  readonly scoredFrom?: 'exact' | 'int8';
}

/** Best score first, or newest first; then by key, so that every node orders alike. */
export function byRank(a: Found, b: Found): number {
  const better = (b.score ?? 0) - (a.score ?? 0) || (a.score === undefined ? b.observedAt - a.observedAt : 0);
  if (better !== 0) return better;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** The score below which nobody can still be among the `k` best; -∞ while there are fewer. */
export function reachOf(scores: readonly number[], k: number): number {
  if (scores.length < k) return Number.NEGATIVE_INFINITY;
  return ([...scores].sort((a, b) => b - a)[k - 1] as number) - SCORE_MARGIN;
}

export const passes = (found: Omit<Found, 'score' | 'scoredFrom'>, filter: Filter): boolean =>
  (filter.type === undefined || found.type === filter.type) &&
  (filter.node === undefined || found.node === filter.node) &&
  (filter.sinceMs === undefined || found.observedAt >= filter.sinceMs) &&
  (filter.untilMs === undefined || found.observedAt <= filter.untilMs) &&
  (filter.metadata === undefined || hasFields(found.metadata, filter.metadata));
