import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { LinkAddress, SendResult } from '../../ports/radio.js';
import type { HciLink } from './hci-mux.js';
import type { AdvertReport } from './hci-packets.js';
import { ROOT_BYTES } from './link-packets.js';
import { Neighbours } from './neighbours.js';
import { Overhearing } from './overhearing.js';
import { OwnName } from './own-name.js';
import { Parts } from './parts.js';
import { type Peer, Peers } from './peers.js';
import type { BleSettings } from './settings.js';
import { decodeShout, encodeShout, SHOUT_BYTES } from './shout.js';
import type { Shouter } from './shouter.js';
import { below, type DrawBytes, type Tokens } from './tokens.js';

/** A controller at work for the node. */
export interface NodeMember {
  readonly isDialling: boolean;
  owns(link: HciLink): boolean;
  disconnect(link: HciLink): void;
  /** Whether a stranger can stay without taking the last place from members. */
  hasRoomForStranger(peer: Peer): boolean;
  greeted(peer: Peer): void;
  /** Says frames in adverts. */
  readonly shouter: Shouter;
  readonly isSpeaker: boolean;
  readonly isListening: boolean;
  /** What is wished of the controller may have changed. */
  refresh(): void;
}

export interface NodeEvents {
  linkUp(address: LinkAddress, frameBytes: number): void;
  linkDown(address: LinkAddress, reason: string): void;
  heard(address: LinkAddress, frame: Uint8Array): void;
  /** Without a link, put together from adverts. */
  overheard(address: LinkAddress, frame: Uint8Array): void;
  /** Somebody broke a rule of the link. */
  misbehaved(): void;
}

export interface BleNodeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Tokens;
  readonly settings: BleSettings;
  readonly random: DrawBytes;
  readonly events: NodeEvents;
}

/** What all controllers of one radio have in common: what this node is called, whom it hears, to whom it has links. */
export class BleNode {
  readonly neighbours: Neighbours;
  readonly parts: Parts;
  readonly name: OwnName;
  readonly peers: Peers;
  readonly #options: BleNodeOptions;
  readonly #members = new Set<NodeMember>();
  readonly #overhearing = new Overhearing();
  readonly #past = { said: 0, dropped: 0 };
  /** Number of the last frame said in adverts. */
  #shouts: number;

  constructor(options: BleNodeOptions) {
    const { clock, log, tokens, random, events } = options;
    this.#options = options;
    this.#shouts = random(1)[0] as number;
    this.neighbours = new Neighbours(below(random));
    this.parts = new Parts(random(ROOT_BYTES), clock.now());
    this.name = new OwnName(tokens, { renamed: () => this.peers.rename(), shown: () => this.#refresh() });
    this.peers = new Peers({
      parts: this.parts,
      now: () => clock.now(),
      ownName: () => this.name.onLinks,
      isOurs: (name) => tokens.isOurs(name),
      hasRoomForStranger: (peer) => this.#ownerOf(peer.hci)?.hasRoomForStranger(peer) ?? false,
      disconnect: (link) => this.#ownerOf(link)?.disconnect(link),
      events: {
        up: (peer) => this.#peerUp(peer),
        down: (peer, reason) => events.linkDown(peer.address, reason),
        heard: (peer, frame) => events.heard(peer.address, frame),
        changed: () => this.#refresh(),
        misbehaved: (peer, reason) => {
          events.misbehaved();
          log.debug('BLE neighbour broke a rule', { address: peer.address, reason });
        },
      },
    });
  }

  join(member: NodeMember): void {
    this.#members.add(member);
  }

  leave(member: NodeMember): void {
    if (!this.#members.delete(member)) return;
    this.#past.said += member.shouter.counters.said;
    this.#past.dropped += member.shouter.counters.dropped;
  }

  send(frame: Uint8Array, address: LinkAddress): SendResult {
    return this.peers.find(address)?.link?.send(frame) ?? 'down';
  }

  /** Says a frame in adverts, unless all who are in earshot have links. Never `full`: links would be made to wait for it. */
  shout(frame: Uint8Array): SendResult {
    const { clock, tokens, settings } = this.#options;
    const speaker = [...this.#members].find(({ isSpeaker }) => isSpeaker);
    if (!settings.shouts || speaker === undefined || frame.length > SHOUT_BYTES) return 'down';
    const isListening = [...this.#members].some((member) => member.isListening);
    if (isListening && !this.neighbours.isAnyUnlinked(clock.now(), (key, address) => this.peers.isLinked(key, address)))
      return 'queued';
    this.#shouts = (this.#shouts + 1) & 0xff;
    const adverts = encodeShout(frame, this.#shouts, tokens.hint(clock.wall()));
    return speaker.shouter.say(adverts) ? 'queued' : 'down';
  }

  /** An advert that is no neighbour's: it may be part of something urgent. */
  overheard({ address, data }: AdvertReport): void {
    const { clock, tokens, settings, events } = this.#options;
    const part = settings.shouts ? decodeShout(data) : undefined;
    if (part === undefined || !tokens.mayBeOurs(part.hint, clock.wall())) return;
    const frame = this.#overhearing.heard(address, part, clock.now());
    if (frame !== undefined) events.overheard(`shout:${address}`, frame);
  }

  /** Of all controllers there were. */
  shouts(): { readonly said: number; readonly heard: number; readonly dropped: number } {
    let { said, dropped } = this.#past;
    for (const { shouter } of this.#members) {
      said += shouter.counters.said;
      dropped += shouter.counters.dropped;
    }
    return { said, heard: this.#overhearing.counters.heard, dropped: dropped + this.#overhearing.counters.refused };
  }

  drop(address: LinkAddress): void {
    const peer = this.peers.find(address);
    if (peer !== undefined) this.peers.end(peer, 'dropped here');
  }

  /** As often as any controller likes. A name is not changed while somebody is called by it. */
  tick(): void {
    const { clock } = this.#options;
    const isDialling = [...this.#members].some((member) => member.isDialling);
    if (!isDialling) this.name.tick(clock.now(), clock.wall(), this.peers.size > 0);
    this.peers.check();
  }

  #peerUp(peer: Peer): void {
    if (peer.key !== undefined) this.neighbours.reached(peer.key);
    this.#options.events.linkUp(peer.address, peer.link?.frameBytes ?? 0);
    this.#ownerOf(peer.hci)?.greeted(peer);
  }

  #ownerOf(link: HciLink): NodeMember | undefined {
    for (const member of this.#members) if (member.owns(link)) return member;
    return undefined;
  }

  #refresh(): void {
    for (const member of this.#members) member.refresh();
  }
}
