import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import { Role } from './hci-codes.js';
import { type HciLink, linkId } from './hci-mux.js';
import { LinkLimit } from './link-limit.js';
import type { Peer, Peers } from './peers.js';
import type { RolePhase } from './role-phase.js';
import type { BleSettings } from './settings.js';

export interface PlacesOptions {
  /** The controller's among those of the radio. */
  readonly index: number;
  readonly peers: Peers;
  readonly phase: RolePhase;
  readonly settings: BleSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** The links one controller has, and how many more it can have: by the settings, by what it states, and by what it refused. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #limit: LinkLimit;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#limit = new LinkLimit(options.settings.maxLinks);
  }

  maxLinks(now: number): number {
    return this.#limit.max(now);
  }

  owns(link: HciLink): boolean {
    return link.id === linkId(this.#options.index, link.handle);
  }

  own(role?: Role): Peer[] {
    return this.#options.peers.all().filter(({ hci }) => this.owns(hci) && (role ?? hci.role) === hci.role);
  }

  count(role?: Role): number {
    return this.own(role).length;
  }

  counts(): { readonly central: number; readonly peripheral: number } {
    return { central: this.count(Role.Central), peripheral: this.count(Role.Peripheral) };
  }

  /** Links of one kind that there may be. */
  most(role: Role): number {
    const { settings, phase } = this.#options;
    const { dialsSeveral, takesSeveral } = phase.abilities;
    if (role === Role.Central) return dialsSeveral ? settings.maxOut : Math.min(1, settings.maxOut);
    return takesSeveral ? settings.maxIn : Math.min(1, settings.maxIn);
  }

  /** For one more neighbour that dials. */
  get hasRoom(): boolean {
    return (
      this.count(Role.Peripheral) < this.most(Role.Peripheral) &&
      this.count() < this.maxLinks(this.#options.clock.now())
    );
  }

  /** Whether a stranger that is here leaves a place for members. */
  hasRoomForStranger({ hci }: Peer): boolean {
    return this.count(hci.role) < this.most(hci.role) && this.count() < this.maxLinks(this.#options.clock.now());
  }

  /** A member came: if its was the last place, a stranger makes room for the next. */
  memberCame(): void {
    const { peers } = this.#options;
    const stranger = this.hasRoom ? undefined : peers.stranger();
    if (stranger !== undefined && this.owns(stranger.hci)) peers.sendAway(stranger, 'members need its place');
  }

  /** There is one more. */
  linked(): void {
    this.#limit.has(this.count());
  }

  /** The controller refused one more. */
  refused(): void {
    const { clock, log } = this.#options;
    const links = this.count();
    if (this.#limit.refused(links, clock.now())) log.info('BLE controller refuses one link more', { links });
  }
}
