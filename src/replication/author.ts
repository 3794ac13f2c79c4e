import { create, toBinary } from '@bufbuild/protobuf';
import { concat, equalBytes, fromHex } from '../core/bytes.js';
import { type HybridClock, hlcMs } from '../core/hlc.js';
import { type NodeId, nodeIdBytes } from '../core/ids.js';
import { type Hash, leafHash, merklePaths, merkleRoot } from '../core/merkle.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';
import {
  BatchSchema,
  type RecordCore,
  RecordCoreSchema,
  RecordSchema,
  type SignedBatch,
  SignedBatchSchema,
  SignedTombstoneSchema,
  TombstoneSchema,
} from '../wire/gen/edge_pb.js';
import { RowFlag } from './columns.js';
import type { RecordDraft } from './effects.js';
import type { Staged } from './holdings.js';
import type { IndexEntry } from './index-entry.js';
import { bigOf, recordKey, stampOf, tombstoneKey } from './keys.js';
import { MAX_BATCH_LEAVES } from './limits.js';
import { int8HashOf, tombstoneLifeMs } from './record-check.js';
import { BATCH_CONTEXT, batchRefOf, ERASE_CONTEXT } from './verifier.js';

export interface AuthorOptions {
  readonly self: NodeId;
  readonly keys: KeyPair;
  /** 16 bytes drawn at this start. */
  readonly salt: Uint8Array;
  readonly crypto: Crypto;
  readonly clock: HybridClock;
  readonly retentionMs: number;
  readonly maxRetentionMs: number;
  /** False: int8 vectors of what is recorded from now on stay here. */
  readonly shareVectors: boolean;
}

interface Draft {
  readonly draft: RecordDraft;
  readonly contentVersion: number;
}

const EMPTY = new Uint8Array(0);

/** Turns drafts into records under this node's name: stamped, in signed Merkle batches. */
export class Author {
  readonly #options: AuthorOptions;
  readonly #self: Uint8Array;
  readonly #hash: Hash;
  #counter = 0;
  #batchNumber = 0;

  constructor(options: AuthorOptions) {
    this.#options = options;
    this.#self = nodeIdBytes(options.self);
    this.#hash = (...parts) => options.crypto.sha256(...parts);
  }

  keyOf(hash: Uint8Array): bigint {
    return recordKey(this.#options.crypto, this.#self, hash);
  }

  /** When a draft without (or with a too late) expiry ends, were it recorded at `ms`. */
  expiryOf(draft: RecordDraft, ms: number): number {
    const { retentionMs, maxRetentionMs } = this.#options;
    return Math.min(draft.expiresAt ?? ms + retentionMs, ms + maxRetentionMs);
  }

  /** Whether recording the draft again would change nothing. */
  isSame(core: RecordCore, draft: RecordDraft): boolean {
    const exact = draft.vector ? this.#options.crypto.sha256(draft.vector.exact) : EMPTY;
    return (
      core.type === draft.type &&
      core.purpose === draft.purpose &&
      equalBytes(core.space, spaceBytes(draft)) &&
      equalBytes(core.metadata, draft.metadata) &&
      equalBytes(core.exactHash, exact) &&
      (draft.observedAt === undefined || Number(core.observedAtMs) === draft.observedAt) &&
      (draft.expiresAt === undefined || Number(core.expiresAtMs) === this.expiryOf(draft, hlcMs(core.hlc)))
    );
  }

  /** Signed records, ready to be stored, in the order of the drafts. */
  seal(drafts: readonly Draft[], wall: number): Staged[] {
    const sealed: Staged[] = [];
    for (let at = 0; at < drafts.length; at += MAX_BATCH_LEAVES)
      sealed.push(...this.#sealBatch(drafts.slice(at, at + MAX_BATCH_LEAVES), wall));
    return sealed;
  }

  tombstone(hash: Uint8Array, wall: number): Staged {
    const { keys, crypto, clock, maxRetentionMs, self } = this.#options;
    const hlc = clock.tick(wall);
    const created = hlcMs(hlc);
    const body = toBinary(
      TombstoneSchema,
      create(TombstoneSchema, {
        hash,
        eraser: this.#self,
        publicKey: keys.publicKey,
        hlc,
        createdAtMs: BigInt(created),
        expiresAtMs: BigInt(created + tombstoneLifeMs(maxRetentionMs)),
      }),
    );
    const signature = crypto.sign(keys, concat(ERASE_CONTEXT, body));
    const key = tombstoneKey(crypto, hash);
    return {
      entry: tombstoneEntry(crypto, key, body, self, hlc, created, created + tombstoneLifeMs(maxRetentionMs)),
      hash,
      body: { tombstone: create(SignedTombstoneSchema, { body, signature }) },
    };
  }

  #sealBatch(drafts: readonly Draft[], wall: number): Staged[] {
    const cores = drafts.map((draft) => this.#core(draft, wall));
    const bytes = cores.map((core) => toBinary(RecordCoreSchema, core));
    const leaves = bytes.map((core) => leafHash(this.#hash, core));
    const paths = merklePaths(this.#hash, leaves);
    const batch = this.#sign(leaves);
    const ref = batchRefOf(this.#options.crypto, batch.body);
    return drafts.map(({ draft }, leaf) => {
      const core = cores[leaf] as RecordCore;
      const shared = core.int8Hash.length > 0 ? draft.vector : undefined;
      const record = create(RecordSchema, {
        core: bytes[leaf] as Uint8Array,
        leaf,
        path: paths[leaf] as Uint8Array[],
        ...(shared ? { int8: shared.int8, scale: shared.scale } : {}),
      });
      const exact = draft.vector?.exact;
      return {
        entry: recordEntry(this.#options.crypto, core, leaves[leaf] as Uint8Array, ref, exact !== undefined, {
          key: this.keyOf(draft.hash),
          node: this.#options.self,
        }),
        hash: draft.hash,
        body: { core, record, batch, ...(exact ? { exact } : {}) },
      };
    });
  }

  #core({ draft, contentVersion }: Draft, wall: number): RecordCore {
    const { clock, crypto, salt, shareVectors } = this.#options;
    const hlc = clock.tick(wall);
    const { vector } = draft;
    return create(RecordCoreSchema, {
      author: this.#self,
      hash: draft.hash,
      hlc,
      bootSalt: salt,
      counter: ++this.#counter,
      contentVersion,
      type: draft.type,
      metadata: draft.metadata,
      observedAtMs: BigInt(draft.observedAt ?? wall),
      expiresAtMs: BigInt(this.expiryOf(draft, hlcMs(hlc))),
      purpose: draft.purpose,
      ...(vector
        ? {
            space: spaceBytes(draft),
            dimension: vector.int8.length,
            sketchHash: crypto.sha256(vector.sketch),
            int8Hash: shareVectors ? int8HashOf(crypto, vector.int8, vector.scale) : EMPTY,
            exactHash: crypto.sha256(vector.exact),
          }
        : {}),
    });
  }

  #sign(leaves: readonly Uint8Array[]): SignedBatch {
    const { keys, crypto, salt } = this.#options;
    const body = toBinary(
      BatchSchema,
      create(BatchSchema, {
        author: this.#self,
        publicKey: keys.publicKey,
        bootSalt: salt,
        number: ++this.#batchNumber,
        count: leaves.length,
        root: merkleRoot(this.#hash, leaves),
      }),
    );
    return create(SignedBatchSchema, { body, signature: crypto.sign(keys, concat(BATCH_CONTEXT, body)) });
  }
}

const spaceBytes = (draft: RecordDraft): Uint8Array =>
  draft.vector ? (fromHex(draft.vector.space) as Uint8Array) : EMPTY;

export function recordEntry(
  crypto: Crypto,
  core: RecordCore,
  leaf: Uint8Array,
  batch: bigint,
  exact: boolean,
  names: { readonly key: bigint; readonly node: NodeId },
): IndexEntry {
  return {
    ...names,
    digest: bigOf(leaf),
    hashKey: tombstoneKey(crypto, core.hash),
    stamp: stampOf(crypto, core.author, core.bootSalt, core.counter),
    hlc: core.hlc,
    batch,
    flags: (core.int8Hash.length > 0 ? RowFlag.Int8 : 0) | (exact ? RowFlag.Exact : 0),
    type: core.type,
    space: core.space.length > 0 ? bigOf(core.space).toString(16).padStart(16, '0') : '',
    observedAt: Number(core.observedAtMs),
    expiresAt: Number(core.expiresAtMs),
    contentVersion: core.contentVersion,
  };
}

export const tombstoneEntry = (
  crypto: Crypto,
  key: bigint,
  body: Uint8Array,
  eraser: NodeId,
  hlc: bigint,
  createdAt: number,
  expiresAt: number,
): IndexEntry => ({
  key,
  digest: bigOf(crypto.sha256(body)),
  hashKey: key,
  stamp: 0n,
  hlc,
  batch: 0n,
  flags: RowFlag.Tombstone,
  node: eraser,
  type: '',
  space: '',
  observedAt: createdAt,
  expiresAt,
  contentVersion: 0,
});
