import { fromBinary } from '@bufbuild/protobuf';
import { concat, equalBytes, utf8 } from '../core/bytes.js';
import { type NodeId, nodeIdOf } from '../core/ids.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { Crypto } from '../ports/crypto.js';
import { BatchSchema, type SignedBatch } from '../wire/gen/edge_pb.js';
import { bigOf } from './keys.js';
import {
  KNOWN_CHECKS_PER_SECOND,
  MAX_BATCH_LEAVES,
  MAX_KNOWN_AUTHORS,
  MAX_VERIFIED_BATCHES,
  STRANGER_CHECKS_PER_SECOND,
} from './limits.js';

export const BATCH_CONTEXT = utf8('edge-agent/1/batch');
export const ERASE_CONTEXT = utf8('edge-agent/1/erase');

export interface CheckedBatch {
  /** First 8 bytes of SHA-256 of the signed bytes. */
  readonly ref: bigint;
  readonly author: NodeId;
  readonly salt: Uint8Array;
  readonly count: number;
  readonly root: Uint8Array;
  readonly signed: SignedBatch;
}

/** What one neighbour may cost us in signature checks. */
export class CheckRates {
  readonly strangers = new TokenBucket(STRANGER_CHECKS_PER_SECOND, STRANGER_CHECKS_PER_SECOND);
  readonly known = new TokenBucket(KNOWN_CHECKS_PER_SECOND, KNOWN_CHECKS_PER_SECOND);
}

/** `rate` means: not now; everything else is final. */
export type Refusal = 'rate' | 'signature' | 'batch';

export const batchRefOf = (crypto: Crypto, body: Uint8Array): bigint => bigOf(crypto.sha256(body));

/** Checks signatures once each, within the rates of the neighbour that brought them. */
export class Verifier {
  readonly #crypto: Crypto;
  readonly #batches = new Map<bigint, CheckedBatch>();
  readonly #authors = new Map<NodeId, Uint8Array>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** A key proves the id by its hash; an author whose signature was good once is known. */
  signature(
    publicKey: Uint8Array,
    author: Uint8Array,
    context: Uint8Array,
    body: Uint8Array,
    signature: Uint8Array,
    rates: CheckRates,
    now: number,
  ): Refusal | undefined {
    if (publicKey.length !== 32 || signature.length !== 64 || author.length !== 8) return 'signature';
    const id = nodeIdOf(author);
    const knownKey = this.#authors.get(id);
    if (knownKey) {
      if (!equalBytes(knownKey, publicKey)) return 'signature';
    } else if (!equalBytes(this.#crypto.sha256(publicKey).subarray(0, 8), author)) return 'signature';
    if (!(knownKey ? rates.known : rates.strangers).take(now)) return 'rate';
    if (!this.#crypto.verify(publicKey, concat(context, body), signature)) return 'signature';
    if (!knownKey) remember(this.#authors, id, publicKey.slice(), MAX_KNOWN_AUTHORS);
    return undefined;
  }

  batch(signed: SignedBatch, rates: CheckRates, now: number): CheckedBatch | Refusal {
    const ref = batchRefOf(this.#crypto, signed.body);
    const seen = this.#batches.get(ref);
    if (seen && equalBytes(seen.signed.body, signed.body)) return seen;
    const batch = parseBatch(signed.body);
    if (!batch) return 'batch';
    const refusal = this.signature(
      batch.publicKey,
      batch.author,
      BATCH_CONTEXT,
      signed.body,
      signed.signature,
      rates,
      now,
    );
    if (refusal) return refusal;
    const checked: CheckedBatch = {
      ref,
      author: nodeIdOf(batch.author),
      salt: batch.bootSalt,
      count: batch.count,
      root: batch.root,
      signed,
    };
    remember(this.#batches, ref, checked, MAX_VERIFIED_BATCHES);
    return checked;
  }

  /** Own batches need no check. */
  trust(batch: CheckedBatch): void {
    remember(this.#batches, batch.ref, batch, MAX_VERIFIED_BATCHES);
  }
}

function parseBatch(body: Uint8Array) {
  try {
    const batch = fromBinary(BatchSchema, body);
    const sound =
      batch.count >= 1 && batch.count <= MAX_BATCH_LEAVES && batch.root.length === 32 && batch.bootSalt.length === 16;
    return sound ? batch : undefined;
  } catch {
    return undefined;
  }
}

function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  if (map.size >= limit) map.delete(map.keys().next().value as K);
  map.set(key, value);
}
