import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Routing } from './routing.js';
import type { MeshContext } from './types.js';

interface Known {
  alive: boolean;
  /** Alive, and no neighbour: seen as long as others name it. */
  far: boolean;
  lastSeen: Instant;
  /** Why its last link went, while no path leads to it. */
  reason?: string | undefined;
}

/** Whole seconds of liveness: how often nodes unheard for long are looked through. */
const SWEEP_MS = 60_000;
const NO_PATH = 'no path leads to it';

/** Every node this one has heard of: alive while a confirmed path leads to it, forgotten long after. */
export class Peers {
  readonly #context: MeshContext;
  readonly #routing: Routing;
  readonly #limit: number;
  readonly onForgotten: (node: NodeId, aged: boolean, now: Instant) => void;
  /** A path leads there, after none did. */
  onAlive: ((node: NodeId, now: Instant) => void) | undefined;
  /** Whether a node that was heard of is to be known here. */
  isListed: (node: NodeId) => boolean = () => true;
  readonly #known = new Map<NodeId, Known>();
  #nextSweepAt = 0;
  /** What the last look found reachable, and when that was. */
  #reachable: ReadonlyMap<NodeId, unknown> | undefined;
  #refreshedAt: Instant | undefined;

  /** `onForgotten`: `aged` when nobody asked for it but time. At most `limit` are known: a further one takes the place of the longest offline. */
  constructor(
    context: MeshContext,
    routing: Routing,
    limit: number,
    onForgotten: (node: NodeId, aged: boolean, now: Instant) => void,
  ) {
    this.#context = context;
    this.#routing = routing;
    this.#limit = limit;
    this.onForgotten = onForgotten;
  }

  all(): IterableIterator<NodeId> {
    return this.#known.keys();
  }

  get size(): number {
    return this.#known.size;
  }

  isAlive(node: NodeId): boolean {
    return this.#known.get(node)?.alive ?? false;
  }

  lastSeen(node: NodeId): Instant | undefined {
    const known = this.#known.get(node);
    return known?.far ? this.#refreshedAt : known?.lastSeen;
  }

  /** A sign that the node exists: its state, or traffic of its own. */
  heardOf(node: NodeId, now: Instant): void {
    if (node === this.#context.self.id) return;
    const known = this.#known.get(node);
    if (known) {
      known.lastSeen = now;
      return;
    }
    if (!this.isListed(node)) return;
    if (this.#known.size >= this.#limit && !this.makeRoom(now)) {
      this.#context.counters.refuse('peer.limit');
      return;
    }
    this.#known.set(node, { alive: false, far: false, lastSeen: now });
    this.#reachable = undefined;
    this.#context.emit({ kind: 'peer', node, change: 'joined' });
  }

  /** A link to it went, or came: why it is offline, if it turns out to be. */
  lost(node: NodeId, reason: string | undefined): void {
    const known = this.#known.get(node);
    if (known) known.reason = reason;
  }

  /** Compares what is reachable now with what was, and says what changed. */
  refresh(now: Instant): void {
    const reachable = this.#routing.reachable();
    const before = this.#refreshedAt ?? now;
    this.#refreshedAt = now;
    // The same answer as last time.
    if (reachable === this.#reachable) return this.#sweep(now);
    for (const node of reachable.keys()) if (!this.#known.has(node)) this.heardOf(node, now);
    for (const [node, known] of this.#known) {
      const path = reachable.get(node);
      const alive = path !== undefined;
      if (known.far) known.lastSeen = before;
      known.far = alive && path.hops > 1;
      if (alive === known.alive) continue;
      known.alive = alive;
      if (alive) {
        known.reason = undefined;
        this.#context.emit({ kind: 'peer', node, change: 'alive' });
        this.onAlive?.(node, now);
      } else this.#context.emit({ kind: 'peer', node, change: 'offline', reason: known.reason ?? NO_PATH });
    }
    this.#reachable = reachable;
    this.#sweep(now);
  }

  forget(node: NodeId, aged: boolean, now: Instant): boolean {
    if (!this.#known.delete(node)) return false;
    this.onForgotten(node, aged, now);
    this.#context.emit({ kind: 'peer', node, change: 'forgotten' });
    return true;
  }

  /** Forgets the node that has been offline longest; false when none has been for so long. */
  makeRoom(now: Instant, offlineMs = 0): boolean {
    let longest: NodeId | undefined;
    let since = Number.POSITIVE_INFINITY;
    for (const [node, known] of this.#known) {
      if (known.alive || known.lastSeen.mono >= since || now.mono - known.lastSeen.mono < offlineMs) continue;
      longest = node;
      since = known.lastSeen.mono;
    }
    return longest !== undefined && this.forget(longest, true, now);
  }

  #sweep(now: Instant): void {
    if (now.mono < this.#nextSweepAt) return;
    this.#nextSweepAt = now.mono + SWEEP_MS;
    for (const [node, known] of this.#known) {
      if (!known.alive && now.mono - known.lastSeen.mono > this.#context.timing.forgetAfterMs)
        this.forget(node, true, now);
    }
  }
}
