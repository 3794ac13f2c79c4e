import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { SearchHits } from '../../ports/hot-path.js';
import type { RecordSummary } from '../../replication/effects.js';
import type { RecordKey } from '../../replication/keys.js';
import type { WeaveView } from '../../replication/view.js';
import type { CandidateSource } from '../candidate-source.js';
import { parseMetadata } from '../metadata.js';
import { readLittleEndian, type Space } from '../spaces.js';
import { cosine } from '../vectors.js';
import { byRank, type Found, marginOf, passes, passesColumns, type Ranked, reachOf } from './found.js';
import type { Filter } from './request.js';

/** Hits asked for first: few more than are wanted are near ties, and the index is quicker for few. */
const poolFor = (k: number): number => Math.max(2 * k + 4, 16);
/** The same where the metadata of each is looked at. */
const lookedAtFor = (k: number): number => Math.max(4 * k, 64);
const WIDER = 4;
/** How far the pool widens for near ties of the k-th best; a metadata filter may widen it to all there is. */
const MAX_POOL = 8_192;
const NEWEST_PAGE = 500;

interface LocalQuery {
  readonly space: Space;
  readonly vector: Float32Array;
}

/** A hit of the index that passes the filter. */
interface Scored extends Ranked {
  readonly summary: RecordSummary;
  readonly score: number;
  readonly scoredFrom: 'exact' | 'int8';
}

/** Search among what is held here. */
export class LocalSearch {
  readonly #view: WeaveView;
  readonly #source: CandidateSource;
  readonly #clock: Clock;
  /** Where the exact vector of the detection at hand is put. */
  #exact = new Float32Array(0);

  constructor(view: WeaveView, source: CandidateSource, clock: Clock) {
    this.#view = view;
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * The `k` best, and everyone so close behind that exact vectors elsewhere may put it among them; best first, the first
   * `most` of them. `rescore`: by exact scores where the vectors are held here.
   */
  async candidates(
    query: LocalQuery,
    filter: Filter,
    k: number,
    { rescore = false, most = MAX_POOL } = {},
  ): Promise<Found[]> {
    let matched = await this.#matched(query, filter, k);
    for (;;) {
      const gone = new Set<RecordKey>();
      const found: Found[] = [];
      // Bodies are read of those that are told, no others.
      for (const one of this.#near(matched, query, k, rescore)) {
        const told = this.#told(one);
        if (told) found.push(told);
        else gone.add(one.key);
        if (found.length >= most) break;
      }
      if (gone.size === 0 || found.length >= Math.min(k, most)) return found;
      // A body goes from the store a moment before the columns hear of it; then others are among the best.
      matched = matched.filter(({ key }) => !gone.has(key));
    }
  }

  /** The newest, without comparing anything. */
  newest(filter: Filter, k: number): Found[] {
    const found: Found[] = [];
    let after: RecordSummary | undefined;
    const { metadata: _, ...columns } = filter;
    for (;;) {
      const limit = filter.metadata ? NEWEST_PAGE : k;
      const page = this.#view.newest({ ...columns, limit, ...(after ? { after } : {}) }, this.#clock.wall());
      for (const record of page) {
        const one = this.#load(record);
        if (one && passes(one, filter)) found.push(one);
        if (found.length === k) return found;
      }
      after = page.at(-1);
      if (page.length < limit) return found;
    }
  }

  /** Cosine of a query with the exact vector of an own detection, or `undefined`. */
  exactScore(key: RecordKey, query: LocalQuery): number | undefined {
    const record = this.#view.find(key, this.#clock.wall());
    return record?.space === query.space.id ? this.#exactly(key, query) : undefined;
  }

  async #matched(query: LocalQuery, filter: Filter, k: number): Promise<Scored[]> {
    const numbers = this.#numbers(filter);
    if (!numbers) return [];
    const matched: Scored[] = [];
    const seen = new Set<RecordKey>();
    const margin = marginOf(query.vector);
    const first = filter.metadata ? lookedAtFor(k) : poolFor(k);
    for (let pool = first; ; pool *= WIDER) {
      const size = this.#source.size(query.space);
      const hits = await this.#hits(query, { ...numbers, k: Math.min(pool, Math.max(size, 1)) });
      // What an earlier, smaller pool gave need not be read again; a larger one may find others among these.
      for (const [at, key] of hits.keys.entries()) {
        if (seen.has(key)) continue;
        seen.add(key);
        const one = this.#hit(hits, at, filter);
        if (one) matched.push(one);
      }
      if (hits.keys.length < pool || pool >= size) return matched;
      if ((hits.scores.at(-1) as number) < reachOf(matched, k, margin)) return matched;
      if (pool >= MAX_POOL && matched.length >= k) return matched;
    }
  }

  /** Those that may be among the `k` best; best first, by exact scores where `rescore` is set and the vectors are here. */
  #near(matched: readonly Scored[], query: LocalQuery, k: number, rescore: boolean): Scored[] {
    const reach = reachOf(matched, k, marginOf(query.vector));
    const near = matched.filter(({ score }) => score >= reach);
    return (rescore ? near.map((one) => this.#rescored(one, query)) : near).sort(byRank);
  }

  async #hits(query: LocalQuery, options: { readonly k: number }): Promise<SearchHits> {
    try {
      return await this.#source.search(query.space, query.vector, options);
    } catch (error) {
      throw error instanceof EdgeError
        ? error
        : new EdgeError('search.failed', String(error), { status: 500, cause: error });
    }
  }

  /** The filter as the index has it; `undefined` when nothing here can match. */
  #numbers(filter: Filter) {
    const type = filter.type === undefined ? undefined : this.#view.typeNumber(filter.type);
    const node = filter.node === undefined ? undefined : this.#view.nodeNumber(filter.node);
    if (filter.type !== undefined && type === undefined) return undefined;
    if (filter.node !== undefined && node === undefined) return undefined;
    return {
      ...(type === undefined ? {} : { type }),
      ...(node === undefined ? {} : { node }),
      ...(filter.sinceMs === undefined ? {} : { sinceMs: filter.sinceMs }),
      ...(filter.untilMs === undefined ? {} : { untilMs: filter.untilMs }),
    };
  }

  #hit(hits: SearchHits, at: number, filter: Filter): Scored | undefined {
    const summary = this.#view.find(hits.keys[at] as bigint, this.#clock.wall());
    if (!summary || !passesColumns(summary, filter)) return undefined;
    if (filter.metadata) {
      const body = this.#load(summary);
      if (!body || !passes(body, filter)) return undefined;
    }
    const { key, observedAt } = summary;
    const scoredFrom = hits.exact[at] === 1 ? 'exact' : 'int8';
    return { key, observedAt, summary, score: hits.scores[at] as number, scoredFrom };
  }

  /** With its body from the store; `undefined` when that went away meanwhile. */
  #load({ key, type, node, observedAt }: RecordSummary): Omit<Found, 'score' | 'scoredFrom'> | undefined {
    const content = this.#view.content(key);
    if (!content) return undefined;
    return { key, hash: content.hash, type, node, observedAt, metadata: parseMetadata(content.metadata) ?? {} };
  }

  #told(one: Scored): Found | undefined {
    const body = this.#load(one.summary);
    return body && { ...body, score: one.score, scoredFrom: one.scoredFrom };
  }

  #rescored(one: Scored, query: LocalQuery): Scored {
    if (one.scoredFrom === 'exact' || one.summary.vector !== 'exact') return one;
    const score = this.#exactly(one.key, query);
    return score === undefined ? one : { ...one, score, scoredFrom: 'exact' };
  }

  #exactly(key: RecordKey, query: LocalQuery): number | undefined {
    const { dimension } = query.space;
    if (this.#exact.length !== dimension) this.#exact = new Float32Array(dimension);
    const vector = this.#exact;
    return this.#view.exact(key, (bytes) => {
      if (bytes.length !== dimension * Float32Array.BYTES_PER_ELEMENT) return undefined;
      readLittleEndian(bytes, vector);
      return cosine(query.vector, vector);
    });
  }
}
