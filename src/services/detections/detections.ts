import { toHex } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import { checkFields } from '../../core/known-fields.js';
import type { Clock } from '../../ports/clock.js';
import type { Outcome, RecordDraft, RecordSummary } from '../../replication/effects.js';
import { readHash } from '../hashes.js';
import { type Metadata, parseMetadata } from '../metadata.js';
import type { RecordsAccess } from '../records-access.js';
import type { Spaces } from '../spaces.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { readDetection } from './validate.js';

/** Items of one call. HTTP takes fewer at once. */
const MAX_PUSH_ITEMS = 10_000;
/**
 * Items prepared and recorded between two pauses: a long batch must not hold up the mesh. Recording takes about 40 µs
 * each, and they share one signature, which every node checks once: fewer would cost the mesh more than they spare this one.
 */
const PUSH_CHUNK = 16;
const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

export interface ItemError {
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

export interface PushResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly ItemError[];
}

export interface Detection {
  readonly hash: string;
  readonly type: string;
  readonly node: string;
  readonly space?: string;
  readonly metadata: Metadata;
  readonly observedAt: number;
  readonly purpose?: string;
  readonly expiresAt: number;
  readonly version: number;
  readonly vector: 'exact' | 'int8' | 'none';
}

const QUERY_FIELDS = ['type', 'node', 'hash', 'sinceAt', 'untilAt', 'limit', 'cursor'];

export interface DetectionQuery {
  readonly type?: string;
  readonly node?: string;
  readonly hash?: string;
  readonly sinceAt?: number;
  readonly untilAt?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface DetectionPage {
  readonly detections: readonly Detection[];
  readonly nextCursor?: string;
}

type Refusal = Extract<Outcome, { outcome: 'refused' }>;

interface ChunkResult extends PushResult {
  /** Why this node, not the item, was the reason of a rejection. */
  readonly unable?: Refusal;
}

const NOTHING: ChunkResult = { accepted: 0, duplicates: 0, rejected: [] };

function sumOf(sum: ChunkResult, part: ChunkResult): ChunkResult {
  const unable = sum.unable ?? part.unable;
  return {
    accepted: sum.accepted + part.accepted,
    duplicates: sum.duplicates + part.duplicates,
    rejected: [...sum.rejected, ...part.rejected],
    ...(unable && { unable }),
  };
}

/** Detections as people push and read them; the records below them are replicated by the weave. */
export class Detections {
  readonly #records: RecordsAccess;
  readonly #spaces: Spaces;
  readonly #clock: Clock;

  constructor(records: RecordsAccess, spaces: Spaces, clock: Clock) {
    this.#records = records;
    this.#spaces = spaces;
    this.#clock = clock;
  }

  get count(): number {
    return this.#records.view.count;
  }

  /**
   * Takes what is sound, names what is not, and resolves once all that was taken is durable here. Throws
   * `detections.items` (413) above `MAX_PUSH_ITEMS`; and, when nothing was taken because this node could not,
   * `store.full`, `detections.limit` (507), `store.busy` (429) or `store.failed` (500).
   */
  async push(items: readonly unknown[]): Promise<PushResult> {
    if (items.length > MAX_PUSH_ITEMS)
      throw new EdgeError('detections.items', `${items.length} items in one push; at most ${MAX_PUSH_ITEMS}.`, {
        status: 413,
        fix: 'Push them in several batches.',
      });
    const chunks: Promise<ChunkResult>[] = [];
    for (let at = 0; at < items.length; at += PUSH_CHUNK) {
      if (at > 0) await new Promise<void>((done) => void this.#clock.timer('push', 0, done));
      const chunk = this.#pushChunk(items.slice(at, at + PUSH_CHUNK), at);
      // Awaited below; a failure during the next pause must not count as unhandled.
      chunk.catch(() => undefined);
      chunks.push(chunk);
    }
    const { unable, ...result } = (await Promise.all(chunks)).reduce(sumOf, NOTHING);
    if (unable && result.accepted + result.duplicates === 0)
      throw new EdgeError(unable.code, unable.detail, {
        status: unable.status,
        fix: 'Push it again later; `edge-agent status` says how the storage is.',
      });
    return result;
  }

  /** Newest first. Throws `detections.limit.range`, `detections.cursor`, `detection.hash`. */
  list(query: DetectionQuery = {}): DetectionPage {
    checkFields(query, QUERY_FIELDS, 'detections.field');
    const { limit = PAGE_DEFAULT, cursor } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX)
      throw new EdgeError('detections.limit.range', `limit: must be a whole number from 1 to ${PAGE_MAX}.`);
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const wall = this.#clock.wall();
    const { type, node, sinceAt, untilAt } = query;
    const filter = {
      ...(type === undefined ? {} : { type }),
      ...(node === undefined ? {} : { node }),
      ...(sinceAt === undefined ? {} : { sinceMs: sinceAt }),
      ...(untilAt === undefined ? {} : { untilMs: untilAt }),
    };
    // One more than asked for tells whether there is another page.
    const found =
      query.hash === undefined
        ? this.#records.view.newest({ ...filter, limit: limit + 1, ...(after ? { after } : {}) }, wall)
        : this.#records.view
            .ofHash(this.#hash(query.hash), wall)
            .filter((record) => matches(record, query))
            .filter(
              (record) =>
                !after ||
                record.observedAt < after.observedAt ||
                (record.observedAt === after.observedAt && record.key > after.key),
            );
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return {
      detections: shown.map((record) => this.#detection(record)).filter((found) => found !== undefined),
      ...(last && found.length > limit ? { nextCursor: encodeCursor(last) } : {}),
    };
  }

  /** All authors' detections of a hash, newest first. Throws `detection.unknown` (404) or `detection.erased` (410). */
  get(hash: string): readonly Detection[] {
    const bytes = this.#hash(hash);
    const found = this.#live(bytes, hash).map((record) => this.#detection(record));
    const readable = found.filter((detection) => detection !== undefined);
    // The body goes from the store a moment before the columns hear of it: an erasure is under way.
    if (readable.length === 0) throw erased(hash);
    return readable;
  }

  /** Erases it on every node. Throws `detection.unknown` (404), `detection.erased` (410), or what the store says. */
  async erase(hash: string): Promise<{ readonly erased: number }> {
    const bytes = this.#hash(hash);
    this.#live(bytes, hash);
    const outcome = await this.#records.erase(bytes);
    if (outcome.outcome === 'refused') throw new EdgeError(outcome.code, outcome.detail, { status: outcome.status });
    return { erased: outcome.outcome === 'erased' ? outcome.count : 0 };
  }

  async #pushChunk(items: readonly unknown[], first: number): Promise<ChunkResult> {
    const rejected: ItemError[] = [];
    const drafts: RecordDraft[] = [];
    const indexes: number[] = [];
    const wall = this.#clock.wall();
    for (const [i, item] of items.entries()) {
      const draft = readDetection(item, this.#spaces, wall);
      if ('fault' in draft) rejected.push({ index: first + i, ...draft.fault });
      else {
        drafts.push(draft);
        indexes.push(first + i);
      }
    }
    const outcomes: readonly Outcome[] = drafts.length > 0 ? await this.#records.put(drafts) : [];
    let accepted = 0;
    let duplicates = 0;
    let unable: Refusal | undefined;
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.outcome === 'accepted') accepted += 1;
      else if (outcome.outcome === 'duplicate') duplicates += 1;
      else if (outcome.outcome === 'refused') {
        rejected.push({ index: indexes[i] as number, code: outcome.code, detail: outcome.detail });
        if (outcome.status >= 429) unable ??= outcome;
      }
    }
    rejected.sort((a, b) => a.index - b.index);
    return { accepted, duplicates, rejected, ...(unable && { unable }) };
  }

  #hash(hash: string): Uint8Array {
    const bytes = readHash(hash);
    if (!bytes) throw new EdgeError('detection.hash', 'hash: must be 16 to 128 hex digits (8 to 64 bytes).');
    return bytes;
  }

  #live(bytes: Uint8Array, hash: string): RecordSummary[] {
    const wall = this.#clock.wall();
    const found = this.#records.view.ofHash(bytes, wall);
    if (found.length > 0) return found;
    if (this.#records.view.isErased(bytes, wall)) throw erased(hash);
    throw new EdgeError('detection.unknown', `Detection ${hash} is not held here.`, {
      status: 404,
      fix: 'Check the hash; it may not have arrived yet, or have expired.',
    });
  }

  /** `undefined` when it went away between index and body. */
  #detection(summary: RecordSummary): Detection | undefined {
    const record = this.#records.view.read(summary.key);
    if (!record) return undefined;
    const { core } = record;
    const space = record.space === undefined ? undefined : (this.#spaces.byId(record.space)?.name ?? record.space);
    return {
      hash: toHex(core.hash),
      type: core.type,
      node: record.node,
      ...(space === undefined ? {} : { space }),
      metadata: parseMetadata(core.metadata) ?? {},
      observedAt: Number(core.observedAtMs),
      ...(core.purpose ? { purpose: core.purpose } : {}),
      expiresAt: Number(core.expiresAtMs),
      version: core.contentVersion,
      vector: record.vector,
    };
  }
}

const matches = (record: RecordSummary, { type, node, sinceAt, untilAt }: DetectionQuery): boolean =>
  (type === undefined || record.type === type) &&
  (node === undefined || record.node === node) &&
  (sinceAt === undefined || record.observedAt >= sinceAt) &&
  (untilAt === undefined || record.observedAt <= untilAt);

const erased = (hash: string): EdgeError =>
  new EdgeError('detection.erased', `Detection ${hash} was erased in the mesh.`, { status: 410 });
