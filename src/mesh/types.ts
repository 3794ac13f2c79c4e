import type { MessageId, NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Crypto } from '../ports/crypto.js';
import type { LinkAddress } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import type { StoreOp } from '../ports/store.js';
import type { Self } from '../trust/identity.js';
import type { Priority } from '../wire/frame-types.js';
import type { Header } from '../wire/header.js';
import type { Carrier } from './carrier.js';
import type { Counters } from './counters.js';
import type { Link } from './links.js';
import type { Pulse } from './pulse.js';
import type { TraceReport } from './trace-steps.js';

export interface MeshTiming {
  readonly heartbeatMs: number;
  /** A neighbour unheard for this long is gone at the latest. */
  readonly peerTimeoutMs: number;
  readonly forgetAfterMs: number;
}

/** A message as it came out of the mesh: whole, once, from a source whose boot is vouched for. */
export interface Delivered {
  readonly id: MessageId;
  readonly type: number;
  readonly source: NodeId;
  readonly destination?: NodeId;
  readonly priority: Priority;
  readonly hops: number;
  readonly body: Uint8Array;
  readonly at: Instant;
  /** Of what was handed on later: how long ago it was sent. */
  readonly ageMs?: number;
}

/**
 * On the way of a message of this node: `kept` on its disk or not (`unkept`: it lives in memory alone); `held` by a keeper,
 * which `expired` it or has `given-up` its copy.
 */
type CustodyEvent = 'kept' | 'unkept' | 'held' | 'expired' | 'given-up';

/**
 * What is done for a message of this node, and in vain: `tried` over one link, `spread` over every link because none leads
 * there; `queued`: the radio takes it only later; `dropped`: no room in the queue; `not-taken` by the next hop; `let-go`: sent,
 * and as nobody is to acknowledge it nothing more is known; `parked`: no path leads there, it is kept; `handing` over what was
 * kept; `offered`, of a large payload; `put-off` by its destination; `again`: the destination had it already.
 */
export type TrailEvent =
  | 'tried'
  | 'spread'
  | 'queued'
  | 'dropped'
  | 'not-taken'
  | 'let-go'
  | 'parked'
  | 'handing'
  | 'offered'
  | 'put-off'
  | 'again';

export interface Trail {
  readonly id: MessageId;
  /** `duplicate`: of a message of another node, which came again and was not given out twice. */
  readonly what: TrailEvent | 'duplicate';
  readonly node?: NodeId;
  /** The number of a carrier. */
  readonly radio?: number;
  readonly code?: string;
  /** Of `queued`: until the radio takes it. */
  readonly ms?: number;
  /** Of `spread`: over so many links. */
  readonly links?: number;
  /** Of `tried`: why over this link. */
  readonly way?: WayKind;
}

/** A route that a person pinned; the best of the known paths; no path is known, and its destination's traffic came that way. */
export type WayKind = 'pinned' | 'path' | 'heard';

/** How the word of a delivery came back. */
export interface WayBack {
  readonly hops: number;
  readonly via: NodeId;
}

export type MessageOutcome = 'delivered' | 'expired' | 'refused';

export type PeerChange = 'joined' | 'alive' | 'offline' | 'forgotten';

export type MeshEffect =
  | { readonly kind: 'transmit'; readonly radio: number; readonly to?: LinkAddress; readonly frame: Uint8Array }
  | { readonly kind: 'drop-link'; readonly radio: number; readonly address: LinkAddress }
  | { readonly kind: 'deliver'; readonly message: Delivered }
  | {
      readonly kind: 'outcome';
      readonly id: MessageId;
      readonly outcome: MessageOutcome;
      readonly code?: string;
      readonly node?: NodeId;
      readonly back?: WayBack;
    }
  | ({ readonly kind: 'trail' } & Trail)
  | {
      readonly kind: 'receipt';
      readonly id: MessageId;
      readonly what: CustodyEvent;
      readonly node?: NodeId;
      readonly code?: string;
    }
  /** What a node says of a probe of this one. */
  | { readonly kind: 'trace'; readonly token: string; readonly report: TraceReport }
  /** Of a message of this node that goes in chunks. */
  | { readonly kind: 'progress'; readonly id: MessageId; readonly doneBytes: number; readonly totalBytes: number }
  /** To be written in one batch, answered by a `custody` input `kept` or `keep-failed`. */
  | { readonly kind: 'keep'; readonly ticket: number; readonly ops: readonly StoreOp[] }
  /** `reason`: of `offline`. */
  | { readonly kind: 'peer'; readonly node: NodeId; readonly change: PeerChange; readonly reason?: string }
  | {
      readonly kind: 'link';
      readonly node: NodeId;
      readonly radio: number;
      readonly address: LinkAddress;
      readonly change: 'up' | 'down';
      readonly reason?: string;
    }
  | { readonly kind: 'state'; readonly node: NodeId }
  | { readonly kind: 'suspect'; readonly node: NodeId; readonly what: string };

/** What the machines of the mesh share. `emit` collects effects; nothing is done until the step returns. */
export interface MeshContext {
  readonly self: Self;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly tagKey: Uint8Array;
  readonly counters: Counters;
  /** The radios there are now, by index. */
  readonly carriers: ReadonlyMap<number, Carrier>;
  readonly timing: MeshTiming;
  readonly pulse: Pulse;
  emit(effect: MeshEffect): void;
}

/** Who sent a frame, and how: what is answered to. */
export type Asker = Pick<Header, 'source' | 'flags'>;

/** How a frame came. */
export interface Arrival {
  readonly carrier: Carrier;
  /** The link in use that it came over. */
  readonly link: Link | undefined;
  /** Who transmitted it, where that is known. */
  readonly from: NodeId | undefined;
}

/** A message before it becomes frames. */
export interface Outgoing {
  readonly header: Header;
  readonly payload: Uint8Array;
}
