import type { MessageId, NodeId } from '../core/ids.js';
import { DELIVERY_TIMEOUT_MS } from '../mesh/delivery.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Delivered, Trail as EngineTrail } from '../mesh/types.js';
import type { Clock } from '../ports/clock.js';
import type { DeliveredMessage } from '../services/mesh-access.js';
import type { MessagesMesh, Outcome, Progress, Waypoint } from '../services/messages/messages-mesh.js';
import type { Trail } from '../services/messages/trail.js';
import type { FrameType, Priority } from '../wire/frame-types.js';
import type { Runner } from './runner.js';
import { agentStopped } from './stopped.js';

type Listener = (message: DeliveredMessage) => void;

/** The services' door to the mesh: their messages out, delivered ones in, by type. */
export class RunnerAccess implements MessagesMesh {
  readonly self: NodeId;
  readonly #mesh: Mesh;
  readonly #clock: Clock;
  readonly #listeners = new Map<number, Set<Listener>>();
  readonly #outcomes = new Set<(outcome: Outcome) => void>();
  readonly #waypoints = new Set<(waypoint: Waypoint) => void>();
  readonly #trails = new Set<(trail: Trail) => void>();
  readonly #progress = new Set<(progress: Progress) => void>();
  #runner: Runner | undefined;

  constructor(mesh: Mesh, clock: Clock) {
    this.self = mesh.context.self.id;
    this.#mesh = mesh;
    this.#clock = clock;
  }

  connect(runner: Runner): void {
    this.#runner = runner;
  }

  members(): readonly NodeId[] {
    return [this.self, ...this.#mesh.routing.reachable().keys()];
  }

  knows(node: NodeId): boolean {
    return this.#mesh.peers.lastSeen(node) !== undefined;
  }

  broadcast(
    type: FrameType,
    body: Uint8Array,
    options: { readonly priority: Priority },
    begin?: (id: MessageId) => void,
  ): MessageId {
    const { id, sequence } = this.#running().reserve();
    begin?.(id);
    this.#running().submit({ kind: 'flood', sequence, type, body, priority: options.priority });
    return id;
  }

  send(
    to: NodeId,
    type: FrameType,
    body: Uint8Array,
    options: {
      readonly priority: Priority;
      readonly ack?: boolean;
      readonly keep?: boolean;
      readonly timeoutMs?: number;
    },
    begin?: (id: MessageId) => void,
  ): MessageId {
    const { id, sequence } = this.#running().reserve();
    begin?.(id);
    const { priority } = options;
    if (to === this.self) this.#toSelf(id, type, body, priority);
    else {
      const timeoutMs = options.timeoutMs ?? DELIVERY_TIMEOUT_MS;
      this.#running().submit({
        kind: 'send',
        sequence,
        to,
        type,
        body,
        priority,
        ack: options.ack ?? false,
        keep: options.keep ?? false,
        timeoutMs,
      });
    }
    return id;
  }

  restoreAlert(
    id: MessageId,
    body: Uint8Array,
    options: { readonly priority: Priority; readonly ageMs: number },
  ): void {
    this.#running().submit({ kind: 'restore-alert', id, body, ...options });
  }

  onDelivered(type: FrameType, listener: Listener): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(type, listeners);
    return () => listeners.delete(listener);
  }

  onOutcome(listener: (outcome: Outcome) => void): () => void {
    this.#outcomes.add(listener);
    return () => this.#outcomes.delete(listener);
  }

  onWaypoint(listener: (waypoint: Waypoint) => void): () => void {
    this.#waypoints.add(listener);
    return () => this.#waypoints.delete(listener);
  }

  onTrail(listener: (trail: Trail) => void): () => void {
    this.#trails.add(listener);
    return () => this.#trails.delete(listener);
  }

  trail({ id, what, node, radio: carrier, code, ms, links, way }: EngineTrail): void {
    const radio = carrier === undefined ? undefined : this.#mesh.context.carriers.get(carrier)?.name;
    const trail: Trail = {
      id,
      what,
      ...(node !== undefined && { node }),
      ...(radio !== undefined && { radio }),
      ...(code !== undefined && { code }),
      ...(ms !== undefined && { ms }),
      ...(links !== undefined && { links }),
      ...(way !== undefined && { way }),
    };
    for (const listener of this.#trails) listener(trail);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#progress.add(listener);
    return () => this.#progress.delete(listener);
  }

  progress(progress: Progress): void {
    for (const listener of this.#progress) listener(progress);
  }

  receipt(waypoint: Waypoint): void {
    for (const listener of this.#waypoints) listener(waypoint);
  }

  delivered(message: Delivered): void {
    const { id, source, body, hops, priority, destination, ageMs } = message;
    const directed = destination !== undefined;
    this.#hand(message.type, { id, source, body, hops, priority, directed, ...(ageMs !== undefined && { ageMs }) });
  }

  outcome(outcome: Outcome): void {
    for (const listener of this.#outcomes) listener(outcome);
  }

  /** A message to oneself takes no radio, but it does take its turn. */
  #toSelf(id: MessageId, type: FrameType, body: Uint8Array, priority: Priority): void {
    this.#clock.timer('to oneself', 0, () => {
      this.outcome({ id, outcome: 'delivered' });
      this.#hand(type, { id, source: this.self, body, hops: 0, priority, directed: true });
    });
  }

  #hand(type: number, message: DeliveredMessage): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(message);
  }

  #running(): Runner {
    if (this.#runner && !this.#runner.stopped) return this.#runner;
    throw agentStopped();
  }
}
