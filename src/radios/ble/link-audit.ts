import { Opcode, Status } from './hci-codes.js';
import type { HciMux } from './hci-mux.js';
import { le16 } from './hci-packets.js';

const AUDIT_MS = 2_000;

/** Asks the controller after one link in turn: after a reset of its own it knows none, and says nothing of it. */
export class LinkAudit {
  readonly #mux: HciMux;
  readonly #lost: () => void;
  #turn = 0;
  #nextAt = 0;

  /** `lost`: the controller does not know a link that it never said had ended. */
  constructor(mux: HciMux, lost: () => void) {
    this.#mux = mux;
    this.#lost = lost;
  }

  tick(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = now + AUDIT_MS;
    const { links } = this.#mux;
    const link = links[this.#turn++ % Math.max(1, links.length)];
    if (link !== undefined) void this.#ask(link.handle);
  }

  async #ask(handle: number): Promise<void> {
    const { status } = await this.#mux.command(Opcode.ReadRssi, le16(handle));
    const isStillListed = this.#mux.links.some((link) => link.handle === handle);
    if (status === Status.UnknownConnection && isStillListed) this.#lost();
  }
}
