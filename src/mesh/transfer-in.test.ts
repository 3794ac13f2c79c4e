import test from 'ava';
import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { createMemoryStore } from '../storage/memory.js';
import { at, nodeNamed, testContext } from '../testing/builders.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { messageIdFor } from './delivery.js';
import { chunkBytesFor, type Manifest } from './transfer.js';
import { TransferIn } from './transfer-in.js';
import type { TransferParts } from './transfer-parts.js';

const MINUTE = 60_000;

function receiver() {
  const context = testContext();
  const parts = {
    context,
    store: createMemoryStore(),
    delivery: { delivered: new Set<MessageId>() },
    log: { later: () => {} },
    direct: () => {},
    reaches: () => false,
  };
  const transfers = new TransferIn(parts as unknown as TransferParts);
  let sequence = 0;
  const offer = (from: NodeId, mono: number, size = 60_000): string | undefined => {
    const id = messageIdFor(from, 1, ++sequence);
    const digest = new Uint8Array(32);
    const shape = { type: FrameType.Message, size, chunkBytes: chunkBytesFor(size), digest };
    const manifest: Manifest = { id, ...shape, lifeMs: 7 * 86_400_000, ageMs: 0 };
    return transfers.offered(manifest, from, Priority.Low, at(mono));
  };
  return { context, transfers, offer };
}

test('one node takes no more than its share of the room', (t) => {
  const { transfers, offer } = receiver();
  for (let i = 0; i < Limit.InTransfersPerPeer; i++) t.is(offer(nodeNamed(1), 0), undefined);
  t.is(offer(nodeNamed(1), 0), 'transfer.full');
  t.is(offer(nodeNamed(2), 0), undefined);
  t.is(transfers.size, Limit.InTransfersPerPeer + 1);
  const other = receiver();
  t.is(other.offer(nodeNamed(1), 0, Limit.TransferBytes), undefined);
  t.is(other.offer(nodeNamed(1), 0, Limit.TransferBytes), undefined);
  t.is(other.offer(nodeNamed(1), 0), 'transfer.full');
});

test('offers that nothing follows make room for others', (t) => {
  const { context, transfers, offer } = receiver();
  for (let i = 0; i < Limit.InTransfers; i++) t.is(offer(nodeNamed(1 + (i % 4)), i), undefined);
  t.is(offer(nodeNamed(9), MINUTE), 'transfer.full', 'they may yet begin');
  t.is(offer(nodeNamed(9), 3 * MINUTE), undefined);
  t.is(transfers.size, Limit.InTransfers);
  t.is(context.refused('transfer.given-up'), 1);
});
