import { type MessageId, type NodeId, nodeIdOf } from '../core/ids.js';
import type { Clock } from '../ports/clock.js';
import type { DeliveredMessage } from '../services/mesh-access.js';
import type { MessagesMesh, Outcome, Progress, Waypoint } from '../services/messages/messages-mesh.js';
import type { Trail } from '../services/messages/trail.js';
import type { FrameType, Priority } from '../wire/frame-types.js';

type Options = {
  readonly priority: Priority;
  readonly ack?: boolean;
  readonly keep?: boolean;
  readonly timeoutMs?: number;
};

export interface SentMessage {
  readonly id: MessageId;
  readonly to: NodeId | '*';
  readonly type: FrameType;
  readonly body: Uint8Array;
  readonly options: Options;
}

const DELIVERY_MS = 5;
const KEEP_MS = 1;

export const nodeNumber = (number: number): NodeId => nodeIdOf(new Uint8Array(8).fill(number));

/** The mesh as a service sees it: hands what is sent to the other fakes it knows, on a stepped clock. */
export class FakeMesh implements MessagesMesh {
  readonly self: NodeId;
  readonly sent: SentMessage[] = [];
  readonly restored: { readonly id: MessageId; readonly body: Uint8Array; readonly ageMs: number }[] = [];
  /** The outcome a message that wants one has at once, in the middle of `send`. */
  refuses: string | undefined;
  /** When false, what is sent goes nowhere and has no outcome. */
  delivers = true;
  readonly #clock: Clock;
  readonly #others: FakeMesh[] = [];
  readonly #listeners = new Map<FrameType, Set<(message: DeliveredMessage) => void>>();
  readonly #outcomes = new Set<(outcome: Outcome) => void>();
  readonly #trails = new Set<(trail: Trail) => void>();
  readonly #progress = new Set<(progress: Progress) => void>();
  readonly #waypoints = new Set<(waypoint: Waypoint) => void>();
  /** What becomes of the write of a message that is to be kept. */
  keeps: 'kept' | 'unkept' = 'kept';
  #sequence = 0;

  constructor(number: number, clock: Clock) {
    this.self = nodeNumber(number);
    this.#clock = clock;
  }

  static join(a: FakeMesh, b: FakeMesh): void {
    a.#others.push(b);
    b.#others.push(a);
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce(
      (sum, set) => sum + set.size,
      this.#outcomes.size + this.#waypoints.size + this.#trails.size + this.#progress.size,
    );
  }

  members(): readonly NodeId[] {
    return [this.self, ...this.#others.map(({ self }) => self)];
  }

  knows(node: NodeId): boolean {
    return this.members().includes(node);
  }

  broadcast(type: FrameType, body: Uint8Array, options: Options, begin?: (id: MessageId) => void): MessageId {
    return this.#send('*', type, body, options, begin);
  }

  send(to: NodeId, type: FrameType, body: Uint8Array, options: Options, begin?: (id: MessageId) => void): MessageId {
    return this.#send(to, type, body, options, begin);
  }

  restoreAlert(
    id: MessageId,
    body: Uint8Array,
    options: { readonly priority: Priority; readonly ageMs: number },
  ): void {
    this.restored.push({ id, body, ...options });
  }

  onDelivered(type: FrameType, listener: (message: DeliveredMessage) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
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

  trail(trail: Trail): void {
    for (const listener of this.#trails) listener(trail);
  }

  progress(progress: Progress): void {
    for (const listener of this.#progress) listener(progress);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#progress.add(listener);
    return () => this.#progress.delete(listener);
  }

  waypoint(waypoint: Waypoint): void {
    for (const listener of this.#waypoints) listener(waypoint);
  }

  /** Something arrives, whoever sent it. */
  deliver(type: FrameType, message: Partial<DeliveredMessage> & Pick<DeliveredMessage, 'body'>): void {
    const whole = {
      id: this.#nextId(),
      source: nodeNumber(9),
      hops: 1,
      priority: 2,
      directed: true,
      ...message,
    } as const;
    for (const listener of this.#listeners.get(type) ?? []) listener(whole);
  }

  outcome(outcome: Outcome): void {
    for (const listener of this.#outcomes) listener(outcome);
  }

  #send(
    to: NodeId | '*',
    type: FrameType,
    body: Uint8Array,
    options: Options,
    begin?: (id: MessageId) => void,
  ): MessageId {
    const id = this.#nextId();
    begin?.(id);
    this.sent.push({ id, to, type, body, options });
    if (options.keep && this.refuses === undefined)
      this.#clock.timer('keep', KEEP_MS, () => this.waypoint({ id, what: this.keeps }));
    if (this.refuses !== undefined && options.ack) this.outcome({ id, outcome: 'refused', code: this.refuses });
    else if (this.delivers) {
      const targets = to === this.self ? [this] : this.#others.filter(({ self }) => to === '*' || to === self);
      const { priority } = options;
      const message = { id, source: this.self, body, hops: 1, priority, directed: to !== '*' };
      this.#clock.timer('deliver', DELIVERY_MS, () => {
        for (const target of targets) target.deliver(type, message);
        if (options.ack) this.outcome({ id, outcome: 'delivered' });
      });
    }
    return id;
  }

  #nextId(): MessageId {
    return `${this.self}${(++this.#sequence).toString(16).padStart(12, '0')}` as MessageId;
  }
}

/** Lets promises that are ready go on. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}
