import type { MessageId, NodeId } from '../../core/ids.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { RecordKey } from '../../replication/keys.js';
import { FrameType, Priority } from '../../wire/frame-types.js';
import type { MeshAccess } from '../mesh-access.js';
import { littleEndian } from '../spaces.js';
import { byRank, type Found, marginOf, passes, reachOf } from './found.js';
import { encodeQuery, encodeScoreRequest, MAX_SCORED_HASHES } from './messages.js';
import type { SearchPlan } from './request.js';

/** Share of the time for the first answers; the rest is for exact scores. */
const FIRST_SHARE = 0.6;
/** Candidates whose exact scores are asked for in all; the best first. */
const MAX_RESCORED = 1_024;

export interface MeshSearchOptions {
  readonly mesh: MeshAccess;
  readonly clock: Clock;
  readonly plan: SearchPlan;
  /** What is found here, with exact scores where this node is the origin. */
  readonly local: Promise<readonly Found[]>;
  /** Whether a detection is known here to have been erased. */
  readonly isErased: (hash: Uint8Array) => boolean;
  /** Called before anything is sent, so that no answer can come first. */
  readonly opened: (id: MessageId) => void;
}

interface MeshFindings {
  readonly found: readonly Found[];
  readonly asked: readonly NodeId[];
  readonly answered: ReadonlySet<NodeId>;
}

/**
 * One question to everybody. First all nodes name candidates by coarse scores; then the authors of those near the
 * top score them by the exact query. At the deadline what is there is the answer.
 */
export class MeshSearch {
  readonly #o: MeshSearchOptions;
  readonly #asked: readonly NodeId[];
  readonly #answered = new Set<NodeId>();
  readonly #found = new Map<RecordKey, Found>();
  readonly #scoring = new Map<MessageId, { readonly author: NodeId; readonly keys: readonly RecordKey[] }>();
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;

  constructor(options: MeshSearchOptions) {
    this.#o = options;
    this.#asked = [...new Set([options.mesh.self, ...options.mesh.members()])];
  }

  async run(): Promise<MeshFindings> {
    const { mesh, clock, plan, local, opened } = this.#o;
    const end = clock.now() + plan.timeoutMs;
    if (this.#asked.length > 1)
      mesh.broadcast(FrameType.SearchQuery, encodeQuery(plan), { priority: Priority.Medium }, opened);
    // The own part is awaited in any case: it needs no one else.
    this.#merge(await local);
    this.#answered.add(mesh.self);
    const firstEnd = plan.query ? clock.now() + (end - clock.now()) * FIRST_SHARE : end;
    await this.#until(firstEnd, () => this.#answered.size === this.#asked.length);
    this.#askAuthors();
    await this.#until(end, () => this.#scoring.size === 0);
    return { found: [...this.#found.values()].sort(byRank), asked: this.#asked, answered: this.#answered };
  }

  /** A node's candidates. False for one that was not asked, or has answered. */
  answer(source: NodeId, found: readonly Found[]): boolean {
    if (!this.#asked.includes(source) || this.#answered.has(source)) return false;
    this.#answered.add(source);
    const { plan, isErased } = this.#o;
    const wanted = found.filter(
      (one) => passes(one, plan.filter) && (one.score !== undefined) === (plan.query !== undefined),
    );
    this.#merge(wanted.filter(({ hash }) => !isErased(hash)));
    this.#wake?.();
    return true;
  }

  /** An author's exact scores. False when they were not asked of it. */
  scores(request: MessageId, source: NodeId, scores: readonly number[]): boolean {
    const asked = this.#scoring.get(request);
    if (asked?.author !== source || scores.length !== asked.keys.length) return false;
    this.#scoring.delete(request);
    for (const [i, key] of asked.keys.entries()) {
      const score = scores[i] as number;
      const found = this.#found.get(key);
      if (found && Math.abs(score) <= 1 + 1e-6) this.#found.set(key, { ...found, score, scoredFrom: 'exact' });
    }
    this.#wake?.();
    return true;
  }

  /** One entry a detection: an exact score is never replaced, and its author knows it best. */
  #merge(found: readonly Found[]): void {
    for (const one of found) {
      const known = this.#found.get(one.key);
      if (!known || isBetter(one, known)) this.#found.set(one.key, one);
    }
  }

  #askAuthors(): void {
    const { mesh, plan, opened } = this.#o;
    const { query } = plan;
    if (!query) return;
    const all = [...this.#found.values()].sort(byRank);
    const reach = reachOf(all, plan.k, marginOf(query.vector));
    const byAuthor = new Map<NodeId, Found[]>();
    for (const one of all.slice(0, MAX_RESCORED)) {
      if ((one.score as number) < reach || one.scoredFrom === 'exact') continue;
      if (one.node === mesh.self || !this.#asked.includes(one.node)) continue;
      const list = byAuthor.get(one.node);
      if (list) list.push(one);
      else byAuthor.set(one.node, [one]);
    }
    const exact = littleEndian(query.vector);
    for (const [author, list] of byAuthor)
      for (let at = 0; at < list.length; at += MAX_SCORED_HASHES) {
        const part = list.slice(at, at + MAX_SCORED_HASHES);
        const hashes = part.map(({ hash }) => hash);
        const body = encodeScoreRequest(query.space.id, exact, hashes);
        mesh.send(author, FrameType.ScoreRequest, body, { priority: Priority.Medium, ack: true }, (id) => {
          this.#scoring.set(id, { author, keys: part.map(({ key }) => key) });
          opened(id);
        });
      }
  }

  /** Resolves when `done` holds, or at `end`. */
  async #until(end: number, done: () => boolean): Promise<void> {
    const { clock } = this.#o;
    while (!done() && clock.now() < end)
      await new Promise<void>((wake) => {
        this.#wake = wake;
        this.#timer = clock.timer('search', end - clock.now(), wake);
      }).finally(() => {
        this.#timer?.cancel();
        this.#wake = undefined;
      });
  }
}

/** An exact score beats any other, whichever came first; of two others the newer content counts. */
const isBetter = (one: Found, known: Found): boolean =>
  known.scoredFrom !== 'exact' && (one.scoredFrom === 'exact' || one.observedAt > known.observedAt);
