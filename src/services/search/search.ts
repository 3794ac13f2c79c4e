import { toHex } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import type { MessageId } from '../../core/ids.js';
import type { Clock } from '../../ports/clock.js';
import type { Crypto } from '../../ports/crypto.js';
import { FrameType } from '../../wire/frame-types.js';
import type { FillingSource } from '../candidate-source.js';
import type { DeliveredMessage, MeshAccess } from '../mesh-access.js';
import type { Metadata } from '../metadata.js';
import type { RecordsAccess } from '../records-access.js';
import type { Spaces } from '../spaces.js';
import type { Found } from './found.js';
import { loadedWithin } from './loaded-within.js';
import { LocalSearch } from './local-search.js';
import { MeshSearch } from './mesh-search.js';
import { decodeAnswer, decodeScores } from './messages.js';
import { planOf, type SearchPlan, type SearchRequest } from './request.js';
import { Responder } from './responder.js';

/** Searches under way here; one more is refused with `search.busy` (429). */
export const MAX_SEARCHES = 64;
/** A search waits so long, and at most for half its time, for an index that still loads after a start. */
export const LOAD_WAIT_MS = 1_000;

export interface SearchResult {
  readonly hash: string;
  readonly type: string;
  readonly node: string;
  readonly score?: number;
  readonly scoredFrom?: 'exact' | 'int8';
  readonly observedAt: number;
  readonly metadata: Metadata;
}

export interface SearchAnswer {
  readonly results: readonly SearchResult[];
  readonly asked: number;
  readonly answered: number;
  readonly nodes: readonly { readonly nodeId: string; readonly answered: boolean }[];
  readonly tookMs: number;
  /** Below 1: of the vectors held here, only this share was compared, because the index still loads after a start. */
  readonly loaded?: number;
}

export interface SearchOptions {
  readonly mesh: MeshAccess;
  readonly records: RecordsAccess;
  readonly spaces: Spaces;
  readonly source: FillingSource;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly counted: (reason: string) => void;
}

/** Answers "have we seen this?", here or in the whole mesh, and what other nodes ask. */
export class Search {
  readonly #o: SearchOptions;
  readonly #local: LocalSearch;
  readonly #responder: Responder;
  readonly #stops: readonly (() => void)[];
  // By every message whose answer belongs to a search; bounded by the searches under way.
  readonly #open = new Map<MessageId, MeshSearch>();
  #running = 0;
  #counts = { local: 0, mesh: 0 };

  constructor(options: SearchOptions) {
    this.#o = options;
    const { mesh, records, source, clock } = options;
    this.#local = new LocalSearch(records.view, source, clock);
    this.#responder = new Responder({ ...options, view: records.view, local: this.#local });
    this.#stops = [
      mesh.onDelivered(FrameType.SearchAnswer, (message) => this.#answered(message)),
      mesh.onDelivered(FrameType.ScoreAnswer, (message) => this.#scored(message)),
    ];
  }

  /** Searches since the start, by scope. */
  counts(): { local: number; mesh: number } {
    return { ...this.#counts };
  }

  /** Throws `search.…` for a request that cannot be answered, `search.busy` (429) above `MAX_SEARCHES`. */
  async search(request: SearchRequest): Promise<SearchAnswer> {
    const { spaces, records, clock } = this.#o;
    const started = clock.now();
    const plan = planOf(request, spaces, records.view, clock.wall());
    if (this.#running >= MAX_SEARCHES)
      throw new EdgeError('search.busy', `${MAX_SEARCHES} searches are under way.`, {
        status: 429,
        fix: 'Try again in a moment.',
      });
    this.#running += 1;
    this.#counts[plan.scope] += 1;
    try {
      return await (plan.scope === 'mesh' ? this.#wide(plan, started) : this.#near(plan, started));
    } finally {
      this.#running -= 1;
    }
  }

  close(): void {
    this.#responder.close();
    for (const stop of this.#stops) stop();
  }

  async #near(plan: SearchPlan, started: number): Promise<SearchAnswer> {
    const { mesh, clock } = this.#o;
    const { found, loaded } = await this.#own(plan, plan.k);
    return {
      results: found.map((one) => resultOf(one, plan)),
      asked: 1,
      answered: 1,
      nodes: [{ nodeId: mesh.self, answered: true }],
      tookMs: toMicroseconds(clock.now() - started),
      ...loaded,
    };
  }

  async #wide(plan: SearchPlan, started: number): Promise<SearchAnswer> {
    const { mesh, clock, records } = this.#o;
    const ids: MessageId[] = [];
    const own = this.#own(plan);
    const local = own.then(({ found }) => found);
    // Awaited by the search; should that fail first, this must not count as unhandled.
    local.catch(() => undefined);
    const search: MeshSearch = new MeshSearch({
      mesh,
      clock,
      plan,
      local,
      isErased: (hash) => records.view.isErased(hash, clock.wall()),
      opened: (id) => {
        ids.push(id);
        this.#open.set(id, search);
      },
    });
    try {
      const { found, asked, answered } = await search.run();
      return {
        results: found.slice(0, plan.k).map((one) => resultOf(one, plan)),
        asked: asked.length,
        answered: answered.size,
        nodes: asked.map((nodeId) => ({ nodeId, answered: answered.has(nodeId) })),
        tookMs: toMicroseconds(clock.now() - started),
        ...(await own).loaded,
      };
    } finally {
      for (const id of ids) this.#open.delete(id);
    }
  }

  async #own({ query, filter, k, timeoutMs }: SearchPlan, most?: number): Promise<OwnPart> {
    if (!query) return { found: this.#local.newest(filter, k), loaded: {} };
    const { source, clock } = this.#o;
    const share = source.loaded < 1 ? await loadedWithin(source, clock, Math.min(LOAD_WAIT_MS, timeoutMs / 2)) : 1;
    const options = { rescore: true, ...(most !== undefined && { most }) };
    const found = await this.#local.candidates(query, filter, k, options);
    return { found, loaded: share < 1 ? { loaded: share } : {} };
  }

  #answered({ source, body }: DeliveredMessage): void {
    const answer = decodeAnswer(body, this.#o.crypto);
    if (!answer) {
      this.#o.counted('search.malformed');
      return;
    }
    if (answer.unsound > 0) this.#o.counted('search.unsound');
    if (!this.#open.get(answer.query as MessageId)?.answer(source, answer.found)) this.#o.counted('search.late');
  }

  #scored({ source, body }: DeliveredMessage): void {
    const answer = decodeScores(body);
    if (!answer) {
      this.#o.counted('search.malformed');
      return;
    }
    const id = answer.request as MessageId;
    if (!this.#open.get(id)?.scores(id, source, answer.scores)) this.#o.counted('search.late');
  }
}

/** What is found here, and what the answer has to say of it. */
interface OwnPart {
  readonly found: readonly Found[];
  readonly loaded: Pick<SearchAnswer, 'loaded'>;
}

const resultOf = (
  { hash, type, node, score, scoredFrom, observedAt, metadata }: Found,
  { query }: SearchPlan,
): SearchResult => ({
  hash: toHex(hash),
  type,
  node,
  ...(score === undefined ? {} : { score }),
  ...(scoredFrom === undefined ? {} : { scoredFrom: query?.fromInt8 ? 'int8' : scoredFrom }),
  observedAt,
  metadata,
});

/** Finer than a clock of a browser or a person tells. */
const toMicroseconds = (ms: number): number => Math.round(ms * 1_000) / 1_000;
