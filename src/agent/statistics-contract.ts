import type { Counters } from '../mesh/counters.js';

export interface Statistics {
  readonly sinceAt: number;
  /** Frames refused, by reason. */
  readonly refused: { readonly [reason: string]: number };
  /** Messages by type name: received and sent. */
  readonly messages: { readonly [type: string]: { readonly received: number; readonly sent: number } };
  readonly flood: Readonly<Counters['flood']>;
  readonly delivery: {
    readonly delivered: number;
    readonly expired: number;
    readonly retries: number;
    readonly meanLatencyMs: number;
  };
  readonly queues: {
    readonly [name: string]: { readonly length: number; readonly limit: number; readonly dropped: number };
  };
  readonly engine: { readonly steps: number; readonly p50Ms: number; readonly p99Ms: number };
  readonly process: { readonly rssBytes: number; readonly cpuMs: number; readonly uptimeMs: number };
  readonly search: { readonly local: number; readonly mesh: number };
  /** How neighbours were watched, and `unwell`: from 0, when well, to 8, how much this node doubts itself rather than them. */
  readonly liveness: Readonly<Counters['liveness']> & { readonly unwell: number };
}
