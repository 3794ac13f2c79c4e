import { toHex } from '../../core/bytes.js';
import type { LinkAddress } from '../../ports/radio.js';
import { BleLink } from './ble-link.js';
import { Role } from './hci-codes.js';
import type { HciLink } from './hci-mux.js';
import { BleLimit } from './limits.js';
import type { Name } from './link-packets.js';
import type { Parts } from './parts.js';
import { dialsFirst } from './tokens.js';

export interface Peer {
  readonly hci: HciLink;
  /** How the engine knows it. */
  readonly address: LinkAddress;
  readonly since: number;
  link: BleLink | undefined;
  /** Its token in hex, once it greeted. */
  key: string | undefined;
  /** The one before: its adverts may still show it. */
  formerKey: string | undefined;
  isUp: boolean;
  isStranger: boolean;
  /** Why we end it. */
  ending: string | undefined;
  /** What it was told of our part last. */
  told: string;
}

export interface PeerEvents {
  up(peer: Peer): void;
  down(peer: Peer, reason: string): void;
  heard(peer: Peer, frame: Uint8Array): void;
  /** Where we stand in the field may have changed. */
  changed(): void;
  misbehaved(peer: Peer, reason: string): void;
}

export interface PeersOptions {
  readonly parts: Parts;
  readonly events: PeerEvents;
  now(): number;
  ownName(): Name;
  isOurs(name: Name): boolean;
  /** Asks the controller to end a link; `remove` follows. */
  disconnect(handle: number): void;
}

/** The links there are, from the connection to its end: greeting, one link for each neighbour, rules of the house. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<number, Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#peers.size;
  }

  count(role: Role): number {
    let count = 0;
    for (const { hci } of this.#peers.values()) if (hci.role === role) count++;
    return count;
  }

  all(): Peer[] {
    return [...this.#peers.values()];
  }

  get(handle: number): Peer | undefined {
    return this.#peers.get(handle);
  }

  find(address: LinkAddress): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.isUp && peer.address === address) return peer;
    return undefined;
  }

  /** By its token, or by its address for one that has not greeted yet. */
  isLinked(key: string, address: string): boolean {
    for (const peer of this.#peers.values()) {
      if ((peer.key === key || peer.formerKey === key) && peer.ending === undefined) return true;
      if (peer.key === undefined && peer.hci.address === address) return true;
    }
    return false;
  }

  add(hci: HciLink): Peer {
    const taken = this.all().some(({ address }) => address === hci.address);
    const peer: Peer = {
      hci,
      address: taken ? `${hci.address}#${hci.handle}` : hci.address,
      since: this.#options.now(),
      link: undefined,
      key: undefined,
      formerKey: undefined,
      isUp: false,
      isStranger: false,
      ending: undefined,
      told: '',
    };
    this.#peers.set(hci.handle, peer);
    return peer;
  }

  /** Values can travel from now on. Greets when asked to. */
  attach(peer: Peer, packetBytes: number, write: (value: Uint8Array) => void): BleLink {
    const { events, now } = this.#options;
    const link = new BleLink({
      packetBytes,
      write,
      now,
      events: {
        greeted: (greeting) => this.#greeted(peer, greeting),
        renamed: (name) => this.#named(peer, name),
        viewed: (view) => {
          // Whoever is not of our mesh connects nobody.
          if (peer.isStranger) return;
          this.#options.parts.heard(peer.hci.handle, view, now());
          this.#spread();
        },
        frame: (frame) => {
          if (peer.isUp) events.heard(peer, frame);
        },
        broken: (reason) => {
          events.misbehaved(peer, reason);
          this.end(peer, reason);
        },
      },
    });
    peer.link = link;
    return link;
  }

  end(peer: Peer, reason: string): void {
    if (peer.ending !== undefined || !this.#peers.has(peer.hci.handle)) return;
    peer.ending = reason;
    this.#options.disconnect(peer.hci.handle);
  }

  remove(handle: number, reason: string): void {
    const peer = this.#peers.get(handle);
    if (peer === undefined) return;
    this.#peers.delete(handle);
    this.#options.parts.remove(handle, this.#options.now());
    const wasUp = peer.isUp;
    peer.isUp = false;
    if (wasUp) this.#options.events.down(peer, peer.ending ?? reason);
    this.#spread();
  }

  rename(): void {
    for (const peer of this.#peers.values()) peer.link?.rename(this.#options.ownName());
  }

  /** Ends what has been silent, stuck or a stranger for too long. */
  check(): void {
    const now = this.#options.now();
    this.#options.parts.tick(now);
    this.#spread();
    for (const peer of this.#peers.values()) {
      const { link, since } = peer;
      if (!peer.isUp && now - since > BleLimit.GreetingMs + BleLimit.DialMs * (1 - peer.hci.role))
        this.end(peer, 'it never greeted');
      else if (link === undefined) continue;
      else if (link.stalledSince !== undefined && now - link.stalledSince > BleLimit.StallMs)
        this.end(peer, 'it takes nothing any more');
      else if (now - link.heardAt > BleLimit.SilentLinkMs) this.end(peer, 'it says nothing any more');
      else if (peer.isStranger && now - since > BleLimit.StrangerMs) this.end(peer, 'it is of another mesh');
      else if (peer.isUp && now - link.saidAt > BleLimit.KeepAliveMs)
        link.tell(this.#options.parts.viewFor(peer.hci.handle));
    }
  }

  #greeted(peer: Peer, name: Name): void {
    peer.isStranger = !this.#options.isOurs(name);
    if (peer.isStranger && this.all().some((other) => other !== peer && other.isStranger && other.isUp))
      return this.end(peer, 'one stranger at a time');
    if (!this.#named(peer, name)) return;
    peer.isUp = true;
    this.#options.events.up(peer);
    this.#spread();
  }

  /** Keeps one link for each neighbour; false when it is not this one. */
  #named(peer: Peer, name: Name): boolean {
    const key = toHex(name.token);
    if (peer.key !== key) peer.formerKey = peer.key;
    peer.key = key;
    const twin = this.all().find(
      (other) => other !== peer && other.isUp && other.key === key && other.ending === undefined,
    );
    if (twin === undefined) return true;
    const loser = this.#isKept(peer, twin, name.token) ? twin : peer;
    this.end(loser, 'there is another link to the same neighbour');
    return loser !== peer;
  }

  /** The same choice at both ends: the link that the lower token dialled, else the newer, for the older has no other end. */
  #isKept(peer: Peer, twin: Peer, token: Uint8Array): boolean {
    if (peer.hci.role === twin.hci.role) return true;
    return (peer.hci.role === Role.Central) === dialsFirst(this.#options.ownName().token, token);
  }

  #spread(): void {
    for (const peer of this.#peers.values()) {
      if (!peer.isUp) continue;
      const view = this.#options.parts.viewFor(peer.hci.handle);
      const text = `${toHex(view.root)} ${view.distance} ${view.isParent} ${view.hasOtherWay}`;
      if (text === peer.told) continue;
      peer.told = text;
      peer.link?.tell(view);
    }
    this.#options.events.changed();
  }
}
