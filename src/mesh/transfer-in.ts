import { equalBytes } from '../core/bytes.js';
import { type MessageId, messageIdBytes, messageIdOf, type NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { ChunkWindow } from './chunk-window.js';
import type { Done } from './keep-log.js';
import { Said } from './receipts.js';
import {
  chunkCount,
  chunkKey,
  encodeKept,
  type KeptTransfer,
  lengthOfChunk,
  type Manifest,
  metaKey,
  readKept,
  TRANSFER_SPACE,
} from './transfer.js';
import type { TransferParts } from './transfer-parts.js';

/** A transfer of which nothing came for so long gives way to another when there is no room. */
const STILL_MS = 120_000;

interface Asked {
  readonly at: number;
  readonly dueAt: number;
  readonly again: boolean;
}

interface In extends KeptTransfer {
  readonly bornAt: number;
  readonly expiresAt: number;
  readonly window: ChunkWindow;
  readonly have: Uint8Array;
  readonly asked: Map<number, Asked>;
  /** Chunks that the disk does not have yet. */
  readonly memory: Map<number, Uint8Array>;
  /** Were on their way when their time was over: a copy may come yet. */
  readonly late: Set<number>;
  missing: number;
  /** No chunk before this one is missing. */
  from: number;
  /** When a chunk came last, or it began. */
  movedAt: number;
}

/** Large payloads for this node: pulled chunk by chunk, whatever is missing, kept on disk as they come, checked when whole. */
export class TransferIn {
  readonly #parts: TransferParts;
  readonly #all = new Map<MessageId, In>();
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

  /** The code by which an offer is refused; nothing when it is taken, or was. */
  offered(manifest: Manifest, from: NodeId, priority: Priority, now: Instant): string | undefined {
    const { delivery, log } = this.#parts;
    const { id, size } = manifest;
    if (delivery.delivered.has(id)) {
      this.#say(id, from, Said.Delivered, '', now.mono + manifest.lifeMs - manifest.ageMs, now);
      return undefined;
    }
    const known = this.#all.get(id);
    if (known) {
      if (known.peer !== from || !equalBytes(known.manifest.digest, manifest.digest)) return 'transfer.other';
      this.#resume(known, now);
      return undefined;
    }
    if (manifest.ageMs >= manifest.lifeMs) return 'custody.expired';
    if (!this.#makeRoom(from, size, now)) return 'transfer.full';
    const transfer = this.#add({ manifest, peer: from, priority }, now);
    const value = encodeKept(transfer, manifest.ageMs, now);
    log.later({ op: 'put', space: TRANSFER_SPACE, key: metaKey('r', id), value }, now);
    this.#ask(transfer, now);
    return undefined;
  }

  chunk(from: NodeId, body: Uint8Array, now: Instant): void {
    const { context, log } = this.#parts;
    const chunk = decode(Body.ChunkSchema, body);
    if (chunk?.message.length !== 14) return context.counters.refuse('transfer.malformed');
    const transfer = this.#all.get(messageIdOf(chunk.message));
    if (transfer?.peer !== from) return context.counters.refuse('transfer.unknown');
    const { manifest, asked, memory, have } = transfer;
    const { index } = chunk;
    if (index >= have.length || chunk.bytes.length !== lengthOfChunk(manifest, index))
      return context.counters.refuse('transfer.malformed');
    const wasAsked = asked.get(index);
    asked.delete(index);
    if (have[index] === 1) {
      context.counters.transfers.repeated++;
      return context.counters.refuse('transfer.twice');
    }
    // What nobody asked for is not taken: a stranger could spoil the whole with it.
    if (!wasAsked && !transfer.late.has(index)) return context.counters.refuse('transfer.unasked');
    if (wasAsked && !wasAsked.again) transfer.window.arrived(now.mono - wasAsked.at, now.mono);
    if (transfer.late.delete(index)) context.counters.transfers.repeated++;
    have[index] = 1;
    context.counters.transfers.chunksIn++;
    context.counters.transfers.bytesIn += chunk.bytes.length;
    transfer.missing--;
    transfer.movedAt = now.mono;
    const bytes = chunk.bytes.slice();
    memory.set(index, bytes);
    const op = { op: 'put', space: TRANSFER_SPACE, key: chunkKey('r', manifest.id, index), value: bytes } as const;
    // On a disk that takes no more it stays in memory, which is bounded by the quota.
    log.later(op, now, (code) => void (code === undefined && memory.delete(index)));
    if (transfer.missing === 0) this.#whole(transfer, now);
    else this.#ask(transfer, now);
  }

  restore(key: string, value: Uint8Array, now: Instant): void {
    const { store, log, delivery } = this.#parts;
    const kept = readKept(value, now);
    if (!kept || metaKey('r', kept.manifest.id) !== key)
      return log.later({ op: 'delete', space: TRANSFER_SPACE, key }, now);
    const transfer = this.#add(kept, now);
    const { id } = kept.manifest;
    for (let i = 0; i < transfer.have.length; i++) {
      if (!store.get(TRANSFER_SPACE, chunkKey('r', id, i))) continue;
      transfer.have[i] = 1;
      transfer.missing--;
    }
    if (delivery.delivered.has(id)) this.#drop(transfer, now);
    else if (transfer.missing === 0) this.#whole(transfer, now);
  }

  reached(node: NodeId, now: Instant): void {
    for (const transfer of this.#all.values()) if (transfer.peer === node) this.#resume(transfer, now);
  }

  tick(now: Instant): void {
    for (const transfer of [...this.#all.values()]) {
      if (transfer.expiresAt <= now.mono) {
        this.#parts.context.counters.custody.expired++;
        this.#drop(transfer, now);
        continue;
      }
      let lost = false;
      for (const [index, { dueAt }] of transfer.asked) {
        if (dueAt > now.mono) continue;
        transfer.asked.delete(index);
        transfer.late.add(index);
        lost = true;
      }
      if (!lost) continue;
      transfer.window.lost(now.mono);
      this.#ask(transfer, now);
    }
  }

  nextDeadline(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { expiresAt, asked } of this.#all.values()) {
      at = Math.min(at, expiresAt);
      for (const { dueAt } of asked.values()) at = Math.min(at, dueAt);
    }
    return at;
  }

  /** False when there is no room. Of those that stand still the one that did longest goes: who offers it still, offers it again. */
  #makeRoom(from: NodeId, size: number, now: Instant): boolean {
    const ofPeer = [...this.#all.values()].filter(({ peer }) => peer === from);
    const bytesOfPeer = ofPeer.reduce((sum, { manifest }) => sum + manifest.size, size);
    if (ofPeer.length >= Limit.InTransfersPerPeer || bytesOfPeer > Limit.InTransferBytesPerPeer) return false;
    const still = [...this.#all.values()].filter(({ movedAt }) => now.mono - movedAt >= STILL_MS);
    still.sort((a, b) => b.movedAt - a.movedAt);
    while (this.#all.size >= Limit.InTransfers || this.#bytes + size > Limit.InTransferBytes) {
      const victim = still.pop();
      if (!victim) return false;
      this.#parts.context.counters.refuse('transfer.given-up');
      this.#drop(victim, now);
    }
    return true;
  }

  #add(kept: KeptTransfer, now: Instant): In {
    const { manifest } = kept;
    const bornAt = now.mono - manifest.ageMs;
    const count = chunkCount(manifest);
    const transfer: In = {
      ...kept,
      bornAt,
      expiresAt: bornAt + manifest.lifeMs,
      window: new ChunkWindow(),
      have: new Uint8Array(count),
      asked: new Map(),
      memory: new Map(),
      late: new Set(),
      missing: count,
      from: 0,
      movedAt: now.mono,
    };
    this.#all.set(manifest.id, transfer);
    this.#bytes += manifest.size;
    return transfer;
  }

  /** The other end is there again, maybe over another path. */
  #resume(transfer: In, now: Instant): void {
    this.#parts.context.counters.transfers.resumed++;
    for (const index of transfer.asked.keys()) transfer.late.add(index);
    transfer.asked.clear();
    transfer.window.restart();
    this.#ask(transfer, now);
  }

  /** Asks for what is missing, as far as the window goes; for nothing while no path leads there. */
  #ask(transfer: In, now: Instant): void {
    const { window, asked, have, manifest, peer, late } = transfer;
    if (!this.#parts.reaches(peer)) return;
    const indexes: number[] = [];
    while (transfer.from < have.length && have[transfer.from] === 1) transfer.from++;
    for (let i = transfer.from; i < have.length && asked.size < window.size; i++) {
      if (have[i] === 1 || asked.has(i)) continue;
      asked.set(i, { at: now.mono, dueAt: now.mono + window.timeoutMs, again: late.has(i) });
      indexes.push(i);
    }
    if (indexes.length === 0) return;
    const held = have.length - transfer.missing;
    const body = encode(Body.ChunkRequestSchema, { message: messageIdBytes(manifest.id), indexes, held });
    this.#parts.direct(peer, FrameType.ChunkRequest, body, Priority.Medium, now);
  }

  #whole(transfer: In, now: Instant): void {
    const { context, store, delivery } = this.#parts;
    const { manifest, memory, peer, priority, bornAt, expiresAt } = transfer;
    const { id, type, size, chunkBytes, digest } = manifest;
    const body = new Uint8Array(size);
    for (let i = 0; i < transfer.have.length; i++) {
      const bytes = memory.get(i) ?? store.get(TRANSFER_SPACE, chunkKey('r', id, i));
      if (bytes) body.set(bytes, i * chunkBytes);
    }
    if (equalBytes(context.crypto.sha256(body), digest)) {
      delivery.delivered.add(id, true);
      context.counters.custody.received++;
      context.counters.transfers.received++;
      const whole = {
        id,
        type,
        source: peer,
        destination: context.self.id,
        priority,
        hops: this.#parts.hops(peer),
        body,
      };
      context.emit({ kind: 'deliver', message: { ...whole, at: now, ageMs: now.mono - bornAt } });
      // The sender lets go of it then: not before the disk has it here.
      return this.#drop(transfer, now, (_code, at) => this.#say(id, peer, Said.Delivered, '', expiresAt, at));
    }
    context.counters.refuse('transfer.digest');
    this.#say(id, peer, Said.Refused, 'transfer.digest', expiresAt, now);
    this.#drop(transfer, now);
  }

  #say(message: MessageId, to: NodeId, what: Said, code: string, expiresAt: number, now: Instant): void {
    this.#parts.receipts.add({ message, what, code }, to, { durable: true, expiresAt }, now);
  }

  /** `done`: what is to follow when the disk has forgotten it, and has what was written before. */
  #drop(transfer: In, now: Instant, done?: Done): void {
    const { id, size } = transfer.manifest;
    if (!this.#all.delete(id)) return;
    this.#bytes -= size;
    const keys = [metaKey('r', id), ...Array.from(transfer.have, (_, i) => chunkKey('r', id, i))];
    for (const [i, key] of keys.entries())
      this.#parts.log.later({ op: 'delete', space: TRANSFER_SPACE, key }, now, i === 0 ? done : undefined);
  }
}
