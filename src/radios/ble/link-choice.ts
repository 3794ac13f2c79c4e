import type { BleNode } from './ble-node.js';
import { Role } from './hci-codes.js';
import { TOKEN_BYTES } from './link-packets.js';
import type { Neighbour } from './neighbours.js';
import type { Peer } from './peers.js';
import type { Places } from './places.js';
import { Room } from './room.js';

/** A last place is kept for somebody of another part, where there are places enough. */
const KEPT_FROM_LINKS = 3;
const LOWEST_TOKEN = new Uint8Array(TOKEN_BYTES);

export interface LinkChoiceOptions {
  readonly node: BleNode;
  readonly places: Places;
  /** Whether it dials though the other end has the lower token: because that one may be unable to, or have too little time. */
  isImpatient(): boolean;
  /** Draws a number from 0 to a bound. */
  below(bound: number): number;
}

/** Whom a controller dials next, or which of its links to give up for it: every node for itself, and so that all end connected. */
export class LinkChoice {
  readonly #options: LinkChoiceOptions;
  readonly #room: Room;

  constructor(options: LinkChoiceOptions) {
    this.#options = options;
    const { neighbours, parts } = options.node;
    this.#room = new Room(neighbours, parts, options.below);
  }

  /** It is a neighbour now. */
  reached(key: string): void {
    this.#room.reached(key);
  }

  toDial(now: number): Neighbour | undefined {
    const { node, places, isImpatient } = this.#options;
    const { peers, parts, neighbours, name } = node;
    const maxLinks = places.maxLinks(now);
    const free = maxLinks - places.count();
    if (free <= 0 || places.count(Role.Central) >= places.most(Role.Central)) return undefined;
    const awaited = this.#room.keptFor(now);
    const kept = awaited === undefined ? 1 : 2;
    return neighbours.next({
      now,
      ownToken: isImpatient() ? LOWEST_TOKEN : name.onLinks.token,
      ownPart: parts.mark,
      takesSamePart: free > kept || maxLinks < KEPT_FROM_LINKS,
      takesStrangers: free > 1 && peers.stranger() === undefined && peers.strangers.isWelcome(now),
      awaited,
      isLinked: (key, address) => peers.isLinked(key, address) || peers.strangers.isBarred(key, now),
    });
  }

  /** A link to end when all places are taken and a part of the mesh is cut off. */
  toGiveUp(now: number): Peer | undefined {
    const { node, places } = this.#options;
    const own = places.own();
    if (own.length < places.maxLinks(now)) return undefined;
    const links = own.filter(({ isUp, isStranger, ending }) => isUp && !isStranger && ending === undefined);
    // What ends anyway, and a stranger that leaves soon, make room by themselves.
    if (links.length < own.length) return undefined;
    const id = this.#room.make({ now, ownToken: node.name.onLinks.token, links: links.map(({ hci }) => hci.id) });
    return id === undefined ? undefined : node.peers.get(id);
  }
}
