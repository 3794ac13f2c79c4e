import { toHex } from '../../core/bytes.js';
import type { LinkAddress } from '../../ports/radio.js';
import { BleLink } from './ble-link.js';
import { Role } from './hci-codes.js';
import type { HciLink } from './hci-mux.js';
import { BleLimit } from './limits.js';
import type { Name } from './link-packets.js';
import type { Parts } from './parts.js';
import { Strangers } from './strangers.js';
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
  /** Whether there is a place that no member needs. */
  hasRoomForStranger(peer: Peer): boolean;
  /** Asks the controller to end a link; `remove` follows. */
  disconnect(link: HciLink): void;
}

/** The links there are, over all controllers, from the connection to its end: greeting, one link for each neighbour, rules of the house. */
export class Peers {
  readonly strangers = new Strangers();
  readonly #options: PeersOptions;
  /** By the id of the link. */
  readonly #peers = new Map<number, Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#peers.size;
  }

  all(): Peer[] {
    return [...this.#peers.values()];
  }

  get(id: number): Peer | undefined {
    return this.#peers.get(id);
  }

  find(address: LinkAddress): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.isUp && peer.address === address) return peer;
    return undefined;
  }

  /** By its token, or by its address for one that has not greeted yet. */
  isLinked(key: string, address: string): boolean {
    for (const peer of this.#peers.values()) {
      // A stranger that came to us may call itself by anybody's name.
      if (peer.isStranger && peer.hci.role === Role.Peripheral) continue;
      if ((peer.key === key || peer.formerKey === key) && peer.ending === undefined) return true;
      if (peer.key === undefined && peer.hci.address === address) return true;
    }
    return false;
  }

  add(hci: HciLink): Peer {
    const taken = this.all().some(({ address }) => address === hci.address);
    const peer: Peer = {
      hci,
      address: taken ? `${hci.address}#${hci.id}` : hci.address,
      since: this.#options.now(),
      link: undefined,
      key: undefined,
      formerKey: undefined,
      isUp: false,
      isStranger: false,
      ending: undefined,
      told: '',
    };
    this.#peers.set(hci.id, peer);
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
        renamed: (name) => this.#renamed(peer, name),
        viewed: (view) => {
          // Whoever is not of our mesh connects nobody.
          if (peer.isStranger) return;
          this.#options.parts.heard(peer.hci.id, view, now());
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
    if (peer.ending !== undefined || !this.#peers.has(peer.hci.id)) return;
    peer.ending = reason;
    this.#options.disconnect(peer.hci);
  }

  remove(id: number, reason: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    this.#options.parts.remove(id, this.#options.now());
    const wasUp = peer.isUp;
    peer.isUp = false;
    if (wasUp && peer.isStranger && peer.ending === undefined) this.#wentInVain(peer);
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
      if (peer.ending !== undefined) continue;
      if (!peer.isUp && now - since > BleLimit.GreetingMs + BleLimit.DialMs * (1 - peer.hci.role)) {
        this.strangers.wasSilent(peer.hci.address, now);
        this.end(peer, 'it never greeted');
      }
      if (link === undefined) continue;
      if (link.stalledSince !== undefined && now - link.stalledSince > BleLimit.StallMs)
        this.end(peer, 'it takes nothing any more');
      else if (now - link.heardAt > BleLimit.SilentLinkMs) this.end(peer, 'it says nothing any more');
      else if (peer.isStranger && now - since > BleLimit.StrangerMs) this.sendAway(peer, 'it is of another mesh');
      else if (peer.isUp && now - link.saidAt > BleLimit.KeepAliveMs)
        link.tell(this.#options.parts.viewFor(peer.hci.id));
    }
  }

  /** A stranger's visit is over. */
  sendAway(stranger: Peer, reason: string): void {
    this.#wentInVain(stranger);
    this.end(stranger, reason);
  }

  /** Of another mesh, or of none: here for a while. */
  stranger(): Peer | undefined {
    return this.all().find(({ isStranger, isUp, ending }) => isStranger && isUp && ending === undefined);
  }

  #greeted(peer: Peer, name: Name): void {
    peer.isStranger = !this.#options.isOurs(name);
    if (!peer.isStranger) this.strangers.absolve([peer.hci.address, toHex(name.token)]);
    else {
      const refusal = this.#refusal(peer, name);
      if (refusal !== undefined) return this.end(peer, refusal);
    }
    if (!this.#named(peer, name)) return;
    peer.isUp = true;
    this.#options.events.up(peer);
    this.#spread();
  }

  #wentInVain({ hci, key }: Peer): void {
    // Who came to us may have shown anybody's token: whose it is we must be able to dial.
    const isItsOwn = key !== undefined && hci.role === Role.Central;
    this.strangers.wentInVain([hci.address, ...(isItsOwn ? [key] : [])], this.#options.now());
  }

  /** Why a stranger cannot stay. */
  #refusal(peer: Peer, { token }: Name): string | undefined {
    const now = this.#options.now();
    const names = [peer.hci.address, toHex(token)];
    if (this.stranger() !== undefined || !this.strangers.isWelcome(now)) return 'one stranger at a time';
    if (names.some((name) => this.strangers.isBarred(name, now))) return 'it is of another mesh, and comes too often';
    return this.#options.hasRoomForStranger(peer) ? undefined : 'there is no room for strangers';
  }

  #renamed(peer: Peer, name: Name): void {
    if (peer.isStranger) return;
    if (this.#options.isOurs(name)) this.#named(peer, name);
    else {
      const reason = 'took a name it cannot prove';
      this.#options.events.misbehaved(peer, reason);
      this.end(peer, reason);
    }
  }

  /** Keeps one link for each neighbour; false when it is not this one. */
  #named(peer: Peer, name: Name): boolean {
    const key = toHex(name.token);
    if (peer.key !== key) peer.formerKey = peer.key;
    peer.key = key;
    if (peer.isStranger) return true;
    const twin = this.all().find(
      (other) => other !== peer && other.isUp && other.key === key && other.ending === undefined && !other.isStranger,
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
      const view = this.#options.parts.viewFor(peer.hci.id);
      const text = `${toHex(view.root)} ${view.distance} ${view.isParent} ${view.hasOtherWay}`;
      if (text === peer.told) continue;
      peer.told = text;
      peer.link?.tell(view);
    }
    this.#options.events.changed();
  }
}
