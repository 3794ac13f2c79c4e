import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { fromHex, toHex, utf8 } from '../../core/bytes.js';
import { type MessageId, nodeIdBytes, nodeIdOf } from '../../core/ids.js';
import type { Crypto } from '../../ports/crypto.js';
import { recordKey } from '../../replication/keys.js';
import { MAX_HASH_BYTES, MAX_TYPE_LENGTH, MIN_HASH_BYTES } from '../../replication/limits.js';
import { isPlainText } from '../../replication/record-check.js';
import {
  type Candidate,
  CandidateSchema,
  ScoreAnswerSchema,
  type ScoreRequest,
  ScoreRequestSchema,
  type SearchAnswer,
  SearchAnswerSchema,
  type SearchQuery,
  SearchQuerySchema,
} from '../../wire/gen/edge_pb.js';
import { parseMetadata } from '../metadata.js';
import type { Spaces } from '../spaces.js';
import { dequantise, quantise } from '../vectors.js';
import type { Found } from './found.js';
import { type Filter, K_MAX, type SearchPlan, TIMEOUT_MAX_MS } from './request.js';

/** Body of one answer; what does not fit is left out, the worst first. */
export const MAX_ANSWER_BYTES = 48 * 1024;
export const MAX_SCORED_HASHES = 256;
const MAX_CANDIDATES = 5_000;
const CANDIDATE_OVERHEAD_BYTES = 40;
const MAX_SCORE = 1.05;

const ScoredFrom = { Nothing: 0, Int8: 1, Exact: 2 } as const;

export function encodeQuery(plan: SearchPlan): Uint8Array {
  const { filter, query } = plan;
  const quantised = query && quantise(query.vector);
  return toBinary(
    SearchQuerySchema,
    create(SearchQuerySchema, {
      k: plan.k,
      timeoutMs: plan.timeoutMs,
      ...(query && quantised
        ? {
            space: fromHex(query.space.id) as Uint8Array,
            int8: new Uint8Array(quantised.int8.buffer),
            scale: quantised.scale,
          }
        : {}),
      ...(filter.type === undefined ? {} : { type: filter.type }),
      ...(filter.node === undefined ? {} : { node: nodeIdBytes(filter.node) }),
      ...(filter.sinceMs === undefined ? {} : { sinceMs: BigInt(filter.sinceMs) }),
      ...(filter.untilMs === undefined ? {} : { untilMs: BigInt(filter.untilMs) }),
      ...(filter.metadata === undefined ? {} : { metadata: utf8(JSON.stringify(filter.metadata)) }),
    }),
  );
}

/** The plan of a received query, `malformed`, or `space` when it asks in a space that is not known here. */
export function decodeQuery(body: Uint8Array, spaces: Spaces): SearchPlan | 'malformed' | 'space' {
  const message = parsed(() => fromBinary(SearchQuerySchema, body));
  if (!message || message.k < 1 || message.k > K_MAX || message.timeoutMs > TIMEOUT_MAX_MS) return 'malformed';
  const filter = filterOf(message);
  if (!filter) return 'malformed';
  const plan = { k: message.k, timeoutMs: message.timeoutMs, scope: 'local' as const, filter };
  if (message.space.length === 0 && message.int8.length === 0) return plan;
  if (message.space.length !== 8) return 'malformed';
  const space = spaces.byId(toHex(message.space));
  if (!space) return 'space';
  const { int8, scale } = message;
  if (int8.length !== space.dimension || !(scale > 0) || scale > 1 || int8.every((value) => value === 0))
    return 'malformed';
  const values = new Int8Array(int8.buffer, int8.byteOffset, int8.length);
  return { ...plan, query: { space, vector: dequantise({ int8: values, scale }) } };
}

function filterOf(message: SearchQuery): Filter | undefined {
  const metadata = message.metadata.length > 0 ? parseMetadata(message.metadata) : undefined;
  if (message.metadata.length > 0 && !metadata) return undefined;
  if (!isPlainText(message.type, MAX_TYPE_LENGTH, true)) return undefined;
  if (message.node.length !== 0 && message.node.length !== 8) return undefined;
  return {
    ...(message.type ? { type: message.type } : {}),
    ...(message.node.length > 0 ? { node: nodeIdOf(message.node) } : {}),
    ...(message.sinceMs === undefined ? {} : { sinceMs: Number(message.sinceMs) }),
    ...(message.untilMs === undefined ? {} : { untilMs: Number(message.untilMs) }),
    ...(metadata ? { metadata } : {}),
  };
}

/** Best first, as many as fit. Scores compare the int8 query, so they are coarse even where the exact vector is held. */
export function encodeAnswer(query: MessageId, found: readonly Found[]): Uint8Array {
  const candidates: Candidate[] = [];
  let bytes = 0;
  for (const one of found) {
    const metadata = utf8(JSON.stringify(one.metadata));
    bytes += metadata.length + one.hash.length + one.type.length * 3 + CANDIDATE_OVERHEAD_BYTES;
    if (bytes > MAX_ANSWER_BYTES) break;
    candidates.push(
      create(CandidateSchema, {
        author: nodeIdBytes(one.node),
        hash: one.hash,
        type: one.type,
        score: one.score ?? 0,
        scoredFrom: one.score === undefined ? ScoredFrom.Nothing : ScoredFrom.Int8,
        observedAtMs: BigInt(one.observedAt),
        metadata,
      }),
    );
  }
  return toBinary(SearchAnswerSchema, create(SearchAnswerSchema, { query: idBytes(query), candidates }));
}

export const encodeFault = (query: MessageId, fault: string): Uint8Array =>
  toBinary(SearchAnswerSchema, create(SearchAnswerSchema, { query: idBytes(query), fault }));

interface ReceivedAnswer {
  readonly query: string;
  readonly found: readonly Found[];
  /** Candidates that could not be. */
  readonly unsound: number;
}

export function decodeAnswer(body: Uint8Array, crypto: Crypto): ReceivedAnswer | undefined {
  const message: SearchAnswer | undefined = parsed(() => fromBinary(SearchAnswerSchema, body));
  if (!message || message.candidates.length > MAX_CANDIDATES) return undefined;
  const found = message.candidates.map((candidate) => foundOf(candidate, crypto)).filter((one) => one !== undefined);
  return { query: toHex(message.query), found, unsound: message.candidates.length - found.length };
}

function foundOf(candidate: Candidate, crypto: Crypto): Found | undefined {
  const { author, hash, type, score, scoredFrom } = candidate;
  const metadata = parseMetadata(candidate.metadata);
  if (author.length !== 8 || hash.length < MIN_HASH_BYTES || hash.length > MAX_HASH_BYTES || !metadata)
    return undefined;
  if (!isPlainText(type, MAX_TYPE_LENGTH) || !(Math.abs(score) <= MAX_SCORE)) return undefined;
  return {
    key: recordKey(crypto, author, hash),
    hash,
    type,
    node: nodeIdOf(author),
    observedAt: Number(candidate.observedAtMs),
    metadata,
    // Whatever it claims: only the author's answer to the exact query counts as exact.
    ...(scoredFrom === ScoredFrom.Nothing ? {} : { score, scoredFrom: 'int8' as const }),
  };
}

export const encodeScoreRequest = (space: string, exact: Uint8Array, hashes: readonly Uint8Array[]): Uint8Array =>
  toBinary(
    ScoreRequestSchema,
    create(ScoreRequestSchema, { space: fromHex(space) as Uint8Array, exact, hashes: [...hashes] }),
  );

export function decodeScoreRequest(body: Uint8Array): ScoreRequest | undefined {
  const message = parsed(() => fromBinary(ScoreRequestSchema, body));
  return message && message.hashes.length <= MAX_SCORED_HASHES ? message : undefined;
}

export const encodeScores = (request: MessageId, scores: readonly number[]): Uint8Array =>
  toBinary(ScoreAnswerSchema, create(ScoreAnswerSchema, { request: idBytes(request), scores: [...scores] }));

export function decodeScores(
  body: Uint8Array,
): { readonly request: string; readonly scores: readonly number[] } | undefined {
  const message = parsed(() => fromBinary(ScoreAnswerSchema, body));
  return message && { request: toHex(message.request), scores: message.scores };
}

const idBytes = (id: MessageId): Uint8Array => fromHex(id) as Uint8Array;

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
