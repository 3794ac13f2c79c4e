import { fromUtf8, utf8 } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import { type NodeId, parseNodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Pin } from '../mesh/pins.js';
import type { Store, StoreOp } from '../ports/store.js';

const SPACE = 'pinned-routes';

/** Routes that people set: checked, handed to the engine, and on disk, so that they are there after a restart. */
export class PinnedRoutes {
  readonly #mesh: Mesh;
  readonly #store: Store;
  readonly #failed: (error: unknown) => void;

  constructor(mesh: Mesh, store: Store, failed: (error: unknown) => void) {
    this.#mesh = mesh;
    this.#store = store;
    this.#failed = failed;
  }

  restore(): void {
    for (const { key, value } of this.#store.range(SPACE, { limit: Limit.PinnedRoutes })) {
      const pin = fromDisk(key, value);
      if (pin) this.#mesh.routing.pins.set(pin);
      else this.#write({ op: 'delete', space: SPACE, key });
    }
  }

  /** Throws `route.self`, `route.next-hop` (409), `route.limit` (409) or `peer.unknown` (404). */
  set(pin: Pin): void {
    const { destination, nextHop } = pin;
    const { routing, peers, links, context } = this.#mesh;
    if (destination === context.self.id) {
      throw new EdgeError('route.self', 'a node needs no route to itself', { fix: 'name another destination' });
    }
    if (!links.best(nextHop)) {
      throw new EdgeError('route.next-hop', `node ${nextHop} is not a neighbour`, {
        status: 409,
        fix: 'choose one with hops 1 from `edge-agent peers`',
      });
    }
    if (peers.lastSeen(destination) === undefined) {
      throw new EdgeError('peer.unknown', `node ${destination} was never heard of here`, {
        status: 404,
        fix: 'see `edge-agent peers`',
      });
    }
    if (!routing.pins.set(pin)) {
      throw new EdgeError('route.limit', `${Limit.PinnedRoutes} routes are pinned already`, {
        status: 409,
        fix: 'unpin one: edge-agent routes unpin',
      });
    }
    const value = utf8(JSON.stringify({ nextHop, ...(pin.cost !== undefined && { cost: pin.cost }) }));
    this.#write({ op: 'put', space: SPACE, key: destination, value });
  }

  remove(destination: NodeId): boolean {
    const had = this.#mesh.routing.pins.remove(destination);
    if (had) this.#write({ op: 'delete', space: SPACE, key: destination });
    return had;
  }

  /** A pin that the disk does not take serves until the agent ends. */
  #write(op: StoreOp): void {
    this.#store.batch([op]).catch(this.#failed);
  }
}

function fromDisk(key: string, value: Uint8Array): Pin | undefined {
  try {
    const { nextHop: text, cost } = JSON.parse(fromUtf8(value) ?? '') as { nextHop: string; cost?: number };
    const [destination, nextHop] = [parseNodeId(key), parseNodeId(text)];
    if (!destination || !nextHop || (cost !== undefined && !Number.isFinite(cost))) return undefined;
    return { destination, nextHop, ...(cost !== undefined && { cost }) };
  } catch {
    return undefined;
  }
}
