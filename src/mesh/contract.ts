import type { HybridClock } from '../core/hlc.js';
import type { MessageId, NodeId } from '../core/ids.js';
import type { Crypto } from '../ports/crypto.js';
import type { HotPath } from '../ports/hot-path.js';
import type { LinkAddress, RadioTraits } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import type { Store } from '../ports/store.js';
import type { WeaveEffect, WeaveInput } from '../replication/effects.js';
import type { Weave } from '../replication/weave.js';
import type { Self } from '../trust/identity.js';
import type { Priority } from '../wire/frame-types.js';
import type { CustodyInput } from './custody.js';
import type { StatePatch } from './own-state.js';
import type { HeardInput } from './reception.js';
import type { FloodInput, SendInput } from './sending.js';
import type { TraceInput } from './trace.js';
import type { MeshEffect, MeshTiming } from './types.js';

export interface MeshOptions {
  readonly self: Self;
  readonly name: string;
  readonly version: string;
  /** SipHash key of the mesh (docs/protocol.md). */
  readonly tagKey: Uint8Array;
  readonly firstSequence: number;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly hotPath: HotPath;
  readonly clock: HybridClock;
  readonly timing: MeshTiming;
  /** Neighbours at most. */
  readonly maxPeers: number;
  /** Links over one radio at most, where it makes none itself. Default 100. */
  readonly maxLinks?: number;
  /** Nodes of one segment: a mesh of more is one of several. Default 100. */
  readonly segmentNodes?: number;
  readonly dedupCapacity: number;
  readonly weave: Weave;
  /** Where custody reads what it has kept; it is written by `keep` effects. */
  readonly store: Pick<Store, 'get' | 'range'>;
  /** False: this device has no clock worth believing. Default true, if its clock was ever set. */
  readonly hasClock?: boolean;
}

export type MeshInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'carrier-up'; readonly radio: number; readonly name: string; readonly traits: RadioTraits }
  | { readonly kind: 'carrier-down'; readonly radio: number; readonly reason: string }
  | { readonly kind: 'link-up'; readonly radio: number; readonly address: LinkAddress; readonly mtuBytes: number }
  | { readonly kind: 'link-down'; readonly radio: number; readonly address: LinkAddress; readonly reason: string }
  /** A radio answered `full` to a `transmit`. */
  | { readonly kind: 'refused'; readonly radio: number; readonly to?: LinkAddress; readonly frame: Uint8Array }
  | ({ readonly radio: number } & HeardInput)
  | ({ readonly kind: 'flood' } & FloodInput)
  | ({ readonly kind: 'send' } & SendInput)
  /** An alert of any node from before a restart of this one, for neighbours that lack it. */
  | {
      readonly kind: 'restore-alert';
      readonly id: MessageId;
      readonly priority: Priority;
      readonly body: Uint8Array;
      readonly ageMs: number;
    }
  | ({ readonly kind: 'trace' } & TraceInput)
  | { readonly kind: 'custody'; readonly input: CustodyInput }
  /** Says goodbye: the last word of a node that stops. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'patch-state'; readonly patch: StatePatch }
  | { readonly kind: 'manual-peer'; readonly radio: number; readonly address: LinkAddress; readonly expected?: NodeId }
  | { readonly kind: 'remove-peer'; readonly node: NodeId }
  | { readonly kind: 'remove-address'; readonly address: LinkAddress }
  | { readonly kind: 'records'; readonly input: WeaveInput };

/** What the mesh asks of the runner, and what of its records. */
export type MeshOutput = MeshEffect | { readonly kind: 'records'; readonly effect: WeaveEffect };
