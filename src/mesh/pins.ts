import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';

/** A route a person set. */
export interface Pin {
  readonly destination: NodeId;
  readonly nextHop: NodeId;
  /** It serves unless a way is known that costs less; without a cost, always. */
  readonly cost?: number;
}

/** The routes people set: they stay until they are taken away, also while their next hop is not there. */
export class Pins {
  readonly #pins = new Map<NodeId, Pin>();

  /** False when there are as many as there may be. */
  set(pin: Pin): boolean {
    if (!this.#pins.has(pin.destination) && this.#pins.size >= Limit.PinnedRoutes) return false;
    this.#pins.set(pin.destination, pin);
    return true;
  }

  remove(destination: NodeId): boolean {
    return this.#pins.delete(destination);
  }

  get(destination: NodeId): Pin | undefined {
    return this.#pins.get(destination);
  }

  all(): IterableIterator<Pin> {
    return this.#pins.values();
  }
}
