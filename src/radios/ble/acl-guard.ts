import { Event } from './hci-codes.js';
import { PacketType, u16 } from './hci-packets.js';

/** Longer than any packet of the attribute or security protocol at the sizes we agree to. */
export const L2CAP_BYTES_MAX = 1_024;
const HEADER_BYTES = 9;
const ACL_HEADER_BYTES = 5;
const CONTINUATION = 1;

/**
 * Watches the fragments of each link's packets. The stacks put them together until the length is met exactly: one that
 * is exceeded would be added to for as long as the link lives, and copied with every fragment.
 */
export class AclGuard {
  /** Bytes still to come of the packet that a link is in, by its handle; one entry for each link at most. */
  readonly #missing = new Map<number, number>();

  /** Why the stack must not see this packet. To be asked for every packet, in order. */
  refusal(packet: Uint8Array): string | undefined {
    if (packet[0] === PacketType.Event && packet[1] === Event.DisconnectionComplete && packet.length >= 6)
      this.#missing.delete(u16(packet, 4) & 0xfff);
    if (packet[0] !== PacketType.Acl || packet.length < ACL_HEADER_BYTES) return undefined;
    const handle = u16(packet, 1) & 0xfff;
    return ((packet[2] as number) >> 4) & CONTINUATION ? this.#continued(handle, packet) : this.#begun(handle, packet);
  }

  #begun(handle: number, packet: Uint8Array): string | undefined {
    // Too short for its own header: the stack throws at that.
    if (packet.length < HEADER_BYTES) return undefined;
    const length = u16(packet, ACL_HEADER_BYTES);
    if (length > L2CAP_BYTES_MAX) return `a packet of ${length} bytes`;
    return this.#left(handle, length - (packet.length - HEADER_BYTES));
  }

  #continued(handle: number, packet: Uint8Array): string | undefined {
    const missing = this.#missing.get(handle);
    // Without a beginning: the stacks leave it out.
    return missing === undefined ? undefined : this.#left(handle, missing - (packet.length - ACL_HEADER_BYTES));
  }

  #left(handle: number, missing: number): string | undefined {
    if (missing > 0) this.#missing.set(handle, missing);
    else this.#missing.delete(handle);
    return missing < 0 ? 'a packet longer than it says' : undefined;
  }
}
