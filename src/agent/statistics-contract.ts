import type { Counters } from '../mesh/counters.js';
import type { SegmentView } from './segment-contract.js';

type PriorityName = 'critical' | 'high' | 'medium' | 'low';

/** Of messages: how many, their bytes, and the most of both. */
export interface Quota {
  readonly messages: number;
  readonly bytes: number;
  readonly messagesMax: number;
  readonly bytesMax: number;
}

export interface LinkStatistics {
  readonly radio: string;
  readonly address: string;
  readonly rttMs?: number;
  /** Share of frames that are acknowledged, 0 to 1. */
  readonly quality: number;
  readonly cost: number;
  readonly framesOut: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly retransmitted: number;
  readonly failed: number;
  readonly queued: number;
  readonly dropped: number;
  /** Nothing sent over it is acknowledged at the moment. */
  readonly stalled?: true;
  /** It came and went too often lately. */
  readonly flapping?: true;
  /** Nothing is passed on over it but what is for that neighbour: there are enough others. */
  readonly standby?: true;
}

export interface NeighbourStatistics {
  readonly nodeId: string;
  readonly name: string;
  readonly links: readonly LinkStatistics[];
}

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
  /**
   * Messages kept (`docs/operations.md`): what became of them, what waits now with its quota, and what of others was refused: for
   * want of room, or because it came too fast.
   */
  readonly custody: Readonly<Counters['custody']> & {
    readonly refusedFull: number;
    readonly refusedRate: number;
    readonly own: Quota;
    readonly others: Quota;
    readonly receipts: number;
  };
  /** Payloads that go in chunks. */
  readonly transfers: Readonly<Counters['transfers']> & { readonly sending: Quota; readonly receiving: Quota };
  /** Frames that wait for links now, and that found no place since the start, by priority. */
  readonly classes: Readonly<Record<PriorityName, { readonly queued: number; readonly dropped: number }>>;
  /** Frames to neighbours: sent, sent again, given up, diverted to another way. */
  readonly hops: {
    readonly sent: number;
    readonly retransmitted: number;
    readonly failed: number;
    readonly diverted: number;
  };
  readonly peers: {
    readonly alive: number;
    readonly total: number;
    /** Neighbours with what their links have carried since they came up. */
    readonly neighbours: readonly NeighbourStatistics[];
  };
  /** In a mesh too large to be one: `peers` are then those of this node's segment, and its neighbours. */
  readonly segment?: SegmentView;
  readonly queues: {
    readonly [name: string]: { readonly length: number; readonly limit: number; readonly dropped: number };
  };
  readonly engine: { readonly steps: number; readonly p50Ms: number; readonly p99Ms: number };
  readonly process: { readonly rssBytes: number; readonly cpuMs: number; readonly uptimeMs: number };
  readonly search: { readonly local: number; readonly mesh: number };
  /** How neighbours were watched, and `unwell`: from 0, when well, to 8, how much this node doubts itself rather than them. */
  readonly links: Readonly<Counters['links']>;
  readonly liveness: Readonly<Counters['liveness']> & { readonly unwell: number };
}
