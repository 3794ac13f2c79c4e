import { EdgeError } from '../core/errors.js';
import { type NodeId, parseNodeId } from '../core/ids.js';
import { MANUAL_ADDRESSES_MAX } from '../mesh/manual-addresses.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Clock } from '../ports/clock.js';
import type { Alerts } from '../services/alerts/alerts.js';
import type { Detections } from '../services/detections/detections.js';
import type { DeviceState } from '../services/device/device-state.js';
import type { Messages } from '../services/messages/messages.js';
import type { Search } from '../services/search/search.js';
import type { Tracer } from '../services/trace/tracer.js';
import type { Config } from './config.js';
import type {
  AgentApi,
  AgentEventName,
  AgentEvents,
  ManualPeer,
  MessageHandler,
  MessageInput,
  NodeFieldsPatch,
  NodeState,
  Peer,
  SearchRequest,
  Status,
  WaitingAddress,
} from './contract.js';
import type { Events } from './events.js';
import type { PinnedRoutes } from './pinned-routes.js';
import type { PinOptions, RouteView, TraceRequest, TraceResult } from './routes-contract.js';
import type { Runner } from './runner.js';
import { statistics } from './statistics.js';
import type { Statistics } from './statistics-contract.js';
import { keeperStory, withStanding } from './stories.js';
import {
  addressViews,
  airtimeView,
  alertStory,
  peerViews,
  routeViews,
  standingView,
  stateView,
  waitingView,
} from './views.js';

/** What compose puts together for an agent. */
export interface AgentParts {
  readonly config: Config;
  readonly mesh: Mesh;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly events: Events;
  readonly messages: Messages;
  readonly alerts: Alerts;
  readonly device: DeviceState;
  readonly detections: Detections;
  readonly search: Search;
  readonly tracer: Tracer;
  readonly pinned: PinnedRoutes;
  readonly hotPath: Status['hotPath'];
  readonly version: string;
  readonly storage: { condition: 'ok' | 'full' | 'failed'; reason: string | undefined };
  readonly lifecycle: { start(): Promise<void>; stop(): Promise<void>; url(): string | undefined };
}

/** One running node: the library's face. What it takes and returns are the bodies of the HTTP contract. */
export class Agent implements AgentApi {
  readonly nodeId: string;
  readonly detections: AgentApi['detections'];
  readonly alerts: AgentApi['alerts'];
  readonly #parts: AgentParts;
  readonly #startedAt: number;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.nodeId = parts.mesh.context.self.id;
    this.#startedAt = parts.clock.wall();
    const { detections, device } = parts;
    this.detections = {
      push: async (items) => {
        const result = await detections.push(Array.isArray(items) ? items : [items]);
        if (result.accepted > 0) device.touch();
        return result;
      },
      list: (query) => detections.list(query),
      get: (hash) => detections.get(hash),
      erase: (hash) => detections.erase(hash),
    };
    this.alerts = { send: (alert) => parts.alerts.send(alert), list: (query) => parts.alerts.list(query) };
  }

  start(): Promise<void> {
    return this.#parts.lifecycle.start();
  }

  /** Says goodbye to the mesh, finishes what was accepted, and gives everything back. */
  stop(): Promise<void> {
    return this.#parts.lifecycle.stop();
  }

  status(): Status {
    const { config, mesh, runner, device, hotPath, version, storage, lifecycle, clock } = this.#parts;
    const peers = [...mesh.peers.all()];
    const url = lifecycle.url();
    const segment = mesh.segments.view();
    return {
      nodeId: this.nodeId,
      name: config.name,
      version,
      mesh: { name: config.mesh, open: true },
      startedAt: Math.floor(this.#startedAt),
      state: device.condition,
      radios: runner.radios.map(({ radio, condition, reason }, index) => ({
        kind: radio.kind,
        name: radio.name,
        condition,
        ...(reason !== undefined && { reason }),
        ...standingView(radio, condition, mesh.context.carriers.get(index), clock.now()),
        addresses: radio.localAddresses(),
        links: [...mesh.links.all()].filter((link) => link.phase === 'up' && link.carrier.index === index).length,
        counters: radio.counters(),
        airtimeMs: airtimeView(mesh.counters.airtimeMs.get(index)),
      })),
      peers: { alive: peers.filter((node) => mesh.peers.isAlive(node)).length, total: peers.length },
      ...(segment && { segment }),
      detections: { count: this.#parts.detections.count },
      waiting: waitingView(mesh),
      hotPath,
      ...(url !== undefined && { http: { url } }),
      pulse: mesh.pulse.view(runner.raw()),
      storage: { condition: storage.condition, ...(storage.reason !== undefined && { reason: storage.reason }) },
    };
  }

  statistics(): Statistics {
    const { config, mesh, runner, search, clock } = this.#parts;
    const time = { startedAt: this.#startedAt, now: clock.wall() };
    return statistics(mesh, runner, search.counts(), time, config.limits.dedupCapacity);
  }

  peers(): readonly Peer[] {
    return peerViews(this.#parts.mesh, this.#parts.runner);
  }

  async addPeer(peer: ManualPeer): Promise<void> {
    const expected = peer.nodeId === undefined ? undefined : nodeId(peer.nodeId);
    const index = this.#parts.runner.radios.findIndex(({ radio }) => radio.addressOf !== undefined);
    const radio = this.#parts.runner.radios[index]?.radio;
    if (!radio?.addressOf) {
      throw new EdgeError('peer.radio', 'no radio here reaches a host and port', {
        status: 409,
        fix: 'start the agent with --radio udp',
      });
    }
    const address = await radio.addressOf(peer.host, peer.port);
    if (!this.#parts.mesh.manual.hasRoom(index, address)) {
      throw new EdgeError('peer.addresses', `${MANUAL_ADDRESSES_MAX} addresses were given by hand already`, {
        status: 409,
        fix: 'remove one that nobody answers at: `edge-agent peers` lists them, `edge-agent peers remove HOST:PORT` forgets one',
      });
    }
    this.#parts.runner.submit({ kind: 'manual-peer', radio: index, address, ...(expected && { expected }) });
  }

  addresses(): readonly WaitingAddress[] {
    return addressViews(this.#parts.mesh, this.#parts.runner);
  }

  removePeer(nodeIdOrAddress: string): boolean {
    const { mesh, runner } = this.#parts;
    const given = [...mesh.manual.all()];
    // Node ids hold neither a colon nor a bracket, so no address is one.
    if (given.some(({ address }) => address === nodeIdOrAddress)) {
      runner.submit({ kind: 'remove-address', address: nodeIdOrAddress });
      return true;
    }
    if (nodeIdOrAddress.includes(':')) return false;
    const id = nodeId(nodeIdOrAddress);
    const known = mesh.peers.lastSeen(id) !== undefined || given.some(({ expected }) => expected === id);
    runner.submit({ kind: 'remove-peer', node: id });
    return known;
  }

  routes(): readonly RouteView[] {
    return routeViews(this.#parts.mesh, this.#parts.runner, this.#parts.config.meshTiming.peerTimeoutMs);
  }

  setRoute(destination: string, nextHop: string | null, { cost }: PinOptions = {}): void {
    const { pinned } = this.#parts;
    const to = nodeId(destination);
    if (nextHop === null) pinned.remove(to);
    else pinned.set({ destination: to, nextHop: nodeId(nextHop), ...(cost !== undefined && { cost }) });
  }

  trace(request: TraceRequest): Promise<TraceResult> {
    return this.#parts.tracer.trace(request);
  }

  state(): { readonly nodes: { readonly [nodeId: string]: NodeState } } {
    const { mesh } = this.#parts;
    const nodes: Record<string, NodeState> = {};
    for (const snapshot of mesh.states.all()) {
      const view = stateView(snapshot);
      const here = snapshot.author === this.nodeId || mesh.peers.isAlive(snapshot.author);
      nodes[snapshot.author] = here ? view : { ...view, condition: 'offline' };
    }
    return { nodes };
  }

  patchState(patch: NodeFieldsPatch): NodeState {
    this.#parts.device.patch(patch);
    const snapshot = this.#parts.mesh.states.get(this.nodeId as NodeId);
    if (!snapshot) throw new EdgeError('agent.stopped', 'the agent is not running', { status: 503, fix: 'start it' });
    return stateView(snapshot);
  }

  search(request: SearchRequest): ReturnType<AgentApi['search']> {
    return this.#parts.search.search(request);
  }

  async send(message: MessageInput): Promise<{ readonly messageId: string }> {
    this.#parts.device.touch();
    const { messageId, accepted } = this.#parts.messages.send(message);
    await accepted;
    return { messageId };
  }

  async sendAndWait(message: MessageInput): ReturnType<AgentApi['sendAndWait']> {
    this.#parts.device.touch();
    return this.#parts.messages.sendAndWait(message);
  }

  message(messageId: string): ReturnType<AgentApi['message']> {
    const { alerts, messages, mesh, runner } = this.#parts;
    const alert = alerts.get(messageId);
    if (alert) return alertStory(alert, this.nodeId);
    const kept = messages.has(messageId) ? undefined : keeperStory(messageId, mesh, runner);
    return kept ?? withStanding(messages.story(messageId), mesh, runner);
  }

  payload(messageId: string): Uint8Array {
    return this.#parts.messages.payload(messageId);
  }

  async query(message: MessageInput): ReturnType<AgentApi['query']> {
    this.#parts.device.touch();
    return this.#parts.messages.query(message);
  }

  async respond(messageId: string, response: Parameters<AgentApi['respond']>[1]): Promise<void> {
    this.#parts.messages.respond(messageId, response);
  }

  handle(type: string, handler: MessageHandler): () => void {
    return this.#parts.messages.handle(type, handler);
  }

  on<Name extends AgentEventName>(event: Name, listener: (payload: AgentEvents[Name]) => void): () => void {
    return this.#parts.events.on(event, listener);
  }

  async metrics(): Promise<string> {
    // Nobody may ever scrape: what writes the page takes a sixth of the time of all imports.
    const { metricsText } = await import('./metrics.js');
    return metricsText(this.status(), this.statistics());
  }
}

function nodeId(text: string): NodeId {
  const id = parseNodeId(text);
  if (id) return id;
  throw new EdgeError('peer.id', `"${text.slice(0, 64)}" is not a node id`, {
    fix: 'give 16 lower-case hex digits, as `edge-agent peers` shows them',
  });
}
