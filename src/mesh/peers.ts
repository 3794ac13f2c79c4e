import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Routing } from './routing.js';
import type { MeshContext } from './types.js';

interface Known {
  alive: boolean;
  lastSeen: Instant;
}

/** Whole seconds of liveness: how often nodes unheard for long are looked through. */
const SWEEP_MS = 60_000;

/** Every node this one has heard of: alive while a confirmed path leads to it, forgotten long after. */
export class Peers {
  readonly #context: MeshContext;
  readonly #routing: Routing;
  readonly #onForgotten: (node: NodeId) => void;
  readonly #known = new Map<NodeId, Known>();
  #nextSweepAt = 0;

  constructor(context: MeshContext, routing: Routing, onForgotten: (node: NodeId) => void) {
    this.#context = context;
    this.#routing = routing;
    this.#onForgotten = onForgotten;
  }

  all(): IterableIterator<NodeId> {
    return this.#known.keys();
  }

  isAlive(node: NodeId): boolean {
    return this.#known.get(node)?.alive ?? false;
  }

  lastSeen(node: NodeId): Instant | undefined {
    return this.#known.get(node)?.lastSeen;
  }

  /** A sign that the node exists: its state, or traffic of its own. */
  heardOf(node: NodeId, now: Instant): void {
    if (node === this.#context.self.id) return;
    const known = this.#known.get(node);
    if (known) {
      known.lastSeen = now;
      return;
    }
    this.#known.set(node, { alive: false, lastSeen: now });
    this.#context.emit({ kind: 'peer', node, change: 'joined' });
  }

  /** Compares what is reachable now with what was, and says what changed. */
  refresh(now: Instant): void {
    const reachable = this.#routing.reachable();
    for (const node of reachable.keys()) if (!this.#known.has(node)) this.heardOf(node, now);
    for (const [node, known] of this.#known) {
      const alive = reachable.has(node);
      if (alive) known.lastSeen = now;
      if (alive === known.alive) continue;
      known.alive = alive;
      this.#context.emit({ kind: 'peer', node, change: alive ? 'alive' : 'offline' });
    }
    this.#sweep(now);
  }

  forget(node: NodeId): boolean {
    if (!this.#known.delete(node)) return false;
    this.#onForgotten(node);
    this.#context.emit({ kind: 'peer', node, change: 'forgotten' });
    return true;
  }

  #sweep(now: Instant): void {
    if (now.mono < this.#nextSweepAt) return;
    this.#nextSweepAt = now.mono + SWEEP_MS;
    for (const [node, known] of this.#known) {
      if (!known.alive && now.mono - known.lastSeen.mono > this.#context.timing.forgetAfterMs) this.forget(node);
    }
  }
}
