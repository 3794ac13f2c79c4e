import type { NodeId } from '../../core/ids.js';
import type { RecordKey } from '../../replication/keys.js';
import { hasFields, type Metadata } from '../metadata.js';
import { normOf } from '../vectors.js';
import type { Filter } from './request.js';

/** Deviations that the error of an int8 score is taken for: beyond them lies one in a thousand. */
const DEVIATIONS = 3;
/** What the index itself takes for the error of its int8 scores. */
const LEAST_MARGIN = 0.004;

/**
 * By how much two int8 scores of a query may be in the wrong order. Rounding to steps of s shifts a cosine by s ÷ √12 on
 * average, once for the query and once for what it is compared with, which is taken to have the query's shape: 0.0027
 * for two embeddings of 512 values as models make them, more for fewer values, or where some are far larger than others.
 */
export function marginOf(query: Float32Array): number {
  let max = 0;
  for (let i = 0; i < query.length; i++) max = Math.max(max, Math.abs(query[i] as number));
  const step = max / 127 / normOf(query);
  return Math.max(LEAST_MARGIN, 2 * DEVIATIONS * Math.sqrt(2 / 12) * step);
}

/** What decides who comes first. */
export interface Ranked {
  readonly key: RecordKey;
  readonly observedAt: number;
  readonly score?: number;
}

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
export function byRank(a: Ranked, b: Ranked): number {
  const better = (b.score ?? 0) - (a.score ?? 0) || (a.score === undefined ? b.observedAt - a.observedAt : 0);
  if (better !== 0) return better;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** The score below which nobody can still be among the `k` best; -∞ while there are fewer. `margin`: of `marginOf`. */
export function reachOf(scored: readonly { readonly score?: number }[], k: number, margin: number): number {
  if (scored.length < k) return Number.NEGATIVE_INFINITY;
  const scores = new Float64Array(scored.length);
  for (let i = 0; i < scores.length; i++) scores[i] = scored[i]?.score as number;
  scores.sort();
  return (scores[scores.length - k] as number) - margin;
}

export const passes = (found: Omit<Found, 'score' | 'scoredFrom' | 'hash'>, filter: Filter): boolean =>
  passesColumns(found, filter) && (filter.metadata === undefined || hasFields(found.metadata, filter.metadata));

/** Whether it passes as far as can be told without its body. */
export const passesColumns = (
  found: { readonly type: string; readonly node: NodeId; readonly observedAt: number },
  filter: Filter,
): boolean =>
  (filter.type === undefined || found.type === filter.type) &&
  (filter.node === undefined || found.node === filter.node) &&
  (filter.sinceMs === undefined || found.observedAt >= filter.sinceMs) &&
  (filter.untilMs === undefined || found.observedAt <= filter.untilMs);
