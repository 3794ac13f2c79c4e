import { Role } from './hci-codes.js';
import { LinkLimit } from './link-limit.js';
import { type Neighbour, Neighbours } from './neighbours.js';
import type { Parts } from './parts.js';
import type { Peer, Peers } from './peers.js';
import { Room } from './room.js';
import type { BleSettings } from './settings.js';

/** A last place is kept for somebody of another part, where there are places enough. */
const KEPT_FROM_LINKS = 3;

export interface LinkChoiceOptions {
  readonly settings: Pick<BleSettings, 'maxLinks' | 'maxOut' | 'maxIn'>;
  readonly parts: Parts;
  readonly peers: Peers;
  /** Draws a number from 0 to a bound. */
  below(bound: number): number;
}

/** Whom to dial next, or which link to give up for it: every node for itself, and so that all end connected. */
export class LinkChoice {
  readonly neighbours: Neighbours;
  readonly limit: LinkLimit;
  readonly #options: LinkChoiceOptions;
  readonly #room: Room;

  constructor(options: LinkChoiceOptions) {
    this.#options = options;
    this.neighbours = new Neighbours(options.below);
    this.limit = new LinkLimit(options.settings.maxLinks);
    this.#room = new Room(this.neighbours, options.parts, options.below);
  }

  /** Whether somebody may dial us. */
  hasRoom(now: number): boolean {
    const { peers, settings } = this.#options;
    return peers.count(Role.Peripheral) < settings.maxIn && peers.size < this.limit.max(now);
  }

  /** It is a neighbour now. */
  reached(key: string): void {
    this.neighbours.reached(key);
    this.#room.reached(key);
  }

  toDial(now: number, ownToken: Uint8Array): Neighbour | undefined {
    const { peers, parts, settings } = this.#options;
    const maxLinks = this.limit.max(now);
    const free = maxLinks - peers.size;
    if (free <= 0 || peers.count(Role.Central) >= settings.maxOut) return undefined;
    const awaited = this.#room.keptFor(now);
    const kept = awaited === undefined ? 1 : 2;
    return this.neighbours.next({
      now,
      ownToken,
      ownPart: parts.mark,
      takesSamePart: free > kept || maxLinks < KEPT_FROM_LINKS,
      takesStrangers: !peers.all().some(({ isStranger }) => isStranger),
      awaited,
      isLinked: (key, address) => peers.isLinked(key, address),
    });
  }

  /** A link to end when all places are taken and a part of the mesh is cut off. */
  toGiveUp(now: number, ownToken: Uint8Array): Peer | undefined {
    const { peers } = this.#options;
    if (peers.size < this.limit.max(now)) return undefined;
    const links = peers.all().filter(({ isUp, isStranger, ending }) => isUp && !isStranger && ending === undefined);
    // What ends anyway, and a stranger that leaves soon, make room by themselves.
    if (links.length < peers.size) return undefined;
    const handle = this.#room.make({ now, ownToken, links: links.map(({ hci }) => hci.handle) });
    return handle === undefined ? undefined : peers.get(handle);
  }
}
