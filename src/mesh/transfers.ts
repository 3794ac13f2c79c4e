import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, type Header } from '../wire/header.js';
import type { DirectedMessage } from './delivery.js';
import type { Receipt } from './receipts.js';
import type { CustodyStanding } from './standing.js';
import { readOffer, TRANSFER_SPACE } from './transfer.js';
import { TransferIn } from './transfer-in.js';
import { TransferOut } from './transfer-out.js';
import type { TransferParts } from './transfer-parts.js';

/** Bodies above this go in chunks; those below fit one message with everything around it. */
export const TRANSFER_FROM_BYTES = 50_000;

/** Messages too large for one: offered by a manifest, pulled in chunks, resumed after whatever came between. */
export class Transfers {
  readonly #parts: TransferParts;
  readonly #out: TransferOut;
  readonly #in: TransferIn;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.#out = new TransferOut(parts);
    this.#in = new TransferIn(parts);
  }

  sizes(): { readonly transfersOut: number; readonly transfersIn: number } {
    return { transfersOut: this.#out.size, transfersIn: this.#in.size };
  }

  bytes(): { readonly out: number; readonly in: number } {
    return { out: this.#out.bytes, in: this.#in.bytes };
  }

  /** Of a large payload of this node. */
  standing(id: MessageId): CustodyStanding | undefined {
    const out = this.#out.get(id);
    if (!out) return undefined;
    const { peer: to, priority, bornAt, expiresAt, dueAt } = out;
    const origin = this.#parts.context.self.id;
    const doing = this.#parts.reaches(to) ? 'transferring' : 'waiting';
    return { doing, origin, to, priority, own: true, bornAt, expiresAt, dueAt, keepers: [] };
  }

  accept(message: DirectedMessage, now: Instant): boolean {
    return this.#out.accept(message, now);
  }

  received(header: Header, payload: Uint8Array, now: Instant): void {
    if (header.destination !== this.#parts.context.self.id) return;
    if (header.type === FrameType.Chunk) this.#in.chunk(header.source, payload, now);
    else if (header.type === FrameType.ChunkRequest) this.#out.requested(header.source, payload, now);
    else this.#offer(header, payload, now);
  }

  told(from: NodeId, receipt: Receipt, now: Instant): void {
    this.#out.told(from, receipt, now);
  }

  reached(node: NodeId, now: Instant): void {
    this.#out.reached(node, now);
    this.#in.reached(node, now);
  }

  restore(now: Instant): void {
    const { store } = this.#parts;
    const entries = (way: 's' | 'r', limit: number) =>
      store.range(TRANSFER_SPACE, { from: `${way}/`, to: `${way}0`, limit });
    for (const { key, value } of entries('s', Limit.OutTransfers)) this.#out.restore(key, value, now);
    for (const { key, value } of entries('r', Limit.InTransfers)) this.#in.restore(key, value, now);
  }

  tick(now: Instant): void {
    this.#out.tick(now);
    this.#in.tick(now);
  }

  nextDeadline(now: number): number {
    return Math.min(this.#out.nextDeadline(now), this.#in.nextDeadline());
  }

  #offer(header: Header, payload: Uint8Array, now: Instant): void {
    const { context, delivery } = this.#parts;
    const attempt = header.flags & Flag.AckWanted ? delivery.opened(header, payload) : undefined;
    if (!attempt) return context.counters.refuse('transfer.malformed');
    const manifest = readOffer(attempt.body);
    // A node offers under its own name alone.
    const isSound = manifest?.id.startsWith(header.source);
    const code =
      manifest && isSound ? this.#in.offered(manifest, header.source, header.priority, now) : 'transfer.malformed';
    if (code !== undefined) context.counters.refuse(code);
    delivery.answer(header, attempt.id, code ?? '', now);
  }
}
