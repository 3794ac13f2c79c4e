import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { SearchHits } from '../../ports/hot-path.js';
import type { RecordSummary } from '../../replication/effects.js';
import type { RecordKey } from '../../replication/keys.js';
import type { WeaveView } from '../../replication/view.js';
import type { CandidateSource } from '../candidate-source.js';
import { parseMetadata } from '../metadata.js';
import { fromLittleEndian, type Space } from '../spaces.js';
import { cosine } from '../vectors.js';
import { byRank, type Found, passes, reachOf } from './found.js';
import type { Filter } from './request.js';

const MIN_POOL = 64;
/** How far the pool widens for near ties of the k-th best; a metadata filter may widen it to all there is. */
export const MAX_POOL = 8_192;
const NEWEST_PAGE = 500;

export interface LocalQuery {
  readonly space: Space;
  readonly vector: Float32Array;
}

/** Search among what is held here. */
export class LocalSearch {
  readonly #view: WeaveView;
  readonly #source: CandidateSource;
  readonly #clock: Clock;

  constructor(view: WeaveView, source: CandidateSource, clock: Clock) {
    this.#view = view;
    this.#source = source;
    this.#clock = clock;
  }

  /** The `k` best, and everyone so close behind that exact vectors elsewhere may put it among them; best first. */
  async candidates(query: LocalQuery, filter: Filter, k: number, rescore: boolean): Promise<Found[]> {
    const matched = await this.#matched(query, filter, k);
    const reach = reachOf(
      matched.map(({ score }) => score as number),
      k,
    );
    const near = matched.filter(({ score }) => (score as number) >= reach);
    return (rescore ? near.map((found) => this.#rescored(found, query)) : near).sort(byRank);
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
    if (record?.space !== query.space.id) return undefined;
    const exact = this.#view.readExact(key);
    const vector = exact && fromLittleEndian(exact, query.space.dimension);
    return vector && cosine(query.vector, vector);
  }

  async #matched(query: LocalQuery, filter: Filter, k: number): Promise<Found[]> {
    const numbers = this.#numbers(filter);
    if (!numbers) return [];
    const matched: Found[] = [];
    const seen = new Set<RecordKey>();
    for (let pool = Math.max(4 * k, MIN_POOL); ; pool *= 4) {
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
      const reach = reachOf(
        matched.map(({ score }) => score as number),
        k,
      );
      if ((hits.scores.at(-1) as number) < reach) return matched;
      if (pool >= MAX_POOL && matched.length >= k) return matched;
    }
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

  #hit(hits: SearchHits, at: number, filter: Filter): Found | undefined {
    const record = this.#view.find(hits.keys[at] as bigint, this.#clock.wall());
    const found = record && this.#load(record);
    if (!found || !passes(found, filter)) return undefined;
    return { ...found, score: hits.scores[at] as number, scoredFrom: hits.exact[at] === 1 ? 'exact' : 'int8' };
  }

  #load(summary: RecordSummary): Found | undefined {
    const record = this.#view.read(summary.key);
    if (!record) return undefined;
    return {
      key: record.key,
      hash: record.core.hash,
      type: record.type,
      node: record.node,
      observedAt: record.observedAt,
      metadata: parseMetadata(record.core.metadata) ?? {},
    };
  }

  #rescored(found: Found, query: LocalQuery): Found {
    if (found.scoredFrom === 'exact') return found;
    const score = this.exactScore(found.key, query);
    return score === undefined ? found : { ...found, score, scoredFrom: 'exact' };
  }
}
