// biome-ignore-start lint/style/noRestrictedImports: types and names of the contract this stands in for
import type {
  AgentApi,
  AgentEventName,
  AgentEvents,
  Alert,
  AlertInput,
  AlertPage,
  Detection,
  DetectionInput,
  DetectionPage,
  DetectionQuery,
  ItemError,
  ManualPeer,
  MessageInput,
  NodeFieldsPatch,
  NodeState,
  Peer,
  PushResult,
  QueryAnswer,
  SearchAnswer,
  SearchRequest,
  Status,
  WaitingAddress,
} from '../agent/contract.js';
import type { PinOptions, RouteView, TraceRequest, TraceResult } from '../agent/routes-contract.js';
import type { Statistics } from '../agent/statistics-contract.js';
import type { MessageStory } from '../agent/story-contract.js';
// biome-ignore-end lint/style/noRestrictedImports: types and names of the contract this stands in for
import { EdgeError } from '../core/errors.js';

export const FAKE_NODE = 'a1b2c3d4e5f60718';
export const FAKE_PEER = '0102030405060708';
const STARTED_AT = 1_790_000_000_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * An agent in memory for tests of the faces: it keeps what it is given and answers in the contract's shapes. Its
 * validation is only as deep as a face needs to see errors come through. Everything in `world` may be changed.
 */
export class FakeAgent implements AgentApi {
  readonly nodeId = FAKE_NODE;
  readonly world: {
    status: Mutable<Status>;
    statistics: Statistics;
    peers: Peer[];
    addresses: WaitingAddress[];
    routes: RouteView[];
    now: number;
  };
  /** What the faces passed on, newest last. */
  readonly calls: { readonly what: string; readonly with: unknown }[] = [];
  readonly #listeners = new Map<AgentEventName, Set<(payload: never) => void>>();
  readonly #stored = new Map<string, Detection>();
  readonly #erased = new Set<string>();
  readonly #alerts: Alert[] = [];
  readonly #messages = new Map<string, MessageStory>();
  #state: NodeState = { version: 1, updatedAt: STARTED_AT, condition: 'active', fps: 24, battery: 81 };
  #nextId = 1;

  constructor() {
    this.world = {
      status: statusOf(),
      statistics: statisticsOf(),
      peers: [peerOf()],
      addresses: [],
      routes: [routeOf()],
      now: STARTED_AT + 5_000,
    };
  }

  status(): Status {
    return { ...this.world.status, detections: { count: this.#stored.size } };
  }

  statistics(): Statistics {
    return this.world.statistics;
  }

  peers(): readonly Peer[] {
    return this.world.peers;
  }

  addresses(): readonly WaitingAddress[] {
    return this.world.addresses;
  }

  async addPeer(peer: ManualPeer): Promise<void> {
    this.#note('addPeer', peer);
    if (peer.host === 'nowhere.invalid') throw new EdgeError('peer.host', `${peer.host} is not known`);
  }

  removePeer(nodeId: string): boolean {
    const before = this.world.addresses.length;
    this.world.addresses = this.world.addresses.filter(({ address }) => address !== nodeId);
    if (this.world.addresses.length < before) return true;
    const at = this.world.peers.findIndex((peer) => peer.nodeId === nodeId);
    if (at === -1) return false;
    this.world.peers.splice(at, 1);
    return true;
  }

  routes(): readonly RouteView[] {
    return this.world.routes;
  }

  setRoute(destination: string, nextHop: string | null, { cost }: PinOptions = {}): void {
    this.#note('setRoute', { destination, nextHop, ...(cost !== undefined && { cost }) });
    this.world.routes = this.world.routes.filter((route) => route.destination !== destination);
    if (nextHop === null) return;
    const pin = { nextHop, ...(cost !== undefined && { cost }) };
    this.world.routes.push({ ...routeOf(), destination, nextHop, expiresAt: 0, pinned: true, pin });
  }

  async trace(request: TraceRequest): Promise<TraceResult> {
    this.#note('trace', request);
    if (request.to === this.nodeId) throw new EdgeError('trace.self', 'no way leads from a node to itself');
    const far = '0a0b0c0d0e0f1011';
    const first = { hop: 1, nodeId: FAKE_PEER, name: 'tower', radio: 'udp', rttMs: 1.4, cost: 12, etx: 1.04 };
    const path = {
      to: request.to,
      name: '',
      tookMs: 12,
      probes: 1,
      cost: 12,
      hops: [{ ...first, answered: true, tookMs: 2 }],
    };
    if (request.to === FAKE_PEER) return { ...path, name: 'tower', reached: true };
    return {
      ...path,
      reached: false,
      stop: {
        nodeId: FAKE_PEER,
        name: 'tower',
        code: 'trace.silent',
        detail: `no answer beyond tower, which sends on to ${far} over ble`,
        fix: `try: edge-agent trace ${far}`,
        next: { nodeId: far, name: '', radio: 'ble', lastSeenAt: STARTED_AT },
      },
    };
  }

  state(): { readonly nodes: { readonly [nodeId: string]: NodeState } } {
    const others = this.world.peers.flatMap((peer) =>
      peer.state === null ? [] : [[peer.nodeId, peer.state] as const],
    );
    return { nodes: { [this.nodeId]: this.#state, ...Object.fromEntries(others) } };
  }

  patchState(patch: NodeFieldsPatch): NodeState {
    const merged = Object.fromEntries(
      Object.entries({ ...this.#state, ...patch }).filter(([, value]) => value !== null),
    );
    this.#state = { ...(merged as unknown as NodeState), version: this.#state.version + 1, updatedAt: this.world.now };
    this.emit('state', { nodeId: this.nodeId, state: this.#state });
    return this.#state;
  }

  readonly detections = {
    push: async (items: readonly unknown[]): Promise<PushResult> => {
      this.#note('push', items);
      const rejected: ItemError[] = [];
      let accepted = 0;
      let duplicates = 0;
      for (const [index, item] of items.entries()) {
        const fault = faultOf(item);
        if (fault !== undefined) rejected.push({ index, ...fault });
        else if (this.#store(item as DetectionInput)) accepted++;
        else duplicates++;
      }
      return { accepted, duplicates, rejected };
    },

    list: (query: DetectionQuery = {}): DetectionPage => {
      const limit = query.limit ?? 100;
      const from = query.cursor === undefined ? 0 : Number(query.cursor);
      const all = [...this.#stored.values()]
        .reverse()
        .filter((one) => query.type === undefined || one.type === query.type);
      const detections = all.slice(from, from + limit);
      return from + limit < all.length ? { detections, nextCursor: String(from + limit) } : { detections };
    },

    get: (hash: string): readonly Detection[] => {
      if (this.#erased.has(hash)) throw new EdgeError('detection.erased', `${hash} was erased`, { status: 410 });
      const detection = this.#stored.get(hash);
      if (detection === undefined)
        throw new EdgeError('detection.unknown', `${hash} is not known here`, { status: 404 });
      return [detection];
    },

    erase: async (hash: string): Promise<{ readonly erased: number }> => {
      if (!this.#stored.delete(hash))
        throw new EdgeError('detection.unknown', `${hash} is not known here`, { status: 404 });
      this.#erased.add(hash);
      return { erased: 1 };
    },
  };

  async search(request: SearchRequest): Promise<SearchAnswer> {
    this.#note('search', request);
    const results = [...this.#stored.values()]
      .slice(0, request.k ?? 10)
      .map(({ hash, type, node, observedAt, metadata }) => ({
        hash,
        type,
        node,
        observedAt,
        metadata,
        ...(request.embedding === undefined ? {} : { score: 0.5, scoredFrom: 'exact' as const }),
      }));
    return { results, asked: 1, answered: 1, nodes: [{ nodeId: this.nodeId, answered: true }], tookMs: 1 };
  }

  readonly alerts = {
    send: async (input: AlertInput): Promise<Alert> => {
      const stamps = { raisedAt: this.world.now, receivedAt: this.world.now };
      const alert = { payload: null, ...input, alertId: this.#id(), node: this.nodeId, ...stamps };
      this.#alerts.unshift(alert);
      this.emit('alert', alert);
      return alert;
    },

    list: (query: { readonly limit?: number; readonly cursor?: string } = {}): AlertPage => {
      const from = query.cursor === undefined ? 0 : Number(query.cursor);
      const to = from + (query.limit ?? 100);
      const alerts = this.#alerts.slice(from, to);
      return to < this.#alerts.length ? { alerts, nextCursor: String(to) } : { alerts };
    },
  };

  async send(message: MessageInput): Promise<{ readonly messageId: string }> {
    this.#note('send', message);
    const { to, type, priority = 'medium' } = message;
    const messageId = this.#id();
    const events = [{ happenedAt: this.world.now, what: 'sent' }];
    this.#messages.set(messageId, {
      messageId,
      to,
      type,
      priority,
      condition: 'sent',
      createdAt: this.world.now,
      events,
    });
    return { messageId };
  }

  async sendAndWait(message: MessageInput): Promise<MessageStory> {
    return this.message((await this.send(message)).messageId);
  }

  payload(messageId: string): Uint8Array {
    this.#note('payload', messageId);
    if (!this.#messages.has(messageId)) throw new EdgeError('payload.unknown', 'no payload of it', { status: 404 });
    return Uint8Array.of(1, 2, 3);
  }

  message(messageId: string): MessageStory {
    const story = this.#messages.get(messageId);
    if (story === undefined) throw new EdgeError('message.unknown', `${messageId} is not known here`, { status: 404 });
    return story;
  }

  async query(message: MessageInput): Promise<QueryAnswer> {
    this.#note('query', message);
    if (message.type === 'silence') throw new EdgeError('query.timeout', 'nobody answered in time', { status: 504 });
    return { messageId: this.#id(), from: FAKE_PEER, payload: { echo: message.payload ?? null }, tookMs: 2 };
  }

  async respond(messageId: string, response: object): Promise<void> {
    this.#note('respond', { messageId, response });
  }

  handle(): () => void {
    return () => {};
  }

  on<Name extends AgentEventName>(event: Name, listener: (payload: AgentEvents[Name]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** What the real agent does when something happens. */
  emit<Name extends AgentEventName>(event: Name, payload: AgentEvents[Name]): void {
    for (const listener of this.#listeners.get(event) ?? [])
      (listener as (payload: AgentEvents[Name]) => void)(payload);
  }

  listeners(event: AgentEventName): number {
    return this.#listeners.get(event)?.size ?? 0;
  }

  async metrics(): Promise<string> {
    return `# TYPE edge_agent_detections gauge\nedge_agent_detections ${this.#stored.size}\n`;
  }

  #note(what: string, argument: unknown): void {
    this.calls.push({ what, with: argument });
  }

  #id(): string {
    return (this.#nextId++).toString(16).padStart(28, '0');
  }

  #store(input: DetectionInput): boolean {
    if (this.#stored.has(input.hash)) return false;
    const detection: Detection = {
      hash: input.hash,
      type: input.type,
      node: this.nodeId,
      metadata: input.metadata ?? {},
      observedAt: input.observedAt ?? this.world.now,
      expiresAt: input.expiresAt ?? this.world.now + 86_400_000,
      version: 1,
      vector: input.embedding === undefined ? 'none' : 'exact',
    };
    this.#stored.set(input.hash, detection);
    const { hash, type, node, observedAt } = detection;
    this.emit('detection', { change: 'added', hash, type, node, observedAt });
    return true;
  }
}

function faultOf(item: unknown): { readonly code: string; readonly detail: string } | undefined {
  if (typeof item !== 'object' || item === null) return { code: 'detection.shape', detail: 'must be an object' };
  const { hash, type, embedding } = item as Partial<DetectionInput>;
  if (typeof hash !== 'string' || !/^([0-9a-f]{2}){8,64}$/.test(hash)) {
    return { code: 'detection.hash', detail: 'hash must be 8 to 64 bytes in hex' };
  }
  if (typeof type !== 'string') return { code: 'detection.type', detail: 'type must be a string' };
  if (embedding !== undefined && embedding.length !== 512) {
    return { code: 'detection.embedding.dimension', detail: `embedding has ${embedding.length} values, 512 needed` };
  }
  return undefined;
}

function statusOf(): Mutable<Status> {
  return {
    nodeId: FAKE_NODE,
    name: 'gate',
    version: '0.1.0',
    mesh: { name: 'field', open: false },
    startedAt: STARTED_AT,
    state: 'active',
    radios: [
      {
        kind: 'udp',
        name: 'udp:9999',
        condition: 'up',
        addresses: ['[::1]:9999'],
        links: 1,
        counters: { framesIn: 10, framesOut: 12, bytesIn: 900, bytesOut: 1_100, errors: 0 },
        airtimeMs: { critical: 0, high: 20, medium: 300, low: 4 },
      },
    ],
    peers: { alive: 1, total: 1 },
    detections: { count: 0 },
    waiting: { own: 1, others: 0, sending: 0, receiving: 0, frames: 8 },
    hotPath: { kind: 'js', isa: 'none', reason: 'no addon for this platform' },
    pulse: {
      source: 'agreed',
      offsetMs: 0,
      earliestAt: STARTED_AT - 100,
      latestAt: STARTED_AT + 100,
      clocks: 2,
      agreeing: 2,
      ownClock: true,
    },
    storage: { condition: 'ok' },
  };
}

function statisticsOf(): Statistics {
  return {
    sinceAt: STARTED_AT,
    refused: { tag: 3, replay: 1 },
    messages: { heartbeat: { received: 40, sent: 20 } },
    links: { flaps: 0, damped: 0, replaced: 0 },
    liveness: {
      probes: 9,
      unanswered: 1,
      suspected: 1,
      refuted: 1,
      asked: 0,
      vouched: 0,
      nodesDead: 0,
      linksDead: 0,
      stalls: 0,
      unwell: 0,
    },
    flood: { originated: 20, relayed: 5, suppressed: 2, duplicates: 7, shouted: 0, overheard: 0 },
    delivery: { delivered: 4, expired: 0, retries: 1, meanLatencyMs: 3.2 },
    custody: {
      ...{ kept: 0, handedOn: 2, received: 1, delivered: 2, refused: 0, expired: 0, givenUp: 0, restored: 0 },
      ...{ refusedFull: 0, refusedRate: 0, receipts: 0 },
      own: { messages: 1, bytes: 300, messagesMax: 4_096, bytesMax: 16 << 20 },
      others: { messages: 0, bytes: 0, messagesMax: 1_024, bytesMax: 8 << 20 },
    },
    transfers: {
      ...{ chunksOut: 0, bytesOut: 0, chunksIn: 0, bytesIn: 0, repeated: 0, done: 0, received: 0, resumed: 0 },
      sending: { messages: 0, bytes: 0, messagesMax: 64, bytesMax: 64 << 20 },
      receiving: { messages: 0, bytes: 0, messagesMax: 16, bytesMax: 32 << 20 },
    },
    classes: {
      critical: { queued: 0, dropped: 0 },
      high: { queued: 0, dropped: 0 },
      medium: { queued: 3, dropped: 0 },
      low: { queued: 5, dropped: 1 },
    },
    hops: { sent: 100, retransmitted: 3, failed: 0, diverted: 0 },
    peers: { alive: 1, total: 1, neighbours: [] },
    queues: { critical: { length: 0, limit: 64, dropped: 0 } },
    engine: { steps: 1_000, p50Ms: 0.05, p99Ms: 0.4 },
    process: { rssBytes: 70_000_000, cpuMs: 1_200, uptimeMs: 60_000 },
    search: { local: 3, mesh: 1 },
  };
}

function peerOf(): Peer {
  return {
    nodeId: FAKE_PEER,
    name: 'tower',
    alive: true,
    hops: 1,
    lastSeenAt: STARTED_AT + 4_000,
    links: [{ radio: 'udp', address: '[::1]:9998', rttMs: 1.4, quality: 0.98, lastHeardAt: STARTED_AT + 4_000 }],
    state: { version: 7, updatedAt: STARTED_AT + 3_000, fps: 12, battery: 64, cpu: 31, temperature: 48 },
  };
}

function routeOf(): RouteView {
  const expiresAt = STARTED_AT + 30_000;
  const way = { nextHop: FAKE_PEER, cost: 1, radio: 'udp' };
  return { destination: FAKE_PEER, ...way, expiresAt, pinned: false, hops: 1, confirmed: true, alternatives: [] };
}
