import type { NodeId } from '../core/ids.js';
import type { StoreOp } from '../ports/store.js';
import type { FrameType } from '../wire/frame-types.js';
import type { SignedBatch } from '../wire/gen/edge_pb.js';
import type { RecordKey } from './keys.js';

/** A vector as its origin has it. */
interface VectorDraft {
  readonly space: string;
  /** Of the normalised vector: component ≈ value × scale. */
  readonly int8: Uint8Array;
  readonly scale: number;
  /** Float32, little-endian, as it was pushed. */
  readonly exact: Uint8Array;
  readonly sketch: Uint8Array;
}

/** A detection to be recorded. Whoever makes it has checked it against the limits of a record. */
export interface RecordDraft {
  readonly hash: Uint8Array;
  readonly type: string;
  /** Canonical JSON, so that equal metadata is equal bytes. */
  readonly metadata: Uint8Array;
  readonly purpose: string;
  /** Default: now. */
  readonly observedAt?: number;
  /** Default: now + retention. Cut to the longest retention. */
  readonly expiresAt?: number;
  readonly vector?: VectorDraft;
}

export type WeaveInput =
  /** A neighbour came, or is reached another way: `bytesPerSecond` of what leads to it. */
  | { readonly kind: 'neighbour-up'; readonly peer: NodeId; readonly bytesPerSecond: number }
  | { readonly kind: 'neighbour-down'; readonly peer: NodeId }
  | { readonly kind: 'received'; readonly peer: NodeId; readonly type: FrameType; readonly body: Uint8Array }
  /** The neighbour's digest (heartbeat) is not ours. */
  | { readonly kind: 'mismatch'; readonly peer: NodeId }
  | { readonly kind: 'put'; readonly ticket: number; readonly drafts: readonly RecordDraft[] }
  | { readonly kind: 'erase'; readonly ticket: number; readonly hash: Uint8Array }
  /** The batch of a `store` effect is durable, or was refused whole. */
  | { readonly kind: 'stored'; readonly ticket: number }
  | { readonly kind: 'store-failed'; readonly ticket: number; readonly code: string }
  | { readonly kind: 'tick' };

export interface RecordSummary {
  readonly key: RecordKey;
  readonly node: NodeId;
  readonly type: string;
  /** 16 hex digits; absent without a vector. */
  readonly space?: string;
  readonly observedAt: number;
  readonly expiresAt: number;
  readonly contentVersion: number;
  readonly vector: 'exact' | 'int8' | 'none';
  /** Small numbers of this process for type and node: the columns of a vector index. They may be reused once no record has them. */
  readonly typeNumber: number;
  readonly nodeNumber: number;
}

export type Outcome =
  | { readonly outcome: 'accepted' | 'duplicate'; readonly key: RecordKey }
  | { readonly outcome: 'erased'; readonly count: number }
  | { readonly outcome: 'refused'; readonly code: string; readonly detail: string; readonly status: number };

/** A statement with all that proves who made it. */
export interface Statement {
  readonly core: Uint8Array;
  readonly leaf: number;
  readonly path: readonly Uint8Array[];
  readonly batch: SignedBatch;
}

export type Change = 'added' | 'updated' | 'erased' | 'expired';

export type WeaveEffect =
  /** Link-local. The mesh gives hop acknowledgements and fragments. */
  | { readonly kind: 'send'; readonly peer: NodeId; readonly type: FrameType; readonly body: Uint8Array }
  /** To be written in one atomic batch, in the order the effects come; answered by `stored` or `store-failed`. */
  | { readonly kind: 'store'; readonly ticket: number; readonly ops: readonly StoreOp[] }
  /** `hash` is empty when the body was not readable any more. */
  | { readonly kind: 'changed'; readonly change: Change; readonly record: RecordSummary; readonly hash: Uint8Array }
  /** Of a `put`: one outcome a draft, in order; of an `erase`: one. */
  | { readonly kind: 'settled'; readonly ticket: number; readonly results: readonly Outcome[] }
  /** An author signed two contents under one salt and counter. */
  | {
      readonly kind: 'evidence';
      readonly fault: 'equivocation';
      readonly author: NodeId;
      readonly statements: readonly [Statement, Statement];
    }
  | { readonly kind: 'counted'; readonly reason: string; readonly count: number };

/** Collects what one step does. */
export class Outbox {
  #effects: WeaveEffect[] = [];
  #counts = new Map<string, number>();

  push(effect: WeaveEffect): void {
    this.#effects.push(effect);
  }

  send(peer: NodeId, type: FrameType, body: Uint8Array): void {
    this.#effects.push({ kind: 'send', peer, type, body });
  }

  count(reason: string, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  take(): readonly WeaveEffect[] {
    for (const [reason, count] of this.#counts) this.#effects.push({ kind: 'counted', reason, count });
    const effects = this.#effects;
    this.#effects = [];
    if (this.#counts.size > 0) this.#counts = new Map();
    return effects;
  }
}
