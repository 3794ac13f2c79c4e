import { fromBinary } from '@bufbuild/protobuf';
import { equalBytes } from '../core/bytes.js';
import { HLC_MAX_AHEAD_MS, type HybridClock, hlcMs, isAhead } from '../core/hlc.js';
import { type NodeId, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { type Hash, leafHash, verifyPath } from '../core/merkle.js';
import type { Crypto } from '../ports/crypto.js';
import {
  type Record,
  type RecordCore,
  RecordCoreSchema,
  type Records,
  type SignedBatch,
  type SignedTombstone,
  type Tombstone,
  TombstoneSchema,
} from '../wire/gen/edge_pb.js';
import { recordEntry, tombstoneEntry } from './author.js';
import type { Outbox } from './effects.js';
import type { Evidence } from './evidence.js';
import { type Holdings, type Staged, supersedes } from './holdings.js';
import type { IndexEntry } from './index-entry.js';
import { bigOf, recordKey, shortDigest, tombstoneKey } from './keys.js';
import { MAX_HELD_BACK, MAX_RECEIVED_RECORDS } from './limits.js';
import type { Peer } from './peer.js';
import { coreFault, tombstoneFault, vectorFault } from './record-check.js';
import type { Remembered } from './remembered.js';
import { type CheckedBatch, ERASE_CONTEXT, type Verifier } from './verifier.js';

export interface IntakeOptions {
  readonly crypto: Crypto;
  readonly clock: HybridClock;
  readonly maxRetentionMs: number;
  readonly holdings: Holdings;
  readonly verifier: Verifier;
  readonly evidence: Evidence;
  /** Keys not to be wanted again for now, with their short digest. */
  readonly refused: Remembered;
  readonly out: Outbox;
}

/** What became of one message. */
export interface Taken {
  /** Keys that need not be asked for any more. */
  readonly answered: bigint[];
  /** Keys under which we hold something newer than what was sent: to be offered to the sender. */
  readonly ours: bigint[];
  /** Keys the sender has in an unsound state: not to be asked of it. */
  readonly bad: bigint[];
  /** How many of them are on their way to the disk now. */
  gained: number;
}

interface Held {
  readonly peer: NodeId;
  readonly record: Record;
  readonly batch: CheckedBatch;
  readonly digest: bigint;
  /** Unix milliseconds from which its stamp is acceptable. */
  readonly dueAt: number;
}

interface Checked {
  readonly core: RecordCore;
  readonly entry: IndexEntry;
}

/**
 * Takes records and tombstones from neighbours: every claim is checked, a bad item is counted and forgotten, and the
 * rest of its message is still taken.
 */
export class Intake {
  readonly #o: IntakeOptions;
  readonly #hash: Hash;
  // One version a key. Overflow: the newcomer is dropped and comes again by reconciliation.
  readonly #held = new Map<bigint, Held>();

  constructor(options: IntakeOptions) {
    this.#o = options;
    this.#hash = (...parts) => options.crypto.sha256(...parts);
  }

  /** Whether this very version waits for its time. */
  isHeld(key: bigint, digest: number): boolean {
    const held = this.#held.get(key);
    return held !== undefined && shortDigest(held.digest) === digest;
  }

  get nextHeldAt(): number | undefined {
    let next: number | undefined;
    for (const { dueAt } of this.#held.values()) if (next === undefined || dueAt < next) next = dueAt;
    return next;
  }

  take(message: Records, peer: Peer, now: Instant): Taken {
    const taken: Taken = { answered: [], ours: [], bad: [], gained: 0 };
    const { out, holdings } = this.#o;
    if (holdings.busy) {
      out.count('weave.busy', message.records.length + message.tombstones.length);
      return taken;
    }
    const tombstones = new Map<bigint, Staged>();
    for (const signed of capped(message.tombstones, out)) this.#tombstone(signed, peer, now, tombstones, taken);
    // Staged first: they may erase records of this very message.
    if (tombstones.size > 0) holdings.stage([...tombstones.values()]);
    const batches = new Map<number, CheckedBatch | string>();
    const group = new Map<bigint, Staged>();
    for (const record of capped(message.records, out)) {
      const batch = this.#batch(message.batches, record.batch, batches, peer, now);
      if (typeof batch === 'string') this.#reject(peer, record, batch, now, taken);
      else this.#record(record, batch, peer, now, group, taken);
    }
    if (group.size > 0) holdings.stage([...group.values()]);
    taken.gained = tombstones.size + group.size;
    return taken;
  }

  /** Records whose time has come, as if they had just arrived. */
  retryHeld(peerOf: (id: NodeId) => Peer, now: Instant): void {
    const due = [...this.#held].filter(([, held]) => held.dueAt <= now.wall);
    if (due.length === 0 || this.#o.holdings.busy) return;
    const group = new Map<bigint, Staged>();
    const taken: Taken = { answered: [], ours: [], bad: [], gained: 0 };
    for (const [key, held] of due) {
      this.#held.delete(key);
      this.#record(held.record, held.batch, peerOf(held.peer), now, group, taken);
    }
    if (group.size > 0) this.#o.holdings.stage([...group.values()]);
  }

  #batch(
    batches: readonly SignedBatch[],
    index: number,
    checked: Map<number, CheckedBatch | string>,
    peer: Peer,
    now: Instant,
  ): CheckedBatch | string {
    let batch = checked.get(index);
    if (batch === undefined) {
      const signed = batches[index];
      batch = signed ? this.#o.verifier.batch(signed, peer.rates, now.mono) : 'batch';
      checked.set(index, batch);
    }
    return batch;
  }

  #record(
    record: Record,
    batch: CheckedBatch,
    peer: Peer,
    now: Instant,
    group: Map<bigint, Staged>,
    taken: Taken,
  ): void {
    const checked = this.#check(record, batch);
    if (typeof checked === 'string') {
      this.#reject(peer, record, checked, now, taken);
      return;
    }
    const { core, entry } = checked;
    const { holdings, out } = this.#o;
    const fault = this.#decline(entry, record, batch, peer, now, taken);
    if (fault) {
      out.count(`weave.${fault}`);
      return;
    }
    const known = group.get(entry.key)?.entry ?? holdings.known(entry.key);
    const statement = { core: record.core, leaf: record.leaf, path: record.path, batch: batch.signed };
    this.#o.evidence.look(entry, statement, now.mono);
    taken.answered.push(entry.key);
    if (known?.digest === entry.digest) {
      out.count('weave.duplicate');
      return;
    }
    if (known && !supersedes(entry, { ...known, key: entry.key })) {
      taken.ours.push(entry.key);
      out.count('weave.older');
      return;
    }
    if (!known && holdings.records + group.size >= holdings.limits.detections) {
      out.count('weave.limit');
      return;
    }
    if (!holdings.registry.hasRoom(entry)) {
      out.count('weave.names');
      return;
    }
    this.#o.clock.observe(entry.hlc, now.wall);
    group.set(entry.key, { entry, hash: core.hash, from: peer.id, body: { core, record, batch: batch.signed } });
  }

  /** Reasons that have nothing to do with the record's soundness: not now, or not any more. */
  #decline(
    entry: IndexEntry,
    record: Record,
    batch: CheckedBatch,
    peer: Peer,
    now: Instant,
    taken: Taken,
  ): string | undefined {
    const { holdings, refused } = this.#o;
    const never = (reason: string): string => {
      refused.set(entry.key, shortDigest(entry.digest), now.mono);
      taken.answered.push(entry.key);
      return reason;
    };
    if (holdings.isErased(entry.hashKey, now.wall)) {
      taken.ours.push(entry.hashKey);
      return never('erased');
    }
    if (entry.expiresAt <= now.wall) return never('expired');
    if (!isAhead(entry.hlc, now.wall, this.#o.clock.aheadMs)) return undefined;
    taken.answered.push(entry.key);
    if (this.#held.size >= MAX_HELD_BACK && !this.#held.has(entry.key)) {
      peer.refuse(entry.key, shortDigest(entry.digest), now.mono);
      return 'held.overflow';
    }
    const dueAt = hlcMs(entry.hlc) - HLC_MAX_AHEAD_MS;
    this.#held.set(entry.key, { peer: peer.id, record, batch, digest: entry.digest, dueAt });
    return 'held';
  }

  #check(record: Record, batch: CheckedBatch): Checked | string {
    const core = parsed(() => fromBinary(RecordCoreSchema, record.core));
    if (!core) return 'core';
    const { crypto, maxRetentionMs } = this.#o;
    const fault = coreFault(core, maxRetentionMs);
    if (fault) return fault;
    if (nodeIdOf(core.author) !== batch.author || !equalBytes(core.bootSalt, batch.salt)) return 'author';
    const leaf = leafHash(this.#hash, record.core);
    if (!verifyPath(this.#hash, batch.root, leaf, record.leaf, batch.count, record.path)) return 'path';
    const vector = vectorFault(crypto, core, record);
    if (vector) return vector;
    const names = { key: recordKey(crypto, core.author, core.hash), node: batch.author };
    return { core, entry: recordEntry(crypto, core, leaf, batch.ref, false, names) };
  }

  /** Unsound items are not asked for again from who sent them; from others they may be. */
  #reject(peer: Peer, record: Record, reason: string, now: Instant, taken: Taken): void {
    this.#o.out.count(`weave.invalid.${reason}`);
    if (reason === 'rate') return;
    const core = parsed(() => fromBinary(RecordCoreSchema, record.core));
    if (core?.author.length !== 8) return;
    const digest = bigOf(leafHash(this.#hash, record.core));
    const key = recordKey(this.#o.crypto, core.author, core.hash);
    peer.refuse(key, shortDigest(digest), now.mono);
    taken.bad.push(key);
  }

  #tombstone(signed: SignedTombstone, peer: Peer, now: Instant, group: Map<bigint, Staged>, taken: Taken): void {
    const { holdings, out, clock } = this.#o;
    const checked = this.#checkTombstone(signed, peer, now, taken);
    if (typeof checked === 'string') {
      out.count(`weave.invalid.${checked}`);
      return;
    }
    const { tombstone, entry } = checked;
    const known = group.get(entry.key)?.entry ?? holdings.known(entry.key);
    taken.answered.push(entry.key);
    if (entry.expiresAt <= now.wall) {
      this.#o.refused.set(entry.key, shortDigest(entry.digest), now.mono);
      out.count('weave.expired');
      return;
    }
    if (known?.digest === entry.digest) {
      out.count('weave.duplicate');
      return;
    }
    if (known && !supersedes(entry, { ...known, key: entry.key })) {
      taken.ours.push(entry.key);
      out.count('weave.older');
      return;
    }
    if (!known && holdings.fullOfTombstones) {
      out.count('weave.limit');
      return;
    }
    if (!holdings.registry.hasRoom(entry)) {
      out.count('weave.names');
      return;
    }
    clock.observe(entry.hlc, now.wall);
    group.set(entry.key, { entry, hash: tombstone.hash, from: peer.id, body: { tombstone: signed } });
  }

  #checkTombstone(
    signed: SignedTombstone,
    peer: Peer,
    now: Instant,
    taken: Taken,
  ): { tombstone: Tombstone; entry: IndexEntry } | string {
    const tombstone = parsed(() => fromBinary(TombstoneSchema, signed.body));
    if (!tombstone) return 'tombstone';
    const { crypto, verifier } = this.#o;
    const key = tombstoneKey(crypto, tombstone.hash);
    const reject = (reason: string): string => {
      peer.refuse(key, shortDigest(bigOf(crypto.sha256(signed.body))), now.mono);
      taken.bad.push(key);
      return reason;
    };
    const fault = tombstoneFault(tombstone);
    if (fault) return reject(fault);
    // From the future: asked for again once the neighbour's refusals are forgotten.
    if (isAhead(tombstone.hlc, now.wall, this.#o.clock.aheadMs)) return reject('ahead');
    const { publicKey, eraser } = tombstone;
    const refusal = verifier.signature(
      publicKey,
      eraser,
      ERASE_CONTEXT,
      signed.body,
      signed.signature,
      peer.rates,
      now.mono,
    );
    if (refusal === 'rate') return refusal;
    if (refusal) return reject(refusal);
    const created = Number(tombstone.createdAtMs);
    const expires = Number(tombstone.expiresAtMs);
    return {
      tombstone,
      entry: tombstoneEntry(crypto, key, signed.body, nodeIdOf(eraser), tombstone.hlc, created, expires),
    };
  }
}

function capped<T>(items: readonly T[], out: Outbox): readonly T[] {
  if (items.length <= MAX_RECEIVED_RECORDS) return items;
  out.count('weave.oversized', items.length - MAX_RECEIVED_RECORDS);
  return items.slice(0, MAX_RECEIVED_RECORDS);
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
