import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Random } from '../ports/random.js';
import type { Carrier } from './carrier.js';
import type { Link, Links } from './links.js';
import type { Topology } from './topology.js';
import type { MeshContext } from './types.js';

/** Links over one radio whose ends do not know yet that they hear each other; the oldest makes room, and never one that is up. */
export const HALF_OPEN_MAX = 32;
/** Links to one neighbour over one radio: it may have several addresses. A further one is refused. */
export const LINKS_PER_PEER = 8;
/** Who has so many other neighbours loses nothing with this link. */
const ENOUGH_OTHERS = 3;
/** Of a pool full of nodes that nobody else hears, this share, the youngest, is contested by newcomers of the kind: one at a time, so often. */
const CONTESTED = 0.25;
const CONTEST_EVERY_MS = 2_000;

/** A link that is up, as the pool looks at it. */
export interface Place {
  readonly link: Link;
  /** Neighbours its peer has besides this node, as both ends of each say. */
  readonly others: number;
  /** It carries nothing that others would not. */
  readonly spare: boolean;
}

/**
 * Which link makes room in a full pool for a node that has `others` neighbours elsewhere; `undefined`: none, the newcomer is refused. Who is heard by
 * enough others gives way to who is not, those that serve least first, of equals the youngest. Those that nobody else hears keep their places, so that
 * made-up neighbours cannot drive real ones out; where such fill more than half of the pool, the youngest quarter is drawn from by lot, so that
 * neither can they shut out a real one that comes later.
 */
export function whoMakesRoom(
  places: readonly Place[],
  others: number,
  mayContest: boolean,
  random: Pick<Random, 'below'>,
): Link | undefined {
  if (others >= ENOUGH_OTHERS) return undefined;
  const redundant = places.filter((place) => place.others >= ENOUGH_OTHERS);
  if (redundant.length > 0) return redundant.reduce((a, b) => (servesLess(b, a) ? b : a)).link;
  const lone = places.filter((place) => place.others === 0);
  if (others > 0 || !mayContest || lone.length * 2 <= places.length) return undefined;
  const youngest = [...places].sort((a, b) => b.link.id - a.link.id).slice(0, Math.ceil(places.length * CONTESTED));
  const contested = youngest.filter((place) => place.others === 0);
  return contested[random.below(Math.max(1, contested.length))]?.link;
}

const servesLess = (a: Place, b: Place): boolean => {
  if (a.spare !== b.spare) return a.spare;
  return a.others !== b.others ? a.others > b.others : a.link.id > b.link.id;
};

export interface PoolOptions {
  /** Links over one radio, and neighbours over all. */
  readonly maxLinks: number;
  readonly maxPeers: number;
  /** A link makes room. */
  drop(link: Link, now: Instant): void;
}

/** The places for links over each radio that makes none itself: those that do (BLE, serial) have as many as their controllers. */
export class LinkPool {
  readonly #context: Pick<MeshContext, 'self' | 'counters' | 'random'>;
  readonly #links: Links;
  readonly #topology: Topology;
  readonly #options: PoolOptions;
  #contestedAt = Number.NEGATIVE_INFINITY;

  constructor(
    context: Pick<MeshContext, 'self' | 'counters' | 'random'>,
    links: Links,
    topology: Topology,
    options: PoolOptions,
  ) {
    this.#context = context;
    this.#links = links;
    this.#topology = topology;
    this.#options = options;
  }

  /** Whether a link to this node may be made, over an address not known so far. Where there is no place one may be made. */
  admits(carrier: Carrier, node: NodeId, now: Instant): boolean {
    this.#letGoHalfOpen(carrier, now);
    return this.#hasPlace(carrier, node, now);
  }

  /** Both ends hear each other now: whether there is still a place for it. Many may have been admitted at once. */
  mayComeUp({ carrier, peer }: Link, now: Instant): boolean {
    return carrier.traits.connected || peer === undefined || this.#hasPlace(carrier, peer, now);
  }

  #hasPlace(carrier: Carrier, node: NodeId, now: Instant): boolean {
    const { maxLinks, maxPeers, drop } = this.#options;
    const isFull = carrier.linksUp >= maxLinks;
    const ofNode = this.#links.upTo(node);
    // It is reached as it is: nobody has to go for a further link to it.
    if (ofNode.length > 0) return !isFull && ofNode.filter((link) => link.carrier === carrier).length < LINKS_PER_PEER;
    if (!isFull && this.#links.neighbourCount < maxPeers) return true;
    // Where all neighbours together are too many, one over any radio may go.
    const places = this.#places((link) => !link.carrier.traits.connected && (!isFull || link.carrier === carrier));
    const mayContest = now.mono - this.#contestedAt >= CONTEST_EVERY_MS;
    const others = this.#othersOf(node);
    const link = whoMakesRoom(places, others, mayContest, this.#context.random);
    if (!link) return false;
    this.#contestedAt = now.mono;
    this.#context.counters.links.replaced++;
    drop(link, now);
    return true;
  }

  #letGoHalfOpen(carrier: Carrier, now: Instant): void {
    const halfOpen = [...this.#links.greeting()].filter((link) => link.carrier === carrier);
    for (const link of halfOpen.slice(0, Math.max(0, halfOpen.length - HALF_OPEN_MAX + 1)))
      this.#options.drop(link, now);
  }

  #places(suits: (link: Link) => boolean): Place[] {
    const places: Place[] = [];
    for (const node of this.#links.neighbours()) {
      const links = this.#links.upTo(node).filter(suits);
      const [link] = links;
      // Who has several is not gone with one of them.
      if (link && links.length === this.#links.upTo(node).length)
        places.push({ link, others: this.#othersOf(node), spare: link.damped || this.#links.isStandby(node) });
    }
    return places;
  }

  #othersOf(node: NodeId): number {
    let others = 0;
    for (const other of this.#topology.edgesOf(node).keys())
      if (other !== this.#context.self.id && this.#topology.adjacent(node, other)) others++;
    return others;
  }
}
