import { toHex } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import { type NodeId, parseNodeId } from '../../core/ids.js';
import { checkFields } from '../../core/known-fields.js';
import { DEFAULT_TTL } from '../../core/limits.js';
import type { TraceReport, TraceStep } from '../../mesh/trace-steps.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Crypto } from '../../ports/crypto.js';
import { type TracePath, type TraceRequest, type TraceResult, tracePath } from './path.js';
import type { TraceMesh } from './trace-mesh.js';
import { type Leg, Way } from './way.js';

const TIMEOUT_DEFAULT_MS = 5_000;
const TRACE_TIMEOUT_MAX_MS = 60_000;
/** Probes one after the other, over one way, until one comes through. */
const PROBES = 3;
/** The destination, or the last node, has answered; those on the way that have not yet are waited for so long. */
const GRACE_MS = 500;
const LAST_MS = 20;
/** A node on the way back that was not met on the way there is waited for so long. */
const BACK_MS = 1_000;
/** Traces under way; a further one is refused (`trace.busy`). */
const TRACES_MAX = 16;
/** Ways tried by `all`. */
const WAYS_MAX = 4;
const TOKEN_BYTES = 8;

interface Found {
  readonly way: Way;
  readonly probes: number;
}

/** Finds out which way a message takes, by probes, and puts what the nodes say together. */
export class Tracer {
  readonly #mesh: TraceMesh;
  readonly #clock: Clock;
  readonly #crypto: Crypto;
  readonly #listening = new Map<string, (report: TraceReport) => void>();
  readonly #underWay = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #traces = 0;
  #isClosed = false;

  constructor(mesh: TraceMesh, clock: Clock, crypto: Crypto) {
    this.#mesh = mesh;
    this.#clock = clock;
    this.#crypto = crypto;
    this.#unsubscribe = mesh.onTrace((token, report) => this.#listening.get(token)?.(report));
  }

  /** What is under way ends with what is known. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const end of [...this.#underWay]) end();
  }

  /** Throws `trace.field`, `trace.to`, `trace.self`, `peer.unknown` (404), `trace.timeout` or `trace.busy` (429). */
  async trace(request: TraceRequest): Promise<TraceResult> {
    checkFields(request, ['to', 'timeoutMs', 'all'], 'trace.field');
    const { to: text, timeoutMs = TIMEOUT_DEFAULT_MS, all = false } = request;
    const to = this.#destination(text);
    if (!(timeoutMs >= 1 && timeoutMs <= TRACE_TIMEOUT_MAX_MS)) {
      throw new EdgeError('trace.timeout', `timeoutMs is 1 to ${TRACE_TIMEOUT_MAX_MS}, not ${timeoutMs}`, {
        fix: 'give milliseconds in that range',
      });
    }
    if (this.#traces >= TRACES_MAX) {
      throw new EdgeError('trace.busy', `${TRACES_MAX} traces are under way`, { status: 429, fix: 'try again later' });
    }
    this.#traces++;
    try {
      const alternatives = all ? this.#mesh.waysTo(to).slice(1, WAYS_MAX) : [];
      const until = this.#clock.now() + timeoutMs;
      const [path, ...further] = await Promise.all([
        this.#path(to, undefined, until),
        ...alternatives.map((via) => this.#path(to, via, until)),
      ]);
      return { ...path, ...(all && { alternatives: further }) };
    } finally {
      this.#traces--;
    }
  }

  #destination(text: string): NodeId {
    const to = parseNodeId(text);
    if (!to) throw new EdgeError('trace.to', `"${text.slice(0, 64)}" is not a node id`, { fix: 'give 16 hex digits' });
    if (to === this.#mesh.self) {
      throw new EdgeError('trace.self', 'no way leads from a node to itself', { fix: 'name another node' });
    }
    if (this.#mesh.knows(to)) return to;
    throw new EdgeError('peer.unknown', `node ${to} was never heard of here`, {
      status: 404,
      fix: 'see `edge-agent peers`',
    });
  }

  async #path(to: NodeId, via: NodeId | undefined, until: number): Promise<TracePath> {
    const startedAt = this.#clock.now();
    const { way, probes } = await this.#there(to, via, until);
    const back = way.reached ? await this.#back(to, way, until) : undefined;
    return tracePath(this.#mesh, {
      to,
      way,
      probes,
      ...(back && { back }),
      tookMs: this.#clock.now() - startedAt,
    });
  }

  /** Probes until one arrives, or time is over; the one that came furthest tells. */
  async #there(to: NodeId, via: NodeId | undefined, until: number): Promise<Found> {
    let best = new Way(to);
    for (let probes = 1; ; probes++) {
      const left = until - this.#clock.now();
      const way = await this.#probe(to, via, probes < PROBES ? left / (PROBES - probes + 1) : left);
      if (way.reached || way.length >= best.length) best = way;
      const isOver = best.isOver || probes >= PROBES || this.#clock.now() >= until || this.#isClosed;
      if (isOver) return { way: best, probes };
    }
  }

  /** One probe: until it has come to its end, or so long. */
  #probe(to: NodeId, via: NodeId | undefined, ms: number): Promise<Way> {
    const token = toHex(this.#crypto.randomBytes(TOKEN_BYTES));
    const way = new Way(to);
    const startedAt = this.#clock.now();
    return new Promise((resolve) => {
      let grace: Timer | undefined;
      let isLate = false;
      const end = (): void => {
        timer.cancel();
        grace?.cancel();
        this.#listening.delete(token);
        this.#underWay.delete(end);
        resolve(way);
      };
      // On a device that stood still answers may be there and not read yet.
      const last = (): void => {
        isLate = true;
        grace ??= this.#clock.timer('trace', LAST_MS, end);
      };
      const timer = this.#clock.timer('trace', Math.max(1, ms), last);
      this.#underWay.add(end);
      this.#listening.set(token, (report) => {
        way.add(report, this.#clock.now() - startedAt);
        if (way.isWhole) return end();
        if (!way.isOver && !isLate) {
          grace?.cancel();
          grace = undefined;
        } else grace ??= this.#clock.timer('trace', GRACE_MS, end);
      });
      this.#mesh.probe(token, to, via);
    });
  }

  /** The way from there to this node, where it is another: each node is asked where it sends what is for this one. */
  async #back(from: NodeId, way: Way, until: number): Promise<Leg[] | undefined> {
    const known = way.backSteps();
    const there = [this.#mesh.self, ...way.legs().map(({ node }) => node)];
    const legs: Leg[] = [];
    const seen = new Set<NodeId>();
    for (let node = from; node !== this.#mesh.self; ) {
      if (seen.has(node) || legs.length > DEFAULT_TTL) break;
      seen.add(node);
      const step = known.get(node) ?? (await this.#askBack(node, until));
      if (!step) break;
      legs.push({ node: step.node, step, answered: known.has(step.node) || step.node === this.#mesh.self });
      node = step.node;
    }
    // As far as it is known, which may be not to its end.
    const isSame = legs.every(({ node }, i) => node === there.at(-2 - i));
    return isSame ? undefined : legs;
  }

  async #askBack(node: NodeId, until: number): Promise<TraceStep | undefined> {
    const left = Math.min(BACK_MS, until - this.#clock.now());
    if (left <= 0 || this.#isClosed) return undefined;
    return (await this.#probe(node, undefined, left)).backSteps().get(node);
  }
}
