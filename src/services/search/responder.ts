import { toHex } from '../../core/bytes.js';
import type { Clock } from '../../ports/clock.js';
import type { Crypto } from '../../ports/crypto.js';
import type { WeaveView } from '../../replication/view.js';
import { FrameType, Priority } from '../../wire/frame-types.js';
import type { FillingSource } from '../candidate-source.js';
import type { DeliveredMessage, MeshAccess } from '../mesh-access.js';
import { fromLittleEndian, type Spaces } from '../spaces.js';
import { loadedWithin } from './loaded-within.js';
import type { LocalSearch } from './local-search.js';
import { decodeQuery, decodeScoreRequest, encodeAnswer, encodeFault, encodeScores } from './messages.js';
import { TIMEOUT_DEFAULT_MS } from './request.js';

/** Queries of others being answered; one more is told `search.busy`. */
const MAX_ANSWERING = 32;

/** Candidates of one answer: the near ties of a dense crowd must not fill the air. */
const answerLimit = (k: number): number => 4 * k + 32;

export interface ResponderOptions {
  readonly mesh: MeshAccess;
  readonly view: WeaveView;
  readonly spaces: Spaces;
  readonly local: LocalSearch;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly source: FillingSource;
  readonly counted: (reason: string) => void;
}

/** Answers what other nodes ask. */
export class Responder {
  readonly #o: ResponderOptions;
  readonly #stops: readonly (() => void)[];
  #answering = 0;

  constructor(options: ResponderOptions) {
    this.#o = options;
    const { mesh } = options;
    this.#stops = [
      mesh.onDelivered(FrameType.SearchQuery, (message) => void this.#answer(message)),
      mesh.onDelivered(FrameType.ScoreRequest, (message) => this.#score(message)),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  async #answer({ id, source, body }: DeliveredMessage): Promise<void> {
    const { mesh, spaces, local, counted, clock, source: index } = this.#o;
    if (source === mesh.self) return;
    const plan = decodeQuery(body, spaces);
    if (plan === 'malformed') {
      counted('search.malformed');
      return;
    }
    const timeoutMs = plan === 'space' ? TIMEOUT_DEFAULT_MS : Math.max(plan.timeoutMs, 1);
    const reply = (answer: Uint8Array): void =>
      void mesh.send(source, FrameType.SearchAnswer, answer, { priority: Priority.Medium, ack: true, timeoutMs });
    if (plan === 'space') {
      reply(encodeFault(id, 'detection.space'));
      return;
    }
    if (this.#answering >= MAX_ANSWERING) {
      counted('search.busy');
      reply(encodeFault(id, 'search.busy'));
      return;
    }
    this.#answering += 1;
    try {
      const { query, filter, k } = plan;
      // An answer cannot say that it is a part of one: who asked sees this node as one that has not answered.
      if (query && index.loaded < 1 && (await loadedWithin(index, clock, timeoutMs)) < 1) {
        counted('search.loading');
        return;
      }
      const found = query
        ? await local.candidates(query, filter, k, { most: answerLimit(k) })
        : local.newest(filter, k);
      reply(encodeAnswer(id, found));
    } catch {
      counted('search.failed');
      reply(encodeFault(id, 'search.failed'));
    } finally {
      this.#answering -= 1;
    }
  }

  /** Exact cosines of own detections; NaN for what this node has no exact vector of. */
  #score({ id, source, body }: DeliveredMessage): void {
    const { mesh, view, spaces, local, counted } = this.#o;
    const request = decodeScoreRequest(body);
    const space = request && spaces.byId(toHex(request.space));
    const vector = space && fromLittleEndian(request.exact, space.dimension);
    if (!request || !space || !vector?.every(Number.isFinite)) {
      counted('search.malformed');
      return;
    }
    const scores = request.hashes.map(
      (hash) => local.exactScore(view.keyOf(mesh.self, hash), { space, vector }) ?? Number.NaN,
    );
    mesh.send(source, FrameType.ScoreAnswer, encodeScores(id, scores), { priority: Priority.Medium, ack: true });
  }
}
