import { EdgeError } from '../../core/errors.js';
import type { LinkAddress } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import type { Edge, Place } from './place.js';

/** Places in one air; one more is refused with `radio.air.full`. */
const MAX_PLACES = 100_000;

/** Who stands where, and who is in range of whom. Places and edges are made when first spoken of. */
export class Topology {
  readonly #random: Random;
  readonly #everybody: boolean;
  readonly #places = new Map<string, Place>();

  /** `everybody`: all are in range of each other until cut. */
  constructor(random: Random, everybody: boolean) {
    this.#random = random;
    this.#everybody = everybody;
  }

  places(): Iterable<Place> {
    return this.#places.values();
  }

  place(name: string): Place {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    if (this.#places.size >= MAX_PLACES) {
      const fix = 'Use several airs, or fewer radios.';
      throw new EdgeError('radio.air.full', `This air holds ${MAX_PLACES} places already.`, { fix });
    }
    const state = { inFlight: 0, links: 0, group: 0, radio: undefined, freeAt: 0, inbox: [] };
    const place: Place = { name, random: this.#random.fork(name), edges: new Map(), ...state };
    this.#places.set(name, place);
    return place;
  }

  edge(from: Place, to: Place): Edge {
    const known = from.edges.get(to.name);
    if (known !== undefined) return known;
    const state = { linked: false, epoch: 0, dropped: false, conditions: undefined, lastArrival: 0 };
    const edge: Edge = { from, to, connected: this.#everybody, ...state };
    from.edges.set(to.name, edge);
    return edge;
  }

  towards(from: Place, to: LinkAddress): Edge | undefined {
    const place = this.#places.get(to);
    if (place === undefined || place === from) return undefined;
    return this.#everybody ? this.edge(from, place) : from.edges.get(to);
  }

  *audience(from: Place): Iterable<Edge> {
    if (!this.#everybody) {
      yield* from.edges.values();
      return;
    }
    for (const place of this.#places.values()) if (place !== from) yield this.edge(from, place);
  }
}
