import { type MessageId, messageIdBytes, messageIdOf, type NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import type { StoreOp } from '../ports/store.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import type { DirectedMessage } from './delivery.js';
import { PARCEL_LIFE_MAX_MS } from './parcels.js';
import { type Receipt, Said } from './receipts.js';
import {
  chunkBytesFor,
  chunkCount,
  chunkKey,
  encodeKept,
  encodeOffer,
  type KeptTransfer,
  type Manifest,
  metaKey,
  readKept,
  TRANSFER_SPACE,
} from './transfer.js';
import type { TransferParts } from './transfer-parts.js';
import type { MessageOutcome } from './types.js';

const OFFER_MS = 20_000;
/** A receiver that asks for nothing for so long is offered it again. */
const SILENT_MS = 30_000;
const RETRY_START_MS = 5_000;
const RETRY_MAX_MS = 300_000;
/** Progress is told so often at most. */
const PROGRESS_MS = 250;

interface Out extends KeptTransfer {
  readonly bornAt: number;
  readonly expiresAt: number;
  /** Until the disk has it. */
  memory: Uint8Array | undefined;
  offering: boolean;
  tries: number;
  dueAt: number;
  toldAt: number;
}

/** Large payloads of this node: kept on its disk, offered when their destination is in reach, given chunk by chunk as it asks. */
export class TransferOut {
  readonly #parts: TransferParts;
  readonly #all = new Map<MessageId, Out>();
  #bytes = 0;

  constructor(parts: TransferParts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#all.size;
  }

  get(
    id: MessageId,
  ): (KeptTransfer & { readonly bornAt: number; readonly expiresAt: number; readonly dueAt: number }) | undefined {
    return this.#all.get(id);
  }

  accept({ id, to, type, priority, body, timeoutMs }: DirectedMessage, now: Instant): boolean {
    const { context, log } = this.#parts;
    const size = body.length;
    const isFull = this.#all.size >= Limit.OutTransfers || this.#bytes + size > Limit.OutTransferBytes;
    if (isFull || size > Limit.TransferBytes) return false;
    const manifest: Manifest = {
      id,
      type,
      size,
      chunkBytes: chunkBytesFor(size),
      digest: context.crypto.sha256(body),
      lifeMs: Math.min(PARCEL_LIFE_MAX_MS, Math.max(1, Math.round(timeoutMs))),
      ageMs: 0,
    };
    const out = this.#add({ manifest, peer: to, priority }, body, now);
    const ops: StoreOp[] = [
      { op: 'put', space: TRANSFER_SPACE, key: metaKey('s', id), value: encodeKept(out, 0, now) },
      ...Array.from({ length: chunkCount(manifest) }, (_, i): StoreOp => {
        const value = body.subarray(i * manifest.chunkBytes, (i + 1) * manifest.chunkBytes);
        return { op: 'put', space: TRANSFER_SPACE, key: chunkKey('s', id, i), value };
      }),
    ];
    log.write(ops, (code) => {
      if (this.#all.get(id) !== out) return;
      if (code === undefined) out.memory = undefined;
      const what = code === undefined ? 'kept' : 'unkept';
      context.emit({ kind: 'receipt', id, what, ...(code !== undefined && { code }) });
    });
    return true;
  }

  restore(key: string, value: Uint8Array, now: Instant): void {
    const kept = readKept(value, now);
    if (kept && metaKey('s', kept.manifest.id) === key) this.#add(kept, undefined, now);
    else this.#parts.log.later({ op: 'delete', space: TRANSFER_SPACE, key }, now);
  }

  reached(node: NodeId, now: Instant): void {
    for (const out of this.#all.values()) {
      if (out.peer !== node) continue;
      out.tries = 0;
      out.dueAt = now.mono;
    }
  }

  /** The receiver asks for chunks. */
  requested(from: NodeId, body: Uint8Array, now: Instant): void {
    const { context, store } = this.#parts;
    const request = decode(Body.ChunkRequestSchema, body);
    if (request?.message.length !== 14 || request.indexes.length > Limit.ChunksAsked)
      return context.counters.refuse('transfer.malformed');
    const id = messageIdOf(request.message);
    const out = this.#all.get(id);
    if (out?.peer !== from) return context.counters.refuse('transfer.unknown');
    const { manifest, memory } = out;
    out.dueAt = now.mono + SILENT_MS;
    for (const index of request.indexes) {
      if (index >= chunkCount(manifest)) return context.counters.refuse('transfer.malformed');
      const start = index * manifest.chunkBytes;
      const bytes =
        memory?.subarray(start, start + manifest.chunkBytes) ?? store.get(TRANSFER_SPACE, chunkKey('s', id, index));
      if (!bytes) return this.#finish(out, 'refused', 'custody.disk', now);
      const chunk = encode(Body.ChunkSchema, { message: messageIdBytes(id), index, bytes });
      this.#parts.direct(from, FrameType.Chunk, chunk, Priority.Low, now);
      context.counters.transfers.chunksOut++;
      context.counters.transfers.bytesOut += bytes.length;
    }
    this.#progress(out, request.held * manifest.chunkBytes, now);
  }

  /** The last word of the receiver. */
  told(from: NodeId, { message, what, code }: Receipt, now: Instant): void {
    const out = this.#all.get(message);
    if (out?.peer !== from) return;
    if (what === Said.Delivered) this.#finish(out, 'delivered', undefined, now);
    else if (what === Said.Refused) this.#finish(out, 'refused', code, now);
  }

  tick(now: Instant): void {
    for (const out of [...this.#all.values()]) {
      if (out.expiresAt <= now.mono) this.#finish(out, 'expired', undefined, now);
      else if (!out.offering && out.dueAt <= now.mono) this.#offer(out, now);
    }
  }

  nextDeadline(now: number): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { expiresAt, dueAt, offering } of this.#all.values())
      at = Math.min(at, expiresAt, !offering && dueAt > now ? dueAt : Number.POSITIVE_INFINITY);
    return at;
  }

  #add(kept: KeptTransfer, memory: Uint8Array | undefined, now: Instant): Out {
    const bornAt = now.mono - kept.manifest.ageMs;
    const expiresAt = bornAt + kept.manifest.lifeMs;
    const state = { offering: false, tries: 0, dueAt: now.mono, toldAt: Number.NEGATIVE_INFINITY };
    const out: Out = { ...kept, bornAt, expiresAt, memory, ...state };
    this.#all.set(kept.manifest.id, out);
    this.#bytes += kept.manifest.size;
    return out;
  }

  #offer(out: Out, now: Instant): void {
    if (!this.#parts.reaches(out.peer)) {
      out.dueAt = Number.POSITIVE_INFINITY;
      return;
    }
    out.offering = this.#parts.handovers.begin(
      {
        to: out.peer,
        type: FrameType.Offer,
        body: encodeOffer(out.manifest, now.mono - out.bornAt),
        priority: out.priority,
        timeoutMs: OFFER_MS,
        done: (outcome, code, at) => this.#answered(out, outcome, code, at),
      },
      now,
    );
    const { id } = out.manifest;
    if (out.offering) this.#parts.context.emit({ kind: 'trail', id, what: 'offered', node: out.peer });
  }

  #answered(out: Out, outcome: MessageOutcome, code: string | undefined, now: Instant): void {
    out.offering = false;
    if (this.#all.get(out.manifest.id) !== out) return;
    if (outcome === 'refused' && code !== 'transfer.full') return this.#finish(out, 'refused', code, now);
    if (outcome !== 'delivered') {
      const { id } = out.manifest;
      const why = code === undefined ? {} : { code };
      this.#parts.context.emit({ kind: 'trail', id, what: 'put-off', node: out.peer, ...why });
    }
    const retryMs = Math.min(RETRY_MAX_MS, RETRY_START_MS * 2 ** out.tries++);
    out.dueAt = now.mono + (outcome === 'delivered' ? SILENT_MS : retryMs);
  }

  #progress(out: Out, doneBytes: number, now: Instant): void {
    if (now.mono - out.toldAt < PROGRESS_MS) return;
    out.toldAt = now.mono;
    const { id, size } = out.manifest;
    this.#parts.context.emit({ kind: 'progress', id, doneBytes: Math.min(size, doneBytes), totalBytes: size });
  }

  #finish(out: Out, outcome: MessageOutcome, code: string | undefined, now: Instant): void {
    const { context, log } = this.#parts;
    const { id, size } = out.manifest;
    if (!this.#all.delete(id)) return;
    this.#bytes -= size;
    context.counters.custody[outcome]++;
    if (outcome === 'delivered') context.counters.transfers.done++;
    context.emit({ kind: 'outcome', id, outcome, ...(code !== undefined && { code }) });
    log.later({ op: 'delete', space: TRANSFER_SPACE, key: metaKey('s', id) }, now);
    for (let i = 0; i < chunkCount(out.manifest); i++)
      log.later({ op: 'delete', space: TRANSFER_SPACE, key: chunkKey('s', id, i) }, now);
  }
}
