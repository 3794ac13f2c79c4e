import { messageOf } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { BleNode } from './ble-node.js';
import { Dialler } from './dialler.js';
import type { LinkChoice } from './link-choice.js';
import type { Places } from './places.js';
import type { BleSettings } from './settings.js';
import type { DialTarget, Stacks } from './stacks.js';

export interface CallingOptions {
  readonly node: BleNode;
  readonly places: Places;
  readonly choice: LinkChoice;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: BleSettings;
  /** Whether the controller may dial now. */
  isAllowed(): boolean;
  /** Brings adverts and scan to what is wished now. */
  apply(): Promise<void>;
  /** The controller does not let go of an attempt. */
  stuck(): void;
}

/** A controller's calls: one at a time, to whom the choice falls. */
export class Calling {
  readonly dialler: Dialler;
  readonly #options: CallingOptions;

  constructor(options: CallingOptions) {
    this.#options = options;
    const { clock, node } = options;
    this.dialler = new Dialler({ clock, peers: node.peers, ownName: () => node.name.onLinks });
  }

  /** Calls the next one if there is one. */
  work(stacks: Stacks): void {
    const { settings, clock, node, places, choice } = this.#options;
    if (this.dialler.isBusy || !this.#options.isAllowed()) return;
    const now = clock.now();
    const givenUp = choice.toGiveUp(now);
    if (givenUp !== undefined) return node.peers.end(givenUp, 'makes room for a part of the mesh that is cut off');
    const neighbour = choice.toDial(now);
    if (neighbour === undefined) return;
    const { oneLinkIntervalMs, someLinksMinMs, someLinksMaxMs } = settings;
    const [minIntervalMs, maxIntervalMs] =
      places.count() === 0 ? [oneLinkIntervalMs, oneLinkIntervalMs] : [someLinksMinMs, someLinksMaxMs];
    const { address, addressType } = neighbour;
    void this.#dial(stacks, neighbour.key, { address, addressType, minIntervalMs, maxIntervalMs });
  }

  async #dial(stacks: Stacks, key: string, target: DialTarget): Promise<void> {
    const { clock, log, node, apply, stuck } = this.#options;
    try {
      await this.dialler.dial(stacks, target, apply);
    } catch (error) {
      node.neighbours.failed(key, clock.now());
      log.debug('BLE dial failed', { address: target.address, reason: messageOf(error) });
      if (this.dialler.isStuck) return stuck();
    }
    await apply();
    this.work(stacks);
  }
}
