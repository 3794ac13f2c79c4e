import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { FrameType, Priority } from '../wire/frame-types.js';
import type { Delivery } from './delivery.js';
import type { Handovers } from './handovers.js';
import type { KeepLog } from './keep-log.js';
import type { Receipts } from './receipts.js';
import type { StoreReader } from './shelf.js';
import type { MeshContext } from './types.js';

/** What both ends of transfers stand on. */
export interface TransferParts {
  readonly context: MeshContext;
  readonly store: StoreReader;
  readonly delivery: Delivery;
  readonly handovers: Handovers;
  readonly log: KeepLog;
  readonly receipts: Receipts;
  direct(to: NodeId, type: FrameType, body: Uint8Array, priority: Priority, now: Instant): void;
  reaches(node: NodeId): boolean;
  hops(node: NodeId): number;
}
